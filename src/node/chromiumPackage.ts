import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { AdapterError, FormatError } from '../errors.ts';
import { cachedFolder } from './cache.ts';

/*
 * The npm package @sparticuz/chromium carries, for Linux on x86-64, a headless Chromium, the shared libraries a bare
 * server lacks, and SwiftShader (a Vulkan driver on the CPU) with a Vulkan loader: everything WebGPU needs on a
 * machine that has nothing. Its files are brotli-compressed; they are unpacked once into the cache.
 */

const PACKAGE = '@sparticuz/chromium';

/** The package's folder of archives and its version. */
function locate(): { bin: string; version: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new AdapterError(
      `The npm package ${PACKAGE} holds SwiftShader for Linux on x86-64 only; this is ${process.platform} on ` +
        `${process.arch}. On Linux, install Mesa's lavapipe (package mesa-vulkan-drivers) instead.`,
    );
  }
  try {
    const main = createRequire(import.meta.url).resolve(PACKAGE); // …/build/cjs/index.cjs
    const folder = join(dirname(main), '..', '..');
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { bin: join(folder, 'bin'), version };
  } catch (cause) {
    throw new AdapterError(
      `The npm package ${PACKAGE} is not installed: npm install --save-dev ${PACKAGE}.`,
      { cause },
    );
  }
}

/**
 * Unpacks SwiftShader. The folder holds `vk_swiftshader_icd.json`, `libvk_swiftshader.so` and `libvulkan.so.1`.
 *
 * @throws {AdapterError} on another platform, or without the npm package
 */
export function swiftShaderFolder(): string {
  const { bin, version } = locate();
  return cachedFolder(`swiftshader-${version}`, (folder) =>
    unpackTar(join(bin, 'swiftshader.tar.br'), folder),
  );
}

/** Unpacks Chromium: `chromium` with SwiftShader beside it, its libraries in `lib/`, fonts and `fonts.conf`. */
export function chromiumFolder(): string {
  const { bin, version } = locate();
  return cachedFolder(`chromium-${version}`, (folder) => {
    for (const archive of ['swiftshader', 'al2023', 'fonts'])
      unpackTar(join(bin, `${archive}.tar.br`), folder);
    writeFileSync(join(folder, 'fonts.conf'), FONTS_CONF);
    const executable = join(folder, 'chromium');
    writeFileSync(executable, brotliDecompressSync(readFileSync(join(bin, 'chromium.br'))));
    chmodSync(executable, 0o755);
  });
}

/** The package's own file looks for the fonts in fixed places; this one, beside itself and in the system. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** One regular file of a tar archive. */
export interface TarEntry {
  path: string;
  data: Uint8Array;
}

/**
 * The regular files of a POSIX tar archive: blocks of 512 bytes, a header (name at 0, octal size at 124, type at 156)
 * before each file's data. Enough for archives with names up to 100 characters.
 *
 * @throws {FormatError} on a cut-off archive or a path that leaves the folder
 */
export function readTar(archive: Uint8Array): TarEntry[] {
  const text = (start: number, length: number) =>
    new TextDecoder().decode(archive.subarray(start, start + length)).split('\0', 1)[0];
  const entries: TarEntry[] = [];
  let offset = 0;
  while (offset + 512 <= archive.length && archive[offset] !== 0) {
    const path = text(offset, 100);
    const size = Number.parseInt(text(offset + 124, 12), 8);
    const type = text(offset + 156, 1);
    const start = offset + 512;
    if (!(start + size <= archive.length)) throw new FormatError(`The tar archive ends inside ${path}.`);
    if (path.startsWith('/') || path.split('/').includes('..')) {
      throw new FormatError(`The tar archive holds ${path}, outside its folder.`);
    }
    if (type === '0' || type === '') entries.push({ path, data: archive.subarray(start, start + size) });
    offset = start + Math.ceil(size / 512) * 512;
  }
  return entries;
}

function unpackTar(archive: string, folder: string): void {
  for (const { path, data } of readTar(brotliDecompressSync(readFileSync(archive)))) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, data);
  }
}

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What RADV's compiler counts, by its own names: `VGPRs`, `Spilled VGPRs`, `LDS size`, … */
export type Statistics = Readonly<Record<string, number>>;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
/** Exit code of compile.mjs. */
const NO_ADAPTER = 3;
const DRIVERS = '/usr/share/vulkan/icd.d';

/** The file of a Vulkan driver of Mesa. */
function driver(name: string): string | undefined {
  try {
    const file = readdirSync(DRIVERS).find((own) => own.startsWith(`${name}_icd`));
    return file && join(DRIVERS, file);
  } catch {
    return undefined;
  }
}

const runs = (command: string, args: string[]) => spawnSync(command, args, { input: '' }).status === 0;

/** This machine lacks something that compiling for a GPU takes. */
export class MissingError extends Error {}

function requireTools(): void {
  const needs: [what: string, found: boolean][] = [
    ["Mesa's driver RADV (mesa-vulkan-drivers)", driver('radeon') !== undefined],
    ['a C compiler (gcc)', runs('cc', ['--version'])],
    ["Vulkan's headers (libvulkan-dev)", runs('cc', ['-E', '-include', 'vulkan/vulkan.h', '-x', 'c', '-'])],
  ];
  const lacking = needs.filter(([, found]) => !found).map(([what]) => what);
  if (lacking.length > 0) throw new MissingError(lacking.join(', '));
}

/**
 * Compiles shaders for GPUs, and gives the statistics of each: `[gpu][shader]`; undefined where a GPU lacks a feature that
 * the shader enables.
 *
 * @throws MissingError where this machine lacks a tool, or RADV does not know the GPU
 * @throws Error where a shader does not compile
 */
export function compileFor(
  gpus: readonly string[],
  shaders: readonly string[],
): (Statistics | undefined)[][] {
  requireTools();
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-compiler-'));
  try {
    const library = join(folder, 'libradv.so');
    execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, path('radv.c'), '-ldl'], {
      stdio: 'inherit',
    });
    const real = JSON.parse(readFileSync(driver('radeon')!, 'utf8')) as { ICD: { library_path: string } };
    const file = join(folder, 'radv.json');
    const version = { library_path: library, api_version: '1.3.0' };
    writeFileSync(file, JSON.stringify({ ...real, ICD: { ...real.ICD, ...version } }));
    return gpus.map((gpu) => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [path('compile.mjs')], {
        // No cache: it would hand out code without statistics.
        env: {
          ...process.env,
          WGRAD_RADV: real.ICD.library_path,
          RADV_FORCE_FAMILY: gpu,
          RADV_DEBUG: 'nocache',
          VK_DRIVER_FILES: file,
          XDG_RUNTIME_DIR: tmpdir(),
        },
        input: JSON.stringify(shaders),
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      if (status === NO_ADAPTER)
        throw new MissingError(`a RADV that knows ${gpu} and that Dawn takes (Mesa 23 or newer)`);
      if (status !== 0) throw new Error(`a shader does not compile for --gpu ${gpu}:\n${stderr}`);
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      if (lines.length !== shaders.length)
        throw new Error(`RADV counted ${lines.length} of ${shaders.length} shaders:\n${stderr}`);
      return lines.map((line) => (line === '{}' ? undefined : (JSON.parse(line) as Statistics)));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

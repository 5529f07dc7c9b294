import type { KernelMessage } from '../errors.ts';
import type { KernelFile } from './kernel.ts';
import { library } from './library.ts';
import { parseFile } from './parse.ts';
import { join } from './tokens.ts';

/**
 * The errors that the device's compiler finds in a kernel file as it stands, with its default constants and all its
 * branches: kernel files are valid WGSL, so lines and columns are those of the file. Empty where nothing is wrong.
 *
 * @param shared files from which it takes functions that it does not declare
 */
export async function checkKernel(
  device: GPUDevice,
  file: KernelFile,
  shared: readonly KernelFile[] = library,
): Promise<KernelMessage[]> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: file.name, code: withLibrary(file, shared) });
  const [{ messages }] = await Promise.all([module.getCompilationInfo(), device.popErrorScope()]);
  const lines = file.source.split('\n');
  return messages
    .filter(({ type, lineNum }) => type === 'error' && lineNum <= lines.length)
    .map(({ lineNum: line, linePos: column, length, message: text }) => {
      const word = lines[line - 1]?.slice(column - 1, column - 1 + length) ?? '';
      return { file: file.name, line, column, length, word, text };
    });
}

/** A file, and behind it what it uses of the library. The file need not be valid. */
function withLibrary({ source }: KernelFile, shared: readonly KernelFile[]): string {
  const declared = /\b(?:fn|const|let|alias|struct|override|var(?:\s*<[^>]*>)?)\s+(\w+)/g;
  const own = new Set([...source.matchAll(declared)].map(([, name]) => name));
  const declarations = new Map(shared.flatMap((file) => [...parseFile(file).named]));
  let code = source;
  // A Set also visits what is added to it on the way.
  const words = new Set(source.match(/[A-Za-z_]\w*/g));
  for (const name of words) {
    const declaration = own.has(name) ? undefined : declarations.get(name);
    if (!declaration) continue;
    const { tokens } = declaration;
    code += `\n${join(tokens, 0, tokens.length)}`;
    for (const { word, text } of tokens) if (word) words.add(text);
  }
  return code;
}

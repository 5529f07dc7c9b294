import { KernelError } from '../errors.ts';
import type { KernelFile, Specialization, SpecializedKernel } from './kernel.ts';
import { errorAt, parseFile } from './parse.ts';
import type { Declaration } from './parse.ts';
import { requireMain, specialize } from './specialize.ts';

/** A kernel, and what it was made of. */
export interface KernelOrigin {
  readonly kernel: SpecializedKernel;
  readonly source: { readonly file: KernelFile; readonly specialization: Specialization };
}

/**
 * The kernel that an edited file makes in the place of another one: specialised in the same way, and bound to the same
 * buffers, also where it no longer uses all of them.
 *
 * @throws KernelError where the file does not parse, binds other buffers, or changes what the engine has computed the
 *   number of workgroups from: the workgroup's size, and the declarations that the specialisation sets
 */
export function editKernel(
  { kernel, source: { file, specialization } }: KernelOrigin,
  source: string,
): { readonly file: KernelFile; readonly kernel: SpecializedKernel } {
  const edited = { name: file.name, source };
  requireMain(edited);
  requireSameSettings(file, edited, specialization);
  const made = specialize(edited, specialization);
  requireSameSize(edited, kernel, made);
  requireSameBindings(edited, kernel, made);
  return { file: edited, kernel: { ...made, bindings: kernel.bindings } };
}

/** Values that the engine sets, or marks as its own choice (`// @tune`), cannot be edited: it would change nothing, or too much. */
function requireSameSettings(
  original: KernelFile,
  edited: KernelFile,
  { constants = {}, aliases = {}, functions = {} }: Specialization,
): void {
  const tunables = [...original.source.matchAll(/^const (\w+)\b.*\/\/ @tune/gm)].map(([, name]) => name);
  const names = [constants, aliases, functions].flatMap((settings) => Object.keys(settings));
  const [before, after] = [original, edited].map((own) => parseFile(own).named);
  for (const name of new Set([...names, ...tunables])) {
    const [old, now] = [before.get(name)!, after.get(name)];
    if (now && textOf(now) === textOf(old)) continue;
    const given = constants[name] ?? aliases[name];
    const why =
      name in functions
        ? 'its body is generated for each dispatch, so an edit would have no effect'
        : `the engine ${given === undefined ? 'has chosen it' : `sets it to ${String(given)} here`}, and computes buffers and workgroups from it`;
    const problem = `"${name}" cannot be edited: ${why}; leave it as "${textOf(old)}".`;
    throw now
      ? errorAt(edited.name, now.tokens[now.keyword], problem)
      : new KernelError(`${edited.name}.wgsl: ${problem}`);
  }
}

const textOf = ({ tokens }: Declaration): string =>
  tokens.map(({ space, text }, i) => (i > 0 && space ? ' ' : '') + text).join('');

/** The engine has computed the number of workgroups from their size. */
function requireSameSize(file: KernelFile, old: SpecializedKernel, now: SpecializedKernel): void {
  const [before, after] = [old, now].map(({ workgroupSize }) => workgroupSize.join(' × '));
  if (before === after) return;
  const { tokens } = parseFile(file).named.get('main')!;
  const at = tokens.find(({ text }) => text === 'workgroup_size')!;
  const problem = `the workgroup has ${after} invocations, but the engine has computed the number of workgroups for ${before}; keep that size.`;
  throw errorAt(file.name, at, problem);
}

/** The engine has chosen a buffer for each binding. */
function requireSameBindings(file: KernelFile, old: SpecializedKernel, now: SpecializedKernel): void {
  const shown = ({ name, binding, access }: SpecializedKernel['bindings'][number]) =>
    `${name} (@binding(${binding}), ${access})`;
  const known = old.bindings.map(shown);
  for (const own of now.bindings) {
    if (known.includes(shown(own))) continue;
    const problem = `the engine has no buffer for ${shown(own)}; it binds ${known.join(', ')}. An edit may use fewer of these, and no others.`;
    const { tokens, keyword } = parseFile(file).named.get(own.name)!;
    throw errorAt(file.name, tokens[keyword], problem);
  }
}

import { NagaError, parseWgsl, validate } from 'naga-wasm';
import {
  detectRaces,
  TypedData,
  VectorData,
  WgslExec,
  WgslReflect,
} from 'wgsl_reflect/wgsl_reflect.module.js';

/**
 * What naga (wgpu's compiler, Firefox's) finds wrong with a shader, each with an annotated excerpt; [] when valid.
 * Tint (Chromium's, Dawn's) has its say whenever a test creates the module on a device.
 */
export async function validateWgsl(code: string): Promise<string[]> {
  try {
    // naga has the subgroup functions, but not yet the directive for them.
    const module = parseWgsl(code.replace(/^enable subgroups;/m, ''));
    try {
      validate(module).free();
    } finally {
      module.free();
    }
    return [];
  } catch (error) {
    if (error instanceof NagaError) return [error.formatted];
    throw error;
  }
}

/** Entry points, bindings, types and sizes of a shader. Does not accept a trailing comma inside `<…>`. */
export function reflect(code: string): WgslReflect {
  return new WgslReflect(readable(code));
}

/** wgsl_reflect 1.6 takes the good name `block` for a keyword, and steps over a barrier that opens a block. */
const readable = (code: string) =>
  code
    .replaceAll(/\bblock\b/g, 'block_')
    .replaceAll(/\{(\s*)(?=(?:workgroup|storage)Barrier\(\))/g, '{$1let before_barrier = 0u; ');

/** wgsl_reflect 1.6 divides vectors of whole numbers as if they were floats. */
const evaluator = WgslExec.prototype;
const makeVector = evaluator._makeCwiseData;
evaluator._makeCwiseData = function (values, type) {
  const format = (type as { format?: { name: string } }).format?.name;
  if (format === 'u32') return new VectorData(Uint32Array.from(values), type);
  if (format === 'i32') return new VectorData(Int32Array.from(values), type);
  return makeVector.call(this, values, type);
};

/** wgsl_reflect 1.6 reads beyond a buffer, where WGSL gives any value of it: the first one here. */
const reader = TypedData.prototype;
const readPart = reader.getSubData;
reader.getSubData = function (exec, postfix, context) {
  try {
    return readPart.call(this, exec, postfix, context);
  } catch (error) {
    if (!(error instanceof RangeError) || !postfix) throw error;
    const first = Object.assign(Object.create(Object.getPrototypeOf(postfix) as object) as object, postfix, {
      index: 0,
    });
    return readPart.call(this, exec, first, context);
  }
};

/** The contents of the storage buffers, by the name of the shader's variable. */
export type Buffers = Record<string, Float32Array | Uint32Array | Int32Array>;

/**
 * Runs the compute shader's `entryPoint` on the CPU, all invocations of a workgroup in lockstep, and reports what is
 * unordered: accesses to the same workgroup or storage memory without a barrier between them. [] means none for these
 * inputs. The buffers are changed as on a GPU. Barriers that not every invocation reaches are found only where some
 * exit before; Tint refuses the others when the module is created.
 *
 * ```ts
 * const output = new Float32Array(1);
 * expect(findRaces(source, { input: new Float32Array(256), output }, [1])).toEqual([]);
 * ```
 *
 * It interprets: keep shapes as small as the kernel allows (some workgroups, some thousand steps each). It does not
 * see races between workgroups, takes workgroupUniformLoad for no barrier, `v.xy` for the whole vector, and what a
 * function returns for the same in all invocations: an address computed by a function is not seen as it is.
 *
 * @param buffers one per storage variable of the shader, all of them
 * @param workgroups the dispatch: [x], [x, y] or [x, y, z]
 */
export function findRaces(
  code: string,
  buffers: Buffers,
  workgroups: number[] = [1],
  entryPoint = 'main',
): string[] {
  const groups: Record<string, Record<string, Buffers[string]>> = {};
  const unbound = new Set(Object.keys(buffers));
  for (const { name, group, binding } of reflect(code).storage) {
    if (!buffers[name]) throw new Error(`findRaces: no buffer given for the storage variable '${name}'.`);
    (groups[group] ??= {})[binding] = buffers[name];
    unbound.delete(name);
  }
  if (unbound.size > 0) throw new Error(`findRaces: the shader has no storage variable '${[...unbound]}'.`);
  const { races, errors } = detectRaces(readable(code), entryPoint, workgroups, groups);
  return [...races.map(({ message }) => message), ...errors];
}

import { leaves, stride, vector } from './types.ts';
import type { Type } from './types.ts';

/** A WGSL value to display: vectors and arrays are lists, a matrix a list of columns, structs are objects. */
export type Shown = number | boolean | readonly Shown[] | { readonly [field: string]: Shown };

interface Words {
  readonly F: Float32Array;
  readonly I: Int32Array;
  readonly U: Uint32Array;
}

/** The value of a type: of its scalars in order, or as it lies in memory from a word on. */
export function decode(type: Type, from: readonly (number | boolean)[] | Words, word = 0): Shown {
  if ('F' in from) return fromMemory(type, from, word);
  let next = 0;
  return build(type, () => from[next++]);
}

function fromMemory(type: Type, memory: Words, word: number): Shown {
  if (type.kind === 'array' && type.count === undefined) {
    const count = Math.floor((memory.U.length - word) / stride(type));
    return fromMemory({ ...type, count }, memory, word);
  }
  if (type.kind === 'struct')
    return Object.fromEntries(
      type.fields.map((field) => [field.name, fromMemory(field.type, memory, word + field.offset)]),
    );
  const all = leaves(type);
  let next = 0;
  return build(type, () => {
    const { offset, of } = all[next++];
    const at = word + offset;
    return of.name === 'f32' || of.name === 'f16'
      ? memory.F[at]
      : of.name === 'i32'
        ? memory.I[at]
        : of.name === 'bool'
          ? memory.U[at] !== 0
          : memory.U[at];
  });
}

function build(type: Type, next: () => number | boolean): Shown {
  const list = (count: number, of: Type) => Array.from({ length: count }, () => build(of, next));
  switch (type.kind) {
    case 'vector':
      return list(type.count, type.of);
    case 'matrix':
      return list(type.columns, vector(type.rows, type.of));
    case 'array':
      return list(type.count ?? 0, type.of);
    case 'struct':
      return Object.fromEntries(type.fields.map((field) => [field.name, build(field.type, next)]));
    default:
      return next();
  }
}

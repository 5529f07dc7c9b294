/** The types of WGSL that kernels use, and how their values lie in memory. All sizes and offsets are words of 4 bytes. */
export type Type = Scalar | Vector | Matrix | ArrayType | Struct | Atomic | Pointer;

/** `int` and `float` are the types of literals without a suffix (AbstractInt, AbstractFloat). An f16 takes a word too. */
export type ScalarName = 'f32' | 'f16' | 'i32' | 'u32' | 'bool' | 'int' | 'float';

export interface Scalar {
  readonly kind: 'scalar';
  readonly name: ScalarName;
}
export interface Vector {
  readonly kind: 'vector';
  readonly of: Scalar;
  readonly count: number;
}
export interface Matrix {
  readonly kind: 'matrix';
  readonly of: Scalar;
  readonly columns: number;
  readonly rows: number;
}
export interface ArrayType {
  readonly kind: 'array';
  readonly of: Type;
  /** Undefined: as many as the buffer holds. */
  readonly count: number | undefined;
  /** Of a subgroup matrix, whose elements it holds row by row. */
  readonly matrix?: { readonly rows: number; readonly columns: number };
}
export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly offset: number;
}
export interface Struct {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly Field[];
  readonly size: number;
  readonly align: number;
}
export interface Atomic {
  readonly kind: 'atomic';
  readonly of: Scalar;
}
export interface Pointer {
  readonly kind: 'pointer';
  readonly space: string;
  readonly of: Type;
}

const scalar = (name: ScalarName): Scalar => ({ kind: 'scalar', name });
export const F32 = scalar('f32');
export const F16 = scalar('f16');
export const I32 = scalar('i32');
export const U32 = scalar('u32');
export const BOOL = scalar('bool');
export const INT = scalar('int');
export const FLOAT = scalar('float');
export const SCALARS: Readonly<Record<string, Scalar>> = {
  f32: F32,
  f16: F16,
  i32: I32,
  u32: U32,
  bool: BOOL,
};
const SUFFIXES: Readonly<Record<string, Scalar>> = { f: F32, h: F16, i: I32, u: U32 };

export const vector = (count: number, of: Scalar): Vector => ({ kind: 'vector', of, count });

/** The types that a name alone stands for: f32, vec4f, mat2x3h. */
export function predeclared(name: string): Type | undefined {
  if (Object.hasOwn(SCALARS, name)) return SCALARS[name];
  const short = /^(?:vec([234])|mat([234])x([234]))([fhiu])$/.exec(name);
  if (!short) return undefined;
  const of = SUFFIXES[short[4]];
  if (short[1]) return vector(Number(short[1]), of);
  return { kind: 'matrix', of, columns: Number(short[2]), rows: Number(short[3]) };
}

export function typeName(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      return { int: 'abstract integer', float: 'abstract float' }[type.name as string] ?? type.name;
    case 'vector':
      return `vec${type.count}<${typeName(type.of)}>`;
    case 'matrix':
      return `mat${type.columns}x${type.rows}<${typeName(type.of)}>`;
    case 'array':
      return `array<${typeName(type.of)}${type.count === undefined ? '' : `, ${type.count}`}>`;
    case 'struct':
      return type.name;
    case 'atomic':
      return `atomic<${typeName(type.of)}>`;
    case 'pointer':
      return `ptr<${type.space}, ${typeName(type.of)}>`;
  }
}

export const sameType = (a: Type, b: Type): boolean => a === b || typeName(a) === typeName(b);

const roundUp = (multiple: number, value: number) => Math.ceil(value / multiple) * multiple;

/** Size and alignment in memory: WGSL specification, "Alignment and Size". */
export function layout(type: Type): { size: number; align: number } {
  switch (type.kind) {
    case 'vector':
      return { size: type.count, align: type.count === 2 ? 2 : 4 };
    case 'matrix': {
      const align = type.rows === 2 ? 2 : 4;
      return { size: align * type.columns, align };
    }
    case 'array':
      return { size: stride(type) * (type.count ?? 0), align: layout(type.of).align };
    case 'struct':
      return type;
    default:
      return { size: 1, align: 1 };
  }
}

/** Words from one element of an array to the next, or from one column of a matrix to the next. */
export function stride(type: ArrayType | Matrix): number {
  if (type.kind === 'matrix') return type.rows === 2 ? 2 : 4;
  const { size, align } = layout(type.of);
  return roundUp(align, size);
}

/** A struct from its fields, each after the other as their alignment demands. */
export function structOf(
  name: string,
  fields: readonly { name: string; type: Type; size?: number; align?: number }[],
): Struct {
  let size = 0;
  let align = 1;
  const placed = fields.map((field) => {
    const own = layout(field.type);
    const aligned = field.align ?? own.align;
    const offset = roundUp(aligned, size);
    size = offset + (field.size ?? own.size);
    align = Math.max(align, aligned);
    return { name: field.name, type: field.type, offset };
  });
  return { kind: 'struct', name, fields: placed, size: roundUp(align, size), align };
}

/** Whether values of the type are kept in JavaScript variables, one a scalar. Arrays stay in memory. */
export function isFlat(type: Type): boolean {
  if (type.kind === 'struct') return type.fields.every((field) => isFlat(field.type));
  return type.kind !== 'array' && type.kind !== 'atomic' && type.kind !== 'pointer';
}

/** One scalar of a value: where it lies from the start of the value, and its path, such as `.x` or `[2].y`. */
export interface Leaf {
  readonly offset: number;
  readonly of: Scalar;
}

const leafCache = new WeakMap<Type, readonly Leaf[]>();

/** The scalars of a value, in order. */
export function leaves(type: Type): readonly Leaf[] {
  let known = leafCache.get(type);
  if (!known) leafCache.set(type, (known = [...leavesOf(type)]));
  return known;
}

function* leavesOf(type: Type): Generator<Leaf> {
  const shifted = function* (inner: Type, by: number) {
    for (const { offset, of } of leaves(inner)) yield { offset: offset + by, of };
  };
  if (type.kind === 'scalar') yield { offset: 0, of: type };
  else if (type.kind === 'atomic') yield { offset: 0, of: type.of };
  else if (type.kind === 'pointer') yield { offset: 0, of: U32 };
  else if (type.kind === 'vector') for (let i = 0; i < type.count; i++) yield { offset: i, of: type.of };
  else if (type.kind === 'struct') for (const field of type.fields) yield* shifted(field.type, field.offset);
  else if (type.kind === 'array')
    for (let i = 0; i < (type.count ?? 0); i++) yield* shifted(type.of, i * stride(type));
  else for (let i = 0; i < type.columns; i++) yield* shifted(vector(type.rows, type.of), i * stride(type));
}

/** The path from a value to the scalar at a word of it: `[3].y`. */
export function pathTo(type: Type, word: number): string {
  if (type.kind === 'vector') return `.${'xyzw'[word]}`;
  if (type.kind === 'array' || type.kind === 'matrix') {
    const step = stride(type);
    const inner = type.kind === 'array' ? type.of : vector(type.rows, type.of);
    return `[${Math.floor(word / step)}]${pathTo(inner, word % step)}`;
  }
  if (type.kind !== 'struct') return '';
  const field = type.fields.findLast(({ offset }) => offset <= word);
  return field ? `.${field.name}${pathTo(field.type, word - field.offset)}` : '';
}

/** The vector or scalar that the components of a value are of; undefined for arrays and structs. */
export function scalarOf(type: Type): Scalar | undefined {
  if (type.kind === 'scalar') return type;
  return type.kind === 'vector' || type.kind === 'matrix' ? type.of : undefined;
}

/** The same shape over another scalar. */
export function withScalar<T extends Type>(type: T, of: Scalar): Type {
  return type.kind === 'scalar'
    ? of
    : type.kind === 'vector' || type.kind === 'matrix'
      ? { ...type, of }
      : type;
}

export const isAbstract = (type: Type): boolean => /^(int|float)$/.test(scalarOf(type)?.name ?? '');

/** Whether a type has scalars of f16. */
export function hasHalf(type: Type): boolean {
  if (type.kind === 'struct') return type.fields.some((field) => hasHalf(field.type));
  return type === F16 || ('of' in type && hasHalf(type.of));
}

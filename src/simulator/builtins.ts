import type { Token } from '../kernels/tokens.ts';
import { ARITHMETIC, INLINE } from './arithmetic.ts';
import type { ExpressionCompiler } from './expressions.ts';
import { binaryText, bitcastText } from './scalars.ts';
import {
  BOOL,
  F16,
  F32,
  I32,
  INT,
  U32,
  isAbstract,
  leaves,
  scalarOf,
  structOf,
  typeName,
  vector,
  withScalar,
} from './types.ts';
import type { Matrix, Scalar, ScalarName, Type } from './types.ts';
import type { Value } from './values.ts';

/** Builtin functions without memory: values in, a value out. */
type Builtin = (compiler: ExpressionCompiler, args: readonly Value[], at: Token, template?: Type) => Value;

const f = (operator: string, a: string, b: string) => binaryText(operator, 'f32', a, b)!;
const sum = (texts: readonly string[], of: ScalarName = 'f32') =>
  texts.reduce((total, text) => binaryText('+', of, total, text)!);
const scalar = (of: Scalar, text: string): Value => ({ type: of, parts: [text] });

/** The floats of values: literals are f32 here. */
function floats(compiler: ExpressionCompiler, args: readonly Value[], at: Token): Value[] {
  if (args.some(({ type }) => scalarOf(type) === F16))
    compiler.fail(at, `${at.text} of f16 is not simulated`);
  return args.map((value) =>
    compiler.repeatable(
      isAbstract(value.type) ? compiler.convert(value, withScalar(value.type, F32), at) : value,
    ),
  );
}

const dotText = (a: Value, b: Value, of: ScalarName) =>
  sum(
    a.parts.map((part, i) => binaryText('*', of, part, b.parts[i])!),
    of,
  );

const lengthText = (compiler: ExpressionCompiler, value: Value) =>
  value.parts.length === 1
    ? `abs(${value.parts[0]})`
    : compiler.once(`f_sqrt(${dotText(value, value, 'f32')})`);

const minus = (a: Value, b: Value): Value => ({
  ...a,
  parts: a.parts.map((part, i) => f('-', part, b.parts[i])),
});
const times = (a: Value, factor: string): Value => ({
  ...a,
  parts: a.parts.map((part) => f('*', part, factor)),
});

function determinantText(entries: readonly (readonly string[])[]): string {
  if (entries.length === 1) return entries[0][0];
  const terms = entries.map(([first], i) => {
    const minor = entries.filter((_, j) => j !== i).map((column) => column.slice(1));
    return f('*', first, determinantText(minor));
  });
  return terms.reduce((total, term, i) => f(i % 2 === 0 ? '+' : '-', total, term));
}

const packed =
  (name: string, count: number, from: Scalar): Builtin =>
  (compiler, [value], at) => {
    const { parts } = compiler.convert(value, vector(count, from), at);
    return scalar(U32, `${name}(${parts.join(', ')})`);
  };
const unpacked =
  (name: string, count: number, to: Scalar): Builtin =>
  (compiler, [value], at) => {
    const own = compiler.once(compiler.convert(value, U32, at).parts[0]);
    return {
      type: vector(count, to),
      parts: Array.from({ length: count }, (_, i) => `${name}(${own}, ${i})`),
    };
  };
const dotPacked =
  (name: string, to: Scalar): Builtin =>
  (compiler, args, at) => {
    const [a, b] = args.map((value) => compiler.once(compiler.convert(value, U32, at).parts[0]));
    const terms = [0, 1, 2, 3].map((i) =>
      binaryText('*', to.name, `${name}(${a}, ${i})`, `${name}(${b}, ${i})`)!,
    );
    return scalar(to, sum(terms, to.name));
  };

const BUILTINS: Readonly<Record<string, Builtin>> = {
  select: (compiler, [no, yes, condition], at) => {
    const [a, b] = compiler.alike([no, yes], at);
    const chosen = compiler.repeatable(condition);
    if (scalarOf(condition.type) !== BOOL) compiler.fail(at, 'the third argument of select is a bool');
    if (a.parts.length !== b.parts.length) compiler.fail(at, 'select chooses between values of one type');
    const constant = a.constant && b.constant && condition.constant;
    const parts = a.parts.map((part, i) => {
      const own = chosen.parts[chosen.parts.length === 1 ? 0 : i];
      return compiler.folded(`(${own} ? ${b.parts[i]} : ${part})`, constant);
    });
    return { type: a.type, parts, constant };
  },
  all: (_, [{ parts }]) => scalar(BOOL, `(${parts.join(' && ')})`),
  any: (_, [{ parts }]) => scalar(BOOL, `(${parts.join(' || ')})`),
  dot: (compiler, args, at) => {
    const [a, b] = compiler.alike(floatsIfAbstract(compiler, args, at), at);
    const of = scalarOf(a.type)!;
    return scalar(of, dotText(a, b, of.name));
  },
  cross: (compiler, args, at) => {
    const [{ parts: a }, { parts: b }] = floats(compiler, args, at);
    const entry = (i: number, j: number) => f('-', f('*', a[i], b[j]), f('*', a[j], b[i]));
    return { type: vector(3, F32), parts: [entry(1, 2), entry(2, 0), entry(0, 1)] };
  },
  length: (compiler, args, at) => scalar(F32, lengthText(compiler, floats(compiler, args, at)[0])),
  distance: (compiler, args, at) => {
    const [a, b] = floats(compiler, args, at);
    return scalar(F32, lengthText(compiler, compiler.repeatable(minus(a, b))));
  },
  normalize: (compiler, args, at) => {
    const [v] = floats(compiler, args, at);
    const length = lengthText(compiler, v);
    return { ...v, parts: v.parts.map((part) => f('/', part, length)) };
  },
  faceForward: (compiler, args, at) => {
    const [n, i, reference] = floats(compiler, args, at);
    const behind = compiler.once(`${dotText(reference, i, 'f32')} < 0`);
    return { ...n, parts: n.parts.map((part) => `(${behind} ? ${part} : -${part})`) };
  },
  reflect: (compiler, args, at) => {
    const [v, n] = floats(compiler, args, at);
    return minus(v, times(n, compiler.once(f('*', '2', dotText(n, v, 'f32')))));
  },
  refract: (compiler, args, at) => {
    const [v, n, eta] = floats(compiler, args, at);
    const d = compiler.once(dotText(n, v, 'f32'));
    const k = compiler.once(
      f('-', '1', f('*', f('*', eta.parts[0], eta.parts[0]), f('-', '1', f('*', d, d)))),
    );
    const factor = compiler.once(f('+', f('*', eta.parts[0], d), `f_sqrt(${k})`));
    const bent = minus(times(v, eta.parts[0]), times(n, factor));
    return { ...v, parts: bent.parts.map((part) => `(${k} < 0 ? 0 : ${part})`) };
  },
  mix: (compiler, args, at) => {
    const [a, b, t] = floats(compiler, args, at);
    const parts = a.parts.map(
      (part, i) => `f_mix(${part}, ${b.parts[i]}, ${t.parts[t.parts.length > 1 ? i : 0]})`,
    );
    return { type: a.type, parts };
  },
  ldexp: (compiler, [value, exponent], at) => {
    const [a] = floats(compiler, [value], at);
    const e = isAbstract(exponent.type)
      ? compiler.convert(exponent, withScalar(exponent.type, I32), at)
      : exponent;
    return { type: a.type, parts: a.parts.map((part, i) => `f_ldexp(${part}, ${e.parts[i]})`) };
  },
  modf: (compiler, args, at) => {
    const [a] = floats(compiler, args, at);
    const fields = ['fract', 'whole'].map((name) => ({ name, type: a.type }));
    const whole = a.parts.map((part) => `trunc(${part})`);
    return {
      type: structOf('modf_result', fields),
      parts: [...a.parts.map((part, i) => f('-', part, whole[i])), ...whole],
    };
  },
  frexp: (compiler, args, at) => {
    const [a] = floats(compiler, args, at);
    const exponents = a.parts.map((part) => compiler.once(`f_exponent(${part})`));
    const fields = [
      { name: 'fract', type: a.type },
      { name: 'exp', type: withScalar(a.type, I32) },
    ];
    const fractions = a.parts.map((part, i) => `f_ldexp(${part}, -${exponents[i]})`);
    return { type: structOf('frexp_result', fields), parts: [...fractions, ...exponents] };
  },
  transpose: (_, [{ type, parts }]) => {
    const { columns, rows, of } = type as Matrix;
    return {
      type: { kind: 'matrix', of, columns: rows, rows: columns },
      parts: parts.map((_, i) => parts[(i % columns) * rows + Math.floor(i / columns)]),
    };
  },
  determinant: (compiler, args, at) => {
    const [{ type, parts }] = floats(compiler, args, at);
    const { columns, rows } = type as Matrix;
    return scalar(
      F32,
      determinantText(Array.from({ length: columns }, (_, i) => parts.slice(i * rows, (i + 1) * rows))),
    );
  },
  bitcast: (compiler, [value], at, to = U32) => {
    const own = compiler.concrete(value, at);
    const [a, b] = [scalarOf(own.type), scalarOf(to)];
    if (!a || !b || a === F16 || b === F16 || leaves(to).length !== own.parts.length)
      compiler.fail(at, `cannot bitcast ${typeName(own.type)} to ${typeName(to)}`);
    const parts = own.parts.map((part) => compiler.folded(bitcastText(a!.name, b!.name, part), own.constant));
    return { type: to, parts, constant: own.constant };
  },
  pack4xI8: packed('pack4xI8', 4, I32),
  pack4xU8: packed('pack4xU8', 4, U32),
  pack4xI8Clamp: packed('pack4xI8Clamp', 4, I32),
  pack4xU8Clamp: packed('pack4xU8Clamp', 4, U32),
  pack4x8snorm: packed('pack4x8snorm', 4, F32),
  pack4x8unorm: packed('pack4x8unorm', 4, F32),
  pack2x16snorm: packed('pack2x16snorm', 2, F32),
  pack2x16unorm: packed('pack2x16unorm', 2, F32),
  pack2x16float: packed('pack2x16float', 2, F32),
  unpack4xI8: unpacked('unpack4xI8', 4, I32),
  unpack4xU8: unpacked('unpack4xU8', 4, U32),
  unpack4x8snorm: unpacked('unpack4x8snorm', 4, F32),
  unpack4x8unorm: unpacked('unpack4x8unorm', 4, F32),
  unpack2x16snorm: unpacked('unpack2x16snorm', 2, F32),
  unpack2x16unorm: unpacked('unpack2x16unorm', 2, F32),
  unpack2x16float: unpacked('unpack2x16float', 2, F32),
  dot4I8Packed: dotPacked('unpack4xI8', I32),
  dot4U8Packed: dotPacked('unpack4xU8', U32),
};

function floatsIfAbstract(compiler: ExpressionCompiler, args: readonly Value[], at: Token): readonly Value[] {
  return args.map((value) =>
    isAbstract(value.type) && scalarOf(value.type) !== INT ? floats(compiler, [value], at)[0] : value,
  );
}

const PREFIX: Readonly<Record<string, string>> = {
  f32: 'f',
  f16: 'f',
  float: 'f',
  i32: 'i',
  int: 'i',
  u32: 'u',
};
/** Builtins whose arguments after the first are u32, whatever the first one is. */
const COUNTED = new Set(['extractBits', 'insertBits']);

/** The names of all builtin functions of values. */
export const builtinNames = (): string[] => [
  ...Object.keys(BUILTINS),
  ...Object.keys(ARITHMETIC).flatMap((name) => (/^[fiu]_/.test(name) ? name.slice(2) : [])),
];

/** A builtin function of values; undefined where there is none of that name. */
export function builtin(
  compiler: ExpressionCompiler,
  name: string,
  args: readonly Value[],
  at: Token,
  template?: Type,
): Value | undefined {
  const own = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined;
  if (args.length === 0) return undefined;
  if (own) return compiler.constantly(args, () => own(compiler, args, at, template));
  if (!['f', 'i', 'u'].some((prefix) => `${prefix}_${name}` in ARITHMETIC)) return undefined;
  return eachComponent(compiler, name, args, at);
}

/** abs, exp, max …: the same function for each component. */
function eachComponent(compiler: ExpressionCompiler, name: string, args: readonly Value[], at: Token): Value {
  const counts = COUNTED.has(name) ? args.slice(-2).map((value) => compiler.convert(value, U32, at)) : [];
  const values = compiler.alike(counts.length > 0 ? args.slice(0, -2) : args, at);
  const only = ['i', 'u'].every((prefix) => !(`${prefix}_${name}` in ARITHMETIC));
  const own = only
    ? values.map((value) =>
        isAbstract(value.type) ? compiler.convert(value, withScalar(value.type, F32), at) : value,
      )
    : values;
  const { type } = own[0];
  const of = scalarOf(type)!;
  const key = `${PREFIX[of.name] ?? 'b'}_${name}`;
  const fn = (ARITHMETIC as Record<string, Function>)[key];
  if (!fn) compiler.fail(at, `${name} takes no ${typeName(type)}`);
  const wanted = name === 'clamp' ? 3 : Math.max(fn.length, key in INLINE ? INLINE[key].length : 0);
  const found = own.length + counts.length;
  if (fn.length > 0 && wanted !== found && !(MANY.test(name) && found === 2))
    compiler.fail(at, `${name} takes ${wanted} arguments, not ${found}`);
  if (own.some((value) => value.parts.length !== own[0].parts.length))
    compiler.fail(at, `the arguments of ${name} are of one type`);
  const constant = own.every((value) => value.constant) && counts.every((value) => value.constant);
  const parts = own[0].parts.map((_, i) => {
    const texts = [...own.map((value) => value.parts[i]), ...counts.map((value) => value.parts[0])];
    const text = INLINE[key]?.(...texts) ?? `${key}(${texts.join(', ')})`;
    return compiler.folded(of === F16 ? `half(${text})` : text, constant);
  });
  return { type, parts, constant };
}

const MANY = /^(min|max)$/;

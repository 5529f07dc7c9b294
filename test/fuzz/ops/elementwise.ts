import type * as composed from '../../../src/ops/elementwise/activations.ts';
import type * as ew from '../../../src/ops/elementwise/elementwise.ts';
import type * as special from '../../../src/ops/elementwise/special.ts';
import { map } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { broadcastShape, broadcastTo, sumTo } from '../../reference/broadcast.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { integerTable } from '../../reference/integers.ts';
import { binaryTable, unaryTable } from '../../reference/elementwise.ts';
import type { Binary, BinaryName, Unary, UnaryName } from '../../reference/elementwise.ts';
import { atan2, specialTable } from '../../reference/special.ts';
import type { SpecialName } from '../../reference/special.ts';
import type { Drawing, OpEntry, Value } from '../entry.ts';

/** How far computed numbers stay from where a function jumps or bends: much further than f32's error. */
const MARGIN = 1e-3;

type Scalars = readonly number[];

/** An elementwise op by its values and slopes, each a function of the operands' numbers and of the arguments. */
function pointwise(
  arity: number,
  f: (x: Scalars, args: Scalars) => number,
  slopes: readonly ((x: Scalars, args: Scalars) => number)[] | undefined,
  draw: OpEntry['draw'],
  more: Partial<OpEntry> = {},
): OpEntry {
  const all = (inputs: readonly Array64[], args: Scalars, g: typeof f): Array64 => {
    const shape = inputs.map((own) => own.shape).reduce(broadcastShape);
    const wide = inputs.map((own) => broadcastTo(own, shape).data);
    return map({ shape, data: new Float64Array(wide[0].length) }, (_, i) => g(wide.map((own) => own[i]), args)); // prettier-ignore
  };
  return {
    draw,
    twin(inputs, args) {
      if (inputs.length !== arity) throw new Error(`${arity} operands expected`);
      const vjp = (dy: Array64) =>
        slopes!.map((slope, i) => {
          const partial = all(inputs, args, slope);
          return sumTo(map(dy, (value, k) => value * partial.data[k]), inputs[i].shape); // prettier-ignore
        });
      return { y: all(inputs, args, f), vjp: slopes && vjp };
    },
    ...more,
  };
}

/** An operand whose numbers keep away from `bends`, unless they are exact. */
function away(draft: Drawing, value: Value, bends: readonly number[]): Value {
  const near = (x: number) => bends.some((bend) => Math.abs(x - bend) < MARGIN);
  return value.exact || !value.value.data.some(near) ? value : draft.leaf(value.tensor.shape);
}

interface UnaryOptions {
  /** Where numbers come from; default: anywhere. */
  readonly domain?: readonly [number, number];
  /** Where the function jumps or bends, by its arguments. */
  readonly bends?: (...args: number[]) => number[];
  readonly args?: (draft: Drawing) => number[];
  readonly jumps?: boolean;
  readonly exact?: OpEntry['exact'];
}

function unary(
  name: UnaryName | SpecialName,
  { domain, bends, args, jumps, exact }: UnaryOptions = {},
): OpEntry {
  const { f, df } = { ...unaryTable, ...specialTable }[name] as Unary;
  return pointwise(
    1,
    ([x], own) => f(x, ...own),
    jumps ? undefined : [([x], own) => df(x, ...own)],
    (draft) => {
      const own = args?.(draft) ?? [];
      const x = draft.any();
      const inside = domain ? draft.within(x, ...domain) : x;
      return { inputs: [away(draft, inside, bends?.(...own) ?? [])], args: own };
    },
    { exact },
  );
}

const WHOLES = Array.from({ length: 400 }, (_, i) => i / 2 - 100);
const wholes = () => WHOLES;
const atZero = () => [0];

/** An operand that broadcasts with another: its shape, or some of its extents as 1, or left out. */
function beside(draft: Drawing, { tensor: { shape } }: Value): Value {
  const { rng } = draft;
  const kind = rng.next();
  if (kind < 0.4 || shape.length === 0) return draft.take(shape);
  const from = rng.int(0, shape.length);
  if (kind < 0.75) return draft.take(shape.slice(from));
  return draft.take(shape.map((extent) => (rng.chance(0.5) ? 1 : extent)));
}

/** Two operands, in either order. */
function pair(draft: Drawing): [Value, Value] {
  const a = draft.any();
  const b = beside(draft, a);
  return draft.rng.chance(0.5) ? [a, b] : [b, a];
}

/** Two operands whose numbers are never nearly alike, unless both are exact. */
function apart(draft: Drawing): [Value, Value] {
  const [a, b] = pair(draft);
  if (a.exact && b.exact) return [a, b];
  const shape = broadcastShape(a.value.shape, b.value.shape);
  const [left, right] = [a, b].map(({ value }) => broadcastTo(value, shape).data);
  if (left.every((x, i) => Math.abs(x - right[i]) >= MARGIN)) return [a, b];
  return [a, b].map((own) => (own.exact ? own : draft.leaf(own.tensor.shape))) as [Value, Value];
}

function binary(
  name: BinaryName,
  more: Partial<OpEntry> & { apart?: boolean; jumps?: boolean } = {},
): OpEntry {
  const { f, da, db } = binaryTable[name] as Binary;
  const { apart: far, jumps, ...rest } = more;
  const slopes = jumps ? undefined : [([a, b]: Scalars) => da(a, b), ([a, b]: Scalars) => db(a, b)];
  return pointwise(2, ([a, b]) => f(a, b), slopes, (draft) => ({ inputs: far ? apart(draft) : pair(draft) }), rest); // prettier-ignore
}

const compare = { apart: true, jumps: true, exact: 'always' } as const;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Of truth values. */
const truth = (f: (a: boolean, b: boolean) => boolean): OpEntry =>
  pointwise(
    2,
    ([a, b]) => Number(f(a !== 0, b !== 0)),
    undefined,
    (draft) => {
      const a = draft.any({ exact: true });
      return { inputs: [a, draft.take(a.tensor.shape, { exact: true })] };
    },
    { exact: 'always' },
  );

/** Of integers that are small enough not to wrap around. */
function whole(name: string): OpEntry {
  const f = integerTable[name];
  return pointwise(
    2,
    ([a, b]) => f(a, b),
    undefined,
    (draft) => {
      const dtype = draft.rng.pick<DType>(['i32', 'u32']);
      const low = dtype === 'i32' && !/Shift/.test(name) ? -50 : 0;
      const shape = draft.large ? [3] : draft.shape(draft.rng.int(0, 3), 200);
      const [a, b] = [shape, shape.slice(draft.rng.int(0, shape.length))].map((own) => draft.leaf(own, { dtype, low, high: /Shift/.test(name) ? 9 : 50 })); // prettier-ignore
      return { inputs: [a, b] };
    },
    { exact: 'always' },
  );
}

/** Those of integers that floats have not. */
type IntegerName =
  | 'floorDivide'
  | 'remainder'
  | `bitwise${'And' | 'Or' | 'Xor'}`
  | `${'left' | 'right'}Shift`;

/** Every function of src/ops/elementwise but the table of ops, and what is no function of single numbers. */
export type ElementwiseName = Exclude<
  keyof typeof ew | keyof typeof composed | keyof typeof special | IntegerName,
  'elementwiseOps' | 'specialOps' | 'glu' | 'reluOptions' | 'checkRelu'
>;

export const elementwise: Record<ElementwiseName, OpEntry> = {
  negate: unary('negate', { exact: 'always' }),
  abs: unary('abs', { bends: atZero, exact: 'always' }),
  sign: unary('sign', { bends: atZero, jumps: true, exact: 'always' }),
  floor: unary('floor', { bends: wholes, jumps: true, exact: 'always' }),
  ceil: unary('ceil', { bends: wholes, jumps: true, exact: 'always' }),
  round: unary('round', { bends: wholes, jumps: true, exact: 'always' }),
  exp: unary('exp'),
  expm1: unary('expm1'),
  log: unary('log', { domain: [0.05, 20] }),
  log1p: unary('log1p', { domain: [-0.9, 20] }),
  sqrt: unary('sqrt', { domain: [0.05, 20] }),
  rsqrt: unary('rsqrt', { domain: [0.05, 20] }),
  square: unary('square', { exact: 'whole' }),
  reciprocal: unary('reciprocal', { domain: [0.2, 20] }),
  sin: unary('sin', { domain: [-3, 3] }),
  cos: unary('cos', { domain: [-3, 3] }),
  // with options: test/ops/elementwise/activations.test.ts
  relu: unary('relu', { bends: atZero, exact: 'always' }),
  selu: unary('selu', { bends: atZero }),
  gelu: unary('gelu'),
  geluTanh: unary('geluTanh'),
  squareplus: unary('squareplus', { args: ({ rng }) => [rng.pick([4, 0.5])] }),
  relu6: unary('relu6', { bends: () => [0, 6], exact: 'always' }),
  hardTanh: unary('hardTanh', { bends: () => [-1, 1], exact: 'always' }),
  hardSilu: unary('hardSilu', { bends: () => [-3, 3] }),
  hardShrink: unary('hardShrink', {
    bends: (limit) => [-limit, limit],
    args: ({ rng }) => [rng.pick([0.5, 0.2])],
    exact: 'always',
  }),
  softShrink: unary('softShrink', {
    bends: (limit) => [-limit, limit],
    args: ({ rng }) => [rng.pick([0.5, 0.2])],
  }),
  tanhShrink: unary('tanhShrink'),
  logSigmoid: unary('logSigmoid'),
  celu: unary('celu', { bends: atZero, args: ({ rng }) => [rng.pick([1, 0.7])] }),
  sparsePlus: unary('sparsePlus'),
  sparseSigmoid: unary('sparseSigmoid', { bends: () => [-1, 1] }),
  threshold: unary('threshold', {
    bends: (from) => [from],
    args: ({ rng }) => [rng.pick([0, 0.5, -0.2]), rng.pick([0, -1])],
    exact: 'always',
  }),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  softplus: unary('softplus'),
  softsign: unary('softsign'),
  silu: unary('silu'),
  mish: unary('mish'),
  hardSigmoid: unary('hardSigmoid', { bends: () => [-3, 3] }),
  leakyRelu: unary('leakyRelu', { bends: atZero, args: ({ rng }) => [rng.pick([0, 0.125, 0.2, -0.5])] }),
  elu: unary('elu', { bends: atZero, args: ({ rng }) => [rng.pick([1, 0.7])] }),
  clip: unary('clip', {
    bends: (low, high) => [low, high],
    args: ({ rng }) => rng.pick([[-1, 0.5], [0, 1], [-0.25, 2]]), // prettier-ignore
    exact: 'always',
  }),
  scale: pointwise(1, ([x], [factor]) => x * factor, [(_, [factor]) => factor], (draft) => ({ inputs: [draft.any()], args: [draft.rng.pick([0.5, -1.25, 2, 0, 0.1])] })), // prettier-ignore
  shift: pointwise(1, ([x], [offset]) => x + offset, [() => 1], (draft) => ({ inputs: [draft.any()], args: [draft.rng.pick([1, -0.5, 0, 0.1])] })), // prettier-ignore
  add: binary('add', { exact: 'whole' }),
  subtract: binary('subtract', { exact: 'whole' }),
  multiply: binary('multiply', { exact: 'whole' }),
  divide: {
    ...binary('divide'),
    draw(draft) {
      const [a, b] = pair(draft);
      return { inputs: [a, draft.within(b, 0.2, 20)] };
    },
  },
  power: {
    ...binary('power'),
    draw(draft) {
      const [a, b] = pair(draft);
      return { inputs: [draft.within(a, 0.1, 3), draft.within(b, -3, 3)] };
    },
  },
  maximum: binary('maximum', { apart: true, exact: 'always' }),
  minimum: binary('minimum', { apart: true, exact: 'always' }),
  equal: binary('equal', compare),
  notEqual: binary('notEqual', compare),
  less: binary('less', compare),
  lessEqual: binary('lessEqual', compare),
  greater: binary('greater', compare),
  greaterEqual: binary('greaterEqual', compare),
  where: pointwise(
    3,
    ([c, a, b]) => (c !== 0 ? a : b),
    [() => 0, ([c]) => (c !== 0 ? 1 : 0), ([c]) => (c !== 0 ? 0 : 1)],
    (draft) => {
      const [a, b] = pair(draft);
      const shape = broadcastShape(a.tensor.shape, b.tensor.shape);
      return { inputs: [draft.take(draft.rng.chance(0.7) ? shape : shape.slice(1), { exact: true }), a, b] };
    },
    { exact: 'always' },
  ),
  keepNan: pointwise(2, ([x, y]) => (Number.isNaN(x) ? NaN : y), [() => 0, () => 1], (draft) => ({ inputs: pair(draft) })), // prettier-ignore
  bceWithLogits: pointwise(
    2,
    ([x, t]) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
    [([x, t]) => sigmoid(x) - t, ([x]) => -x],
    (draft) => {
      const [x, t] = pair(draft);
      return { inputs: [x, draft.within(t, -0.01, 1.01)] };
    },
  ),
  binaryCrossentropy: pointwise(
    2,
    ([p, t]) => -t * Math.log(p) - (1 - t) * Math.log(1 - p),
    [([p, t]) => (1 - t) / (1 - p) - t / p, ([p]) => Math.log(1 - p) - Math.log(p)],
    (draft) => {
      const [p, t] = pair(draft);
      return { inputs: [draft.within(p, 0.05, 0.95), draft.within(t, -0.01, 1.01)] };
    },
  ),
  tan: unary('tan', { domain: [-1.2, 1.2] }),
  asin: unary('asin', { domain: [-0.9, 0.9] }),
  acos: unary('acos', { domain: [-0.9, 0.9] }),
  atan: unary('atan'),
  atan2: pointwise(
    2,
    ([y, x]) => atan2.f(y, x),
    [([y, x]) => atan2.da(y, x), ([y, x]) => atan2.db(y, x)],
    (draft) => {
      const [y, x] = pair(draft);
      return { inputs: [y, draft.within(x, 0.2, 20)] };
    },
  ),
  sinh: unary('sinh', { domain: [-3, 3] }),
  cosh: unary('cosh', { domain: [-3, 3] }),
  asinh: unary('asinh'),
  acosh: unary('acosh', { domain: [1.1, 20] }),
  atanh: unary('atanh', { domain: [-0.9, 0.9] }),
  erf: unary('erf'),
  isNan: pointwise(
    1,
    ([x]) => Number(Number.isNaN(x)),
    undefined,
    (draft) => ({ inputs: [draft.any()] }),
    { exact: 'always' },
  ),
  isFinite: pointwise(
    1,
    ([x]) => Number(Number.isFinite(x)),
    undefined,
    (draft) => ({ inputs: [draft.any()] }),
    { exact: 'always' },
  ),
  floorDivide: whole('floorDivide'),
  remainder: whole('remainder'),
  bitwiseAnd: whole('bitwiseAnd'),
  bitwiseOr: whole('bitwiseOr'),
  bitwiseXor: whole('bitwiseXor'),
  leftShift: whole('leftShift'),
  rightShift: whole('rightShift'),
  logicalAnd: truth((a, b) => a && b),
  logicalOr: truth((a, b) => a || b),
  logicalXor: truth((a, b) => a !== b),
  logicalNot: pointwise(
    1,
    ([x]) => Number(x === 0),
    undefined,
    (draft) => ({ inputs: [draft.any({ exact: true })] }),
    { exact: 'always' },
  ),
  logCosh: pointwise(1, ([x]) => Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2, [([x]) => Math.tanh(x)], (draft) => ({ inputs: [draft.any()] })), // prettier-ignore
  huber: pointwise(
    1,
    ([x], [delta]) => (Math.abs(x) <= delta ? (x * x) / 2 : delta * (Math.abs(x) - delta / 2)),
    [([x], [delta]) => Math.min(Math.max(x, -delta), delta)],
    (draft) => ({ inputs: [draft.any()], args: [draft.rng.pick([1, 0.75])] }),
  ),
};

import { number, operand } from '../common/numbers.ts';
import type { Values } from './kernels.ts';

/** A number of the network: what it is called, what it means, and which others it is computed from. */
export interface Quantity {
  readonly symbol: string;
  readonly meaning: string;
  readonly sources: readonly string[];
  /** In symbols. */
  readonly rule: string;
  /** With the numbers of the sources, each in brackets where negative. */
  readonly filled: (value: (id: string) => string) => string;
}

export type Ids = Readonly<Record<string, number>>;

/** All numbers by name: `w12` is the weight from input 1 to hidden neuron 2, `dw12` the gradient of the loss to it. */
export function valuesOf(found: Values, [x1, x2]: readonly number[], y: number, rate: number): Ids {
  const ids: Record<string, number> = { x1, x2, y, rate, p: found.p[0], L: found.loss[0], dp: found.dp[0] };
  const vector = (name: string, values: readonly number[]) =>
    values.forEach((value, i) => (ids[`${name}${i + 1}`] = value));
  const matrix = (name: string, values: readonly number[]) =>
    values.forEach((value, i) => (ids[`${name}${Math.floor(i / 2) + 1}${(i % 2) + 1}`] = value));
  for (const name of ['z', 'h', 'b', 'v', 'dz', 'dh', 'db', 'dv'] as const) vector(name, found[name]);
  for (const name of ['w', 'dw'] as const) matrix(name, found[name]);
  vector('next-b', found.nextB);
  vector('next-v', found.nextV);
  matrix('next-w', found.nextW);
  return { ...ids, c: found.c[0], dc: found.dc[0], 'next-c': found.nextC[0] };
}

const SUBSCRIPTS = '₀₁₂';
const subscripted = (name: string) => name.replaceAll(/[12]/g, (digit) => SUBSCRIPTS[Number(digit)]);
/** `w12` → w₁₂, `dw12` → ∂L/∂w₁₂ */
export const symbolOf = (id: string): string =>
  id.startsWith('d') ? `∂L/∂${subscripted(id.slice(1))}` : subscripted(id);

/** The numbers that are computed, in the order of forward and backward pass. */
export const QUANTITIES: Readonly<Record<string, Quantity>> = Object.fromEntries([
  ...[1, 2].map((j) =>
    computed(
      `z${j}`,
      `the sum of the weighted inputs of hidden neuron ${j}`,
      ['x1', `w1${j}`, 'x2', `w2${j}`, `b${j}`],
      ([x1, w1, x2, w2, b]) => `${x1} · ${w1} + ${x2} · ${w2} + ${b}`,
    ),
  ),
  ...[1, 2].map((j) =>
    computed(`h${j}`, `the output of hidden neuron ${j}`, [`z${j}`], ([z]) => `tanh(${z})`),
  ),
  computed(
    'p',
    'the prediction',
    ['h1', 'v1', 'h2', 'v2', 'c'],
    ([h1, v1, h2, v2, c]) => `${h1} · ${v1} + ${h2} · ${v2} + ${c}`,
  ),
  computed('L', 'the loss', ['p', 'y'], ([p, y]) => `(${p} − ${y})²`),
  computed('dp', 'how the loss grows with the prediction', ['p', 'y'], ([p, y]) => `2 · (${p} − ${y})`),
  ...[1, 2].map((j) => gradient(`dv${j}`, `weight v${SUBSCRIPTS[j]}`, ['dp', `h${j}`])),
  gradient('dc', 'bias c', ['dp']),
  ...[1, 2].map((j) => gradient(`dh${j}`, `the output of hidden neuron ${j}`, ['dp', `v${j}`])),
  ...[1, 2].map((j) =>
    computed(
      `dz${j}`,
      `how the loss grows with the sum of hidden neuron ${j}; 1 − h² is the slope of tanh`,
      [`dh${j}`, `h${j}`],
      ([dh, h]) => `${dh} · (1 − ${h}²)`,
    ),
  ),
  ...[1, 2].flatMap((j) => [
    ...[1, 2].map((i) =>
      gradient(`dw${i}${j}`, `weight w${SUBSCRIPTS[i]}${SUBSCRIPTS[j]}`, [`dz${j}`, `x${i}`]),
    ),
    gradient(`db${j}`, `bias b${SUBSCRIPTS[j]}`, [`dz${j}`]),
  ]),
]);

/** A gradient that is another one times what the number was multiplied by. */
function gradient(id: string, of: string, sources: readonly string[]): [string, Quantity] {
  return computed(id, `how the loss grows with ${of}`, sources, (values) => values.join(' · '));
}

function computed(
  id: string,
  meaning: string,
  sources: readonly string[],
  rule: (sources: readonly string[]) => string,
): [string, Quantity] {
  const filled = (value: (id: string) => string) => rule(sources.map(value));
  return [id, { symbol: symbolOf(id), meaning, sources, rule: rule(sources.map(symbolOf)), filled }];
}

/** The line that explains a number: in symbols, with numbers, and what comes out. */
export function explain(id: string, values: Ids): { readonly title: string; readonly formula: string } {
  const quantity = QUANTITIES[id];
  if (quantity) {
    const { symbol, meaning, rule, filled } = quantity;
    const numbers = filled((source) => operand(values[source]));
    const middle = quantity.sources.length > 1 || numbers !== number(values[id]) ? ` = ${numbers}` : '';
    return { title: `${symbol}: ${meaning}`, formula: `${rule}${middle} = ${number(values[id])}` };
  }
  const symbol = symbolOf(id);
  if (!(`d${id}` in values)) {
    return {
      title: `${symbol}: ${id === 'y' ? 'the target' : 'an input'}`,
      formula: `set by you: ${number(values[id])}`,
    };
  }
  const [old, rate, slope] = [number(values[id]), operand(values.rate), operand(values[`d${id}`])];
  return {
    title: `${symbol}: a ${id.startsWith('b') || id === 'c' ? 'bias' : 'weight'}; its value after an update`,
    formula: `${symbol} − rate · ∂L/∂${symbol} = ${old} − ${rate} · ${slope} = ${number(values[`next-${id}`])}`,
  };
}

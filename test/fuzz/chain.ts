import type { Draft } from './draft.ts';
import type { Value } from './entry.ts';
import type { OpName } from './table.ts';
import { twinFits, windowFits } from './ops/windows.ts';
import type { Pair } from '../reference/conv2d.ts';

/** Before pooling: with their arguments, and how far the numbers may be apart for them to stay so. */
const ACTIVATIONS: readonly (readonly [name: OpName, args: readonly number[], most?: number])[] = [
  ['relu', []],
  ['leakyRelu', [0.125]],
  ['leakyRelu', [-0.5]],
  ['relu6', []],
  ['tanh', [], 2],
  ['sigmoid', [], 2],
  ['elu', [1], 2],
];

/**
 * A convolution, perhaps with a bias and an activation, and what pools its output: once, or in two ways. Passes fuse these
 * and their gradients, move them past each other, and leave out what nobody reads. Numbers are whole, so that comparisons
 * come out alike on every device, and there are many ties.
 *
 * @returns all that was made, in order; undefined where nothing fits
 */
export function drawChain(draft: Draft): Value[] | undefined {
  const { rng } = draft;
  const made: Value[] = [];
  const push = (name: OpName, inputs: readonly Value[], args: readonly unknown[] = []): Value => {
    made.push(draft.call(name, { inputs, args }));
    return made.at(-1)!;
  };
  const channels = rng.pick([1, 1, 3, 4, 5, 8]);
  const image = draft.leaf([rng.int(1, 3), draft.size(13), draft.size(13), channels], { whole: true });
  const transposed = rng.chance(0.1);
  const first = transposed ? upsampled(draft, image) : convolved(draft, image);
  if (!first) return undefined;
  let y = push(...first);
  if (rng.chance(0.5)) {
    const bias = draft.leaf([y.tensor.shape[3]], { low: -9, high: 3, whole: true });
    y = push('add', rng.chance(0.8) ? [y, bias] : [bias, y]);
  }
  if (rng.chance(0.15)) y = push('add', [y, draft.leaf(y.tensor.shape, { whole: true })]);
  const act = rng.chance(0.8) ? rng.pick(ACTIVATIONS) : undefined;
  if (act) {
    const [name, args, most] = act;
    const largest = y.value.data.reduce((max, x) => Math.max(max, Math.abs(x)), 1);
    if (most !== undefined) y = push('scale', [y], [2 ** -Math.ceil(Math.log2(largest / most))]);
    y = push(name, [y], args);
  }
  const pools = rng.chance(0.2) ? 2 : 1;
  for (let i = 0; i < pools; i++) {
    const options = pooling(draft, y);
    if (options) push(rng.chance(0.75) ? 'maxPool2d' : 'averagePool2d', [y], [options]);
  }
  if (rng.chance(0.2)) push(rng.pick<OpName>(['relu', 'tanh', 'square']), [made.at(-1)!]);
  // Both send a gradient to the convolution: one to what the windows see, one to all of it.
  if (rng.chance(0.2)) {
    push('add', [push('reduceSum', [made.at(-1)!]), push('reduceSum', [rng.chance(0.5) ? y : made[0]])]);
  }
  return made;
}

type Step = readonly [name: OpName, inputs: readonly Value[], args: readonly unknown[]];

const size = ({ tensor: { shape } }: Value): Pair => [shape[1], shape[2]];

function convolved(draft: Draft, x: Value): Step | undefined {
  const { rng } = draft;
  const channels = x.tensor.shape[3];
  const groups = rng.chance(0.75) ? 1 : rng.pick([channels, ...[2, 4].filter((n) => channels % n === 0)]);
  const kernel = rng.pick<Pair>([[1, 1], [3, 3], [5, 5], [2, 3], [1, 4]]); // prettier-ignore
  const options = {
    stride: rng.pick([1, 1, 1, 2, [2, 1]]),
    dilation: rng.pick([1, 1, 1, 2, [1, 3]]),
    padding: rng.pick(['valid', 'valid', 'same', [1, 0, 2, 1]]),
    groups,
  };
  if (!twinFits(size(x), kernel, options)) return undefined;
  const filters = groups * rng.pick([1, 3, 4, 5, 8, 13, ...(groups === 1 ? [16, 33] : [])]);
  const weights = draft.leaf([...kernel, channels / groups, filters], { low: -2, high: 2, whole: true });
  return ['conv2d', [x, weights], [options]];
}

function upsampled(draft: Draft, x: Value): Step {
  const { rng } = draft;
  const filters = rng.pick([1, 3, 4, 8]);
  const weights = draft.leaf([3, 3, filters, x.tensor.shape[3]], { low: -2, high: 2, whole: true });
  return ['conv2dTranspose', [x, weights], [{ stride: rng.pick([1, 2]), padding: rng.pick(['same', 'valid']) }]]; // prettier-ignore
}

/** Windows side by side most of the time, else such as overlap, skip, spread or reach over the edge. */
function pooling(draft: Draft, y: Value): Record<string, unknown> | undefined {
  const { rng } = draft;
  const poolSize = rng.pick<number | Pair>([1, 2, 2, 2, 3, [2, 3], [3, 1]]);
  const options = {
    poolSize,
    ...(rng.chance(0.35) && { stride: rng.pick([1, 2, 3, [3, 2]]) }),
    ...(rng.chance(0.3) && { padding: 'same' }),
    ...(rng.chance(0.15) && { dilation: rng.pick([2, [2, 1]]) }),
  };
  return windowFits(size(y), poolSize, options) ? options : undefined;
}

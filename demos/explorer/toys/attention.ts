import { gradients } from '../../../src/graph/autodiff.ts';
import { rotary } from '../../../src/ops/attention/rotary.ts';
import { attention } from '../../../src/ops/attention/attention.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { line, lowered, targets, tensor } from './toy.ts';
import type { Small, Toy } from './toy.ts';

/** One head of four queries and keys of four numbers; of eight for the tiles, so that their products take two steps. */
function attended(variant: 'naive' | 'broadcast' | 'one_pass' | 'tiled', isGradient: boolean) {
  const shape = [1, 4, 1, variant === 'tiled' ? 8 : 4];
  const operands = ['q', 'k', 'v'].map((name) => tensor(name, shape));
  const y = attention(operands[0], operands[1], operands[2], { causal: true });
  const output = isGradient ? gradients(reduceSum(multiply(y, tensor('weight', shape))), operands) : y;
  const target = variant === 'naive' || variant === 'tiled' ? targets.gpu : targets.subgroups;
  return lowered(output, { target, variants: { [isGradient ? 'attentionGradient' : 'attention']: variant } });
}

const title = 'attention of 4 queries to the 4 keys before and at them';
const gradient = `the gradient of ${title}`;

/** The only tile, of four invocations, that take four numbers of each row at a time. */
const tile: Small = { constants: { LANES: 2, DEPTH: 1, PART: 4 }, workgroups: [1, 1, 1] };

/** A query of one head to a cache of eight positions, of which five are filled. */
function decoded() {
  const [q, k, v] = [1, 8, 8].map((steps, i) => tensor('qkv'[i], [1, steps, 1, 4]));
  return lowered(attention(q, k, v, { lengths: tensor('lengths', [1], 'i32') }));
}

export const toys: readonly Toy[] = [
  {
    kernel: 'attention/decode_parts',
    title: 'attention of one query to a cache with 5 of 8 keys, in two parts',
    lower: decoded,
    values: { lengths: [5] },
  },
  {
    kernel: 'attention/decode_combine',
    title: 'attention of one query to a cache with 5 of 8 keys, put together',
    lower: decoded,
    values: { lengths: [5] },
  },
  {
    kernel: 'attention/rotary',
    title: 'four steps of four numbers, turned by their positions',
    lower: () => lowered(rotary(tensor('x', [1, 4, 1, 4]))),
    small: line(8, 4),
  },
  { kernel: 'attention/1_naive', title, lower: () => attended('naive', false), small: line(4, 2) },
  { kernel: 'attention/2_broadcast', title, lower: () => attended('broadcast', false) },
  {
    kernel: 'attention/3_tiled',
    title,
    lower: () => attended('tiled', false),
    small: tile,
  },
  {
    kernel: 'attention/gradient_statistics',
    title: `what all keys of a query share in ${gradient}`,
    lower: () => attended('naive', true),
    small: line(4, 2),
  },
  {
    kernel: 'attention/gradient_1_naive',
    title: `${gradient}, by the queries`,
    lower: () => attended('naive', true),
    small: line(4, 2),
  },
  {
    kernel: 'attention/gradient_3_one_pass',
    title: `${gradient}, by queries, keys and values`,
    lower: () => attended('one_pass', true),
  },
  {
    kernel: 'attention/gradient_2_broadcast',
    title: `${gradient}, by the queries`,
    lower: () => attended('broadcast', true),
  },
  {
    kernel: 'attention/gradient_4_tiled',
    title: `${gradient}, by the queries`,
    lower: () => attended('tiled', true),
    small: tile,
  },
];

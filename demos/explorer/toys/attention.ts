import { gradients } from '../../../src/graph/autodiff.ts';
import { attention } from '../../../src/ops/attention/attention.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { line, lowered, targets, tensor } from './toy.ts';
import type { Toy } from './toy.ts';

/** One head of four queries and keys of four numbers. */
function attended(variant: 'naive' | 'broadcast', isGradient: boolean) {
  const shape = [1, 4, 1, 4];
  const operands = ['q', 'k', 'v'].map((name) => tensor(name, shape));
  const y = attention(operands[0], operands[1], operands[2], { causal: true });
  const output = isGradient ? gradients(reduceSum(multiply(y, tensor('weight', shape))), operands) : y;
  const target = variant === 'naive' ? targets.gpu : targets.subgroups;
  return lowered(output, { target, variants: { [isGradient ? 'attentionGradient' : 'attention']: variant } });
}

const title = 'attention of 4 queries to the 4 keys before and at them';
const gradient = `the gradient of ${title}`;

export const toys: readonly Toy[] = [
  { kernel: 'attention/1_naive', title, lower: () => attended('naive', false), small: line(4, 2) },
  { kernel: 'attention/2_broadcast', title, lower: () => attended('broadcast', false) },
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
    kernel: 'attention/gradient_2_broadcast',
    title: `${gradient}, by the queries`,
    lower: () => attended('broadcast', true),
  },
];

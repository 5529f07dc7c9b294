import { gradients } from '../../../src/graph/autodiff.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { gru, lstm, simpleRnn } from '../../../src/ops/recurrent/recurrent.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { lowered, tensor } from './toy.ts';
import type { Toy } from './toy.ts';

const NETWORKS = [
  { name: 'simple_rnn', variant: 'simpleRnn', title: 'simple recurrent network', op: simpleRnn, gates: 1 },
  { name: 'gru', variant: 'gru', title: 'GRU', op: gru, gates: 3 },
  { name: 'lstm', variant: 'lstm', title: 'LSTM', op: lstm, gates: 4 },
] as const;

const [BATCH, STEPS, UNITS] = [2, 3, 2];

/** A sequence of three steps through two units, for two rows of a batch that share a workgroup. */
export const toys: readonly Toy[] = NETWORKS.flatMap(({ name, variant, title, op, gates }): Toy[] => {
  const run = () => {
    const columns = gates * UNITS;
    const weights = [tensor('kernel', [1, columns]), tensor('recurrentKernel', [UNITS, columns])] as const;
    return { ...op(tensor('x', [BATCH, STEPS, 1]), ...weights), weights };
  };
  const variants = { [variant]: 'sequence:2x1', [`${variant}Gradient`]: 'sequence:2x1' };
  return [
    {
      kernel: `recurrent/${name}`,
      title: `a ${title} of ${UNITS} units over ${STEPS} steps`,
      lower: () => lowered(run().outputs, { variants }),
    },
    {
      kernel: `recurrent/${name}_gradient`,
      title: `the gradient of a ${title} of ${UNITS} units over ${STEPS} steps`,
      lower: () => {
        const { outputs, weights } = run();
        const loss = reduceSum(multiply(outputs, tensor('weight', [BATCH, STEPS, UNITS])));
        return lowered(gradients(loss, weights), { variants });
      },
    },
  ];
});

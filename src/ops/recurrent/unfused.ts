import { fill } from '../core/leaves.ts';
import { withScope } from '../core/node.ts';
import type { Op, Target, Tensor } from '../core/op.ts';
import type { Shape } from '../core/shape.ts';
import { concat } from '../movement/concat.ts';
import { slice } from '../movement/movement.ts';
import type { RecurrentActivation } from './activations.ts';
import type { Cell } from './cells.ts';
import { inputsOf } from './sequence.ts';
import type { SequenceAttrs } from './sequence.ts';
import { unrolled } from './unrolled.ts';

/** Compiling takes time in proportion to the steps. */
const MOST_STEPS = 8;
/** Products of a step's h U from which on its matrix product is the faster one. */
const LEAST_PRODUCTS = 2 ** 21;

/**
 * The rule. A kernel of the whole sequence reads the weights anew for each few rows of the batch, where a matrix product shares
 * them among all; the graph has a dozen dispatches for each step instead of one for all. Measured on lavapipe (two cores, busy),
 * an LSTM forward and backward, ms:
 *
 * | batch, steps, units | products of a step | kernel | graph |
 * | 1, 4, 64 | 16,384 | 0.9 | 3.0 |
 * | 32, 4, 64 | 524,288 | 4.0 | 6.3 |
 * | 256, 4, 64 | 4,194,304 | 19.7 | 15.7 |
 * | 32, 4, 256 | 8,388,608 | 35.9 | 28.3 |
 * | 16, 8, 512 | 16,777,216 | 307 | 202 |
 * | 32, 1, 256 | 8,388,608 | 10.0 | 4.2 |
 * | 64, 2, 512 | 67,108,864 | 429 | 104 |
 * | 1024, 4, 256 | 268,435,456 | 2531 | 846 |
 *
 * On a GPU, where a dispatch costs more and the weights come from its cache, it is the kernel.
 */
export const isFasterUnrolled = (
  gates: number,
  [batch, steps, units]: Shape,
  { software }: Target,
): boolean => software && steps <= MOST_STEPS && batch * gates * units ** 2 >= LEAST_PRODUCTS;

/** The op's `unfused`: h of each step, and what is read of what the kernel keeps, the LSTM's c. */
/* @__NO_SIDE_EFFECTS__ */
export const unfusedSequence =
  (
    cell: Cell,
    functions: Readonly<Record<RecurrentActivation, (x: Tensor) => Tensor>>,
  ): Op<SequenceAttrs>['unfused'] =>
  ({ attrs, outputs: [{ shape }], label }, inputs, target) => {
    if (!isFasterUnrolled(cell.gates, shape, target)) return undefined;
    const { projected, weights, recurrentBias, mask, initial } = inputsOf({ inputs, attrs });
    const [batch, steps, units] = shape;
    return withScope(label, () => {
      const { outputs, cells } = unrolled(cell, projected, weights, {
        activation: functions[attrs.activation],
        recurrentActivation: functions[attrs.recurrentActivation],
        reversed: attrs.reversed,
        recurrentBias,
        mask,
        initial:
          initial && Array.from({ length: cell.states }, (_, i) => slice(initial, [i * batch, 0], [batch, units])), // prettier-ignore
        resetAfter: true,
      });
      if (cell.kept === 0) return [outputs];
      return [outputs, concat([fill([batch, steps, (cell.kept - 1) * units], 0), cells])];
    });
  };

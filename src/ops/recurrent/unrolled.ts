import { fill } from '../core/leaves.ts';
import type { Tensor } from '../core/op.ts';
import { add, multiply, subtract, where } from '../elementwise/elementwise.ts';
import { matmul } from '../matmul/matmul.ts';
import { concat } from '../movement/concat.ts';
import { reshape, slice } from '../movement/movement.ts';
import type { Cell } from './cells.ts';

type Activate = (x: Tensor) => Tensor;

export interface UnrolledOptions {
  readonly activation: Activate;
  readonly recurrentActivation: Activate;
  readonly reversed: boolean;
  readonly recurrentBias?: Tensor;
  readonly mask?: Tensor;
  /** h, and for the LSTM c. */
  readonly initial?: readonly Tensor[];
  /** What h is multiplied with before each step. */
  readonly stateFactor?: Tensor;
  /** GRU: what is added to h U of each step, [batch, steps, gates · units]. */
  readonly besideState?: Tensor;
  /** GRU: the reset gate multiplies h U + b instead of h. */
  readonly resetAfter: boolean;
}

/** From x W + b of a step, [batch, gates · units], and the states before it, those after it; `beside` is added to h U. */
type Step = (projected: Tensor, states: readonly Tensor[], beside?: Tensor) => readonly Tensor[];

function stepOf({ name }: Cell, weights: Tensor, options: UnrolledOptions): Step {
  const { activation: phi, recurrentActivation: rho, recurrentBias, resetAfter } = options;
  const [units] = weights.shape;
  const gate = (sums: Tensor, g: number, count = 1) =>
    slice(sums, [0, g * units], [sums.shape[0], count * units]);
  if (name === 'simpleRnn') return (projected, [h]) => [phi(add(projected, matmul(h, weights)))];
  if (name === 'lstm') {
    return (projected, [h, c]) => {
      const sums = add(projected, matmul(h, weights));
      const [i, f, o] = [0, 1, 3].map((g) => rho(gate(sums, g)));
      const cell = add(multiply(f, c), multiply(i, phi(gate(sums, 2))));
      return [multiply(o, phi(cell)), cell];
    };
  }
  return (projected, [h], beside) => {
    const ofState = (state: Tensor, first: number, count: number) => {
      const product = matmul(state, gate(weights, first, count));
      const sums = beside ? add(product, gate(beside, first, count)) : product;
      return recurrentBias ? add(sums, slice(recurrentBias, [first * units], [count * units])) : sums;
    };
    const gates = rho(add(gate(projected, 0, 2), ofState(h, 0, 2)));
    const [z, r] = [gate(gates, 0), gate(gates, 1)];
    const seen = resetAfter ? multiply(r, ofState(h, 2, 1)) : ofState(multiply(r, h), 2, 1);
    const candidate = phi(add(gate(projected, 2), seen));
    return [add(multiply(z, h), multiply(subtract(1, z), candidate))];
  };
}

export interface Unrolled {
  readonly outputs: Tensor;
  /** After the last step. */
  readonly states: readonly Tensor[];
  /** Of each step: the LSTM's c, [batch, steps, units]; of other cells the outputs. */
  readonly cells: Tensor;
}

/** The sequence as a graph of other ops, step after step: for what the kernels of whole sequences leave out. */
export function unrolled(cell: Cell, projected: Tensor, weights: Tensor, options: UnrolledOptions): Unrolled {
  const { mask, initial, stateFactor, reversed, besideState } = options;
  const [batch, steps, columns] = projected.shape;
  const [units] = weights.shape;
  const step = stepOf(cell, weights, options);
  const at = (x: Tensor, t: number) => reshape(slice(x, [0, t, 0], [batch, 1, columns]), [batch, columns]);
  let states = initial ?? Array.from({ length: cell.states }, () => fill([batch, units], 0));
  const kept: (readonly Tensor[])[] = [];
  for (let s = 0; s < steps; s++) {
    const t = reversed ? steps - 1 - s : s;
    const [h, ...others] = states;
    const before = stateFactor ? [multiply(h, stateFactor), ...others] : states;
    const next = step(at(projected, t), before, besideState && at(besideState, t));
    const counts = mask && slice(mask, [0, t], [batch, 1]);
    states = counts ? next.map((state, i) => where(counts, state, states[i])) : next;
    kept[t] = states;
  }
  const ofSteps = (pick: (own: readonly Tensor[]) => Tensor) =>
    concat(kept.map((own) => reshape(pick(own), [batch, 1, units])), 1); // prettier-ignore
  return { outputs: ofSteps(([h]) => h), states, cells: ofSteps((own) => own.at(-1)!) };
}

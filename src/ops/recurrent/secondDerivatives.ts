import { fill } from '../core/leaves.ts';
import type { Equivalent, Node, Op, Tensor } from '../core/op.ts';
import { concat } from '../movement/concat.ts';
import { slice } from '../movement/movement.ts';
import { GRU, LSTM, SIMPLE_RNN } from './cells.ts';
import type { Cell } from './cells.ts';
import { functions, gruGradientOp, lstmGradientOp, simpleRnnGradientOp } from './recurrent.ts';
import { inputsOf } from './sequence.ts';
import type { GradientAttrs, SequenceAttrs } from './sequence.ts';
import { unrolled } from './unrolled.ts';

/**
 * The gradient as that of the unrolled sequence. It begins at the inputs of the sequence's own node, which what is kept came
 * from, so that no gradient has to pass what is kept.
 */
const ofUnrolled = (cell: Cell): Equivalent<GradientAttrs> => ({
  graph({ inputs: [, known, dHidden, ...rest], outputs, attrs }, of, pullBack) {
    const sequence: Node<SequenceAttrs> = known.node;
    const { mask, ...own } = inputsOf(sequence);
    const [projected, weights] = [of(own.projected), of(own.weights)];
    const [, steps, units] = dHidden.shape;
    const first = own.initial && of(own.initial);
    const batch = dHidden.shape[0];
    const initial = first && Array.from({ length: cell.states }, (_, i) => slice(first, [i * batch, 0], [batch, units])); // prettier-ignore
    const besideState = cell.resets ? fill(projected.shape, 0) : undefined;
    const found = unrolled(cell, projected, weights, {
      activation: functions[attrs.activation],
      recurrentActivation: functions[attrs.recurrentActivation],
      reversed: attrs.reversed,
      recurrentBias: own.recurrentBias && of(own.recurrentBias),
      mask,
      initial,
      besideState,
      resetAfter: true,
    });
    const dKept = attrs.cells ? of(rest.at(-1)!) : undefined;
    const dCells = dKept && slice(dKept, [0, 0, (cell.kept - 1) * units], [batch, steps, units]);
    const wrt = [projected, ...(besideState ? [besideState] : []), ...(initial ?? [])];
    const all = pullBack([found.outputs, found.cells], [of(dHidden), dCells], wrt);
    const slopes = all.map((slope, i): Tensor => slope ?? fill(wrt[i].shape, 0));
    const count = outputs.length - (initial ? 1 : 0);
    return [...slopes.slice(0, count), ...(initial ? [concat(slopes.slice(count), 0)] : [])];
  },
});

export const ofRecurrent = (): [Op, Equivalent][] => [
  [lstmGradientOp, ofUnrolled(LSTM)],
  [gruGradientOp, ofUnrolled(GRU)],
  [simpleRnnGradientOp, ofUnrolled(SIMPLE_RNN)],
];

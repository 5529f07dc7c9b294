import { ops } from '../../src/index.ts';
import type { Gpu, Network, Program, Tensor } from '../../src/index.ts';
import { applyAll } from '../../src/ops/core/node.ts';
import { gruOp, lstmOp } from '../../src/ops/recurrent/recurrent.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { FIRST, GATE_TEXELS, GATES, KEPT, MONTHS, WINDOWS } from './protocol.ts';
import type { Opened } from './protocol.ts';

/** What the network makes of every window, and the numbers in its cell, as pictures and for reading. */
export interface CellView {
  readonly program: Program;
  /** [windows, steps, 1] */
  readonly windows: Tensor;
  /** [1, windows]: 1 for the window that is opened, else 0. */
  readonly chosen: Tensor;
  /** By the names of their panels. */
  readonly sources: readonly (readonly [panel: string, source: TensorSource])[];
  /** The numbers of the opened window. */
  readonly read: () => Promise<Omit<Opened, 'month' | 'inputs'>>;
}

interface Shape {
  readonly cell: 'lstm' | 'gru';
  readonly units: number;
  readonly steps: number;
}

/** Of the op, as the layers have them. */
const ATTRIBUTES = {
  activation: 'tanh',
  recurrentActivation: 'sigmoid',
  reversed: false,
  masked: false,
  initial: false,
} as const;

/** Between 0 and 1, so that their colours are not scaled. */
const isGate = (name: string) => ['input', 'forget', 'output', 'update', 'reset'].includes(name);

/**
 * Compiles a program with the outputs `forecasts` [windows, 1]; a picture [MONTHS, GATE_TEXELS] of each gate, the candidate and
 * the state in the last step of every window, zeros for months that are not forecast; and `opened`, the numbers of one
 * window. The recurrent layer is the kernel of the training, which keeps its gates for the gradient.
 */
export async function compileCellView(gpu: Gpu, network: Network, shape: Shape): Promise<CellView> {
  const { cell, units, steps } = shape;
  const gates = GATES[cell];
  const windows = ops.input('windows', [WINDOWS, steps, 1]);
  const chosen = ops.input('chosen', [1, WINDOWS]);
  const [weight, recurrent, bias, second] = network.variables;
  const recurrentBias = cell === 'gru' ? second : undefined;
  const names: string[] = [];
  const program = await gpu.compile(
    () => {
      const product = ops.matmul(ops.reshape(windows, [WINDOWS * steps, 1]), ops.read(weight));
      const projected = ops.reshape(ops.add(product, ops.read(bias)), [WINDOWS, steps, gates * units]);
      const biases = recurrentBias ? [ops.read(recurrentBias)] : [];
      const [hidden, kept] = applyAll(
        { lstm: lstmOp, gru: gruOp }[cell],
        [projected, ops.read(recurrent), ...biases],
        { ...ATTRIBUTES, biased: recurrentBias !== undefined },
      );
      /** [windows, units] of the last step. */
      const last = (tensor: Tensor, at: number) =>
        ops.reshape(ops.slice(tensor, [0, steps - 1, at * units], [WINDOWS, 1, units]), [WINDOWS, units]);
      const outputs: Record<string, Tensor> = { one: ops.fill([1], 1) };
      const picture = (name: string, values: Tensor) => {
        const all = ops.concat([ops.fill([FIRST, units], 0), values], 0);
        outputs[name] = ops.repeat(all, GATE_TEXELS / units, 1);
        if (!isGate(name)) outputs[`largest:${name}`] = ops.reduceMax(ops.abs(values));
        names.push(name);
      };
      KEPT[cell].forEach((name, at) => {
        if (name !== 'product' && name !== 'before') picture(name, last(kept, at));
      });
      picture('state', last(hidden, 0));
      outputs.forecasts = network.layers.at(-1)!.call(last(hidden, 0), { training: false });

      const pick = (tensor: Tensor) => ops.matmul(chosen, ops.reshape(tensor, [WINDOWS, -1]));
      const states = ops.reshape(pick(hidden), [steps, units]);
      const none = ops.fill([1, units], 0);
      const before = steps > 1 ? ops.concat([none, ops.slice(states, [0, 0], [steps - 1, units])], 0) : none;
      const sums = ops.matmul(before, ops.read(recurrent));
      const fromState = recurrentBias ? ops.add(sums, ops.read(recurrentBias)) : sums;
      const parts = [
        pick(kept),
        pick(projected),
        ops.reshape(fromState, [1, -1]),
        ops.reshape(states, [1, -1]),
      ];
      outputs.opened = ops.concat(parts, 1);
      return outputs;
    },
    { label: 'view' },
  );
  const strides = { tileStride: 0, rowStride: 1, columnStride: GATE_TEXELS };
  const source = (name: string): TensorSource => ({
    kind: 'tensor',
    values: program.location(name),
    largest: program.location(isGate(name) ? 'one' : `largest:${name}`),
    count: 1,
    width: MONTHS,
    height: GATE_TEXELS,
    ...strides,
    // Gates seldom come near 0 or 1.
    gamma: isGate(name) ? 2 : 0.8,
  });
  const sizes = [5, gates, gates, 1].map((numbers) => numbers * steps * units);
  return {
    program,
    windows,
    chosen,
    sources: [...new Set(names)].map((name) => [name, source(name)] as const),
    async read() {
      const all = (await program.read('opened')) as Float32Array;
      let from = 0;
      const [kept, fromInput, fromState, hidden] = sizes.map((size) => all.slice(from, (from += size)));
      return { kept, fromInput, fromState, hidden };
    },
  };
}

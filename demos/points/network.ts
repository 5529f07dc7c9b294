import { dense, ops } from '../../src/index.ts';
import type { Gpu, Network, NetworkOptions, Program, Tensor } from '../../src/index.ts';
import { chained } from '../../src/nn/sequence.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { GRID } from './protocol.ts';
import type { settings } from './settings.ts';

/** Points of a step, chosen at random. */
export const BATCH = 64;

type Shape = Pick<ValuesOf<typeof settings>, 'layers' | 'units' | 'activation' | 'seed'>;

/** From the two coordinates of a point to the logit of its being blue. */
export function network({ layers, units, activation, seed }: Shape): NetworkOptions {
  const hidden = Array.from({ length: layers }, () => dense({ units, activation }));
  return chained([...hidden, dense({ units: 1 })], { inputShape: [2], seed });
}

/** The outputs of the network and of each of its neurons at every place of the plane. */
export function compileView(gpu: Gpu, { layers }: Network): Promise<Program> {
  const places = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
    const [row, column] = [Math.floor(i / 2 / GRID), Math.floor(i / 2) % GRID];
    const along = (place: number) => (2 * (place + 0.5)) / GRID - 1;
    return i % 2 === 0 ? along(column) : -along(row);
  });
  return gpu.compile(
    () => {
      const outputs: Record<string, Tensor> = { 'largest:field': ops.fill([1], 1) };
      let values: Tensor = ops.constant(places, [GRID * GRID, 2]);
      layers.forEach((layer, i) => {
        values = layer.call(values, { training: false });
        outputs[`layer:${i}`] = values;
        outputs[`largest:layer:${i}`] = ops.reduceMax(ops.abs(values));
      });
      // The probability of blue less that of orange: σ(z) − σ(−z) = tanh(z / 2).
      outputs.field = ops.tanh(ops.multiply(values, 0.5));
      return outputs;
    },
    { label: 'view' },
  );
}

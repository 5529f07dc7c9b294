import { ops } from '../../src/index.ts';
import type { Gpu, Network, Program, Tensor } from '../../src/index.ts';
import type { TensorSource } from './tiles.ts';

/**
 * Compiles what a network of dense layers, from two coordinates to the logit of "blue", gives at side × side places of the
 * plane from −1 to 1: `field`, from −1, orange, to 1, blue; and `layer:<i>`, the values of the neurons of each hidden layer.
 */
export function compilePlaneView(gpu: Gpu, { layers }: Network, side: number): Promise<Program> {
  const places = Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const [row, column] = [Math.floor(i / 2 / side), Math.floor(i / 2) % side];
    const along = (place: number) => (2 * (place + 0.5)) / side - 1;
    return i % 2 === 0 ? along(column) : -along(row);
  });
  return gpu.compile(
    () => {
      const outputs: Record<string, Tensor> = { 'largest:field': ops.fill([1], 1) };
      let values: Tensor = ops.constant(places, [side * side, 2]);
      layers.forEach((layer, i) => {
        values = layer.call(values, { training: false });
        if (i === layers.length - 1) return;
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

/** Each output [places, count] of such a program as `count` pictures of the plane, for the panel of its name. */
export function planeSources(view: Program, side: number): [panel: string, source: TensorSource][] {
  const names = Object.keys(view.build.outputs).filter((name) => !name.startsWith('largest:'));
  return names.map((name) => {
    const count = view.build.outputs[name].shape[1];
    const [values, largest] = [name, `largest:${name}`].map((output) => view.location(output));
    const strides = { tileStride: 1, rowStride: side * count, columnStride: count };
    return [name, { kind: 'tensor', values, largest, width: side, height: side, count, ...strides }];
  });
}

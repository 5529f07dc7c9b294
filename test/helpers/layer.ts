import { expect } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import { model } from '../../src/nn/model.ts';
import type { Model } from '../../src/nn/model.ts';
import { multiply } from '../../src/ops/elementwise/elementwise.ts';
import { constant, read } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { finiteDifference } from './close.ts';
import { evaluate, testGpu } from './evaluate.ts';

/** Values of a layer's weights by their names within the layer: `weight`, `bias`. */
export type Weights = Record<string, Array64>;

/** The float64 twin of a layer: its output for inputs [N, ...] and weights. */
export type LayerTwin = (inputs: readonly Array64[], weights: Weights) => Array64;

/** A model of one layer. */
export function modelOf(layer: Layer, inputs: readonly Array64[], dtype: 'f32' | 'i32' = 'f32'): Model {
  const entries = inputs.map(({ shape }) => modelInput({ shape: shape.slice(1), dtype }));
  return model({ inputs: entries, outputs: layer.apply(entries), seed: 7 });
}

/**
 * Holds a layer against its twin: its output shape, its outputs, and the gradients of Σ random · output by every weight
 * and every input against finite differences of the twin.
 */
export async function checkLayer(
  layer: Layer,
  inputs: readonly Array64[],
  twin: LayerTwin,
  { training = false, dtype = 'f32' }: { training?: boolean; dtype?: 'f32' | 'i32' } = {},
): Promise<{ model: Model; weights: Weights; output: Array64 }> {
  const network = modelOf(layer, inputs, dtype);
  const { variables } = layer;
  const gpu = await testGpu();
  gpu.variables.allocate(variables, 'weights');
  const weights: Weights = {};
  const short = (name: string) => name.slice(layer.name.length + 1);
  for (const { name, shape } of variables) {
    const variable = variables.find((v) => v.name === name)!;
    weights[short(name)] = array(shape, await gpu.variables.read(variable));
  }
  const expected = twin(inputs, weights);
  expect([inputs[0].shape[0], ...network.outputShape]).toEqual([...expected.shape]);
  const seeds = random(99, expected.shape);

  const differentiable = dtype === 'f32' ? inputs : [];
  const trainable = variables.filter((variable) => variable.trainable);
  const [output, ...found] = await evaluate(
    (...tensors) => {
      const y = network.call(tensors, { training });
      const loss = reduceSum(multiply(y, constant(Float32Array.from(seeds.data), seeds.shape)));
      const wrt = [...trainable.map(read), ...tensors.slice(0, differentiable.length)];
      return [y, ...gradients(loss, wrt).map((g, i) => g ?? wrt[i])];
    },
    inputs,
    { dtypes: inputs.map(() => dtype) },
  );
  expect(output).toBeAllClose(expected);

  const scalar = (y: Array64) => y.data.reduce((sum, value, i) => sum + value * seeds.data[i], 0);
  const tolerance = { rtol: 1e-3, atol: 1e-3 };
  trainable.forEach(({ name }, i) => {
    const own = short(name);
    const expectedGradient = finiteDifference(
      (w) => scalar(twin(inputs, { ...weights, [own]: w })),
      weights[own],
    );
    expect(found[i], `gradient of ${own}`).toBeAllClose(expectedGradient, tolerance);
  });
  differentiable.forEach((input, i) => {
    const expectedGradient = finiteDifference((x) => scalar(twin(inputs.toSpliced(i, 1, x), weights)), input);
    expect(found[trainable.length + i], `gradient of input ${i}`).toBeAllClose(expectedGradient, tolerance);
  });
  return { model: network, weights, output };
}

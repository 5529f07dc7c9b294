import { describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';
import { modelOf } from '../helpers/layer.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase } from './cases.ts';
import { camelCase, layerOf, ofClass } from './words.ts';

interface InitializerCase extends ParityCase {
  readonly input: readonly number[];
  readonly option: string;
  readonly initializer: string;
  readonly initializerConfig: Readonly<Record<string, unknown>>;
  readonly weight: string;
  readonly mean: number;
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

/** Keras's class with its configuration, as wgrad takes it. */
function initializerOf(name: string, config: Readonly<Record<string, unknown>>): unknown {
  if (Object.keys(config).length === 0) return ofClass(name);
  const words = { ...config } as Record<string, unknown>;
  if ('stddev' in words) words.deviation = words.stddev;
  delete words.stddev;
  delete words.seed;
  const values = Object.fromEntries(
    Object.entries(words).map(([option, value]) => [
      { minval: 'low', maxval: 'high' }[option] ?? option,
      typeof value === 'string' ? camelCase(value) : value,
    ]),
  );
  return { name: ofClass(name), ...values };
}

describe('initializers are those of Keras', () => {
  it.each(
    parityCases<InitializerCase>('initializers').map(
      (c, i) =>
        [`${caseName(c, i)} ${c.option} ${c.initializer} ${JSON.stringify(c.initializerConfig)}`, c] as const,
    ),
  )('%s', async (_name, own) => {
    const { keras, config, option, initializer, initializerConfig } = own;
    const layer = layerOf(api, keras, { ...config, [option]: initializerOf(initializer, initializerConfig) });
    modelOf(layer, [random(1, [1, ...own.input])]);
    const gpu = await testGpu();
    gpu.variables.allocate(layer.variables, 'weights');
    const name = { kernel: 'weight', depthwise_kernel: 'depthwise', pointwise_kernel: 'pointwise', embeddings: 'weight' }[own.weight]!; // prettier-ignore
    const weight = layer.weights.get(keras === 'DepthwiseConv2D' ? 'depthwise' : name)!;
    const values = await gpu.variables.read(weight);
    const count = values.length;
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    // Two samples, Keras's and this one: their means differ by σ √(2 / n), their deviations by less than σ / √n each (the
    // kurtosis of normal and of narrower distributions is at most 3). Five times that hardly ever occurs.
    const off = own.deviation * Math.sqrt(2 / count);
    expect(Math.abs(mean - own.mean)).toBeLessThan(5 * off);
    expect(Math.abs(Math.sqrt(variance) - own.deviation)).toBeLessThan(5 * off);
    // Ends: of a uniform distribution a sample comes within some 1 / n of the range; of a normal one the largest of n is
    // within about σ of √(2 ln n) σ. Cut-off ones Keras draws four times at most, which leaves 4e-6 of the numbers beyond
    // the cut, by up to half a deviation.
    const uniform = own.high - own.low < 3.6 * own.deviation;
    const untruncated =
      initializer === 'RandomNormal' || initializerConfig.distribution === 'untruncated_normal';
    const slack = uniform
      ? (own.high - own.low) * Math.max(0.01, 30 / count)
      : (untruncated ? 1.5 : 0.6) * own.deviation;
    if (!untruncated) {
      const limit = uniform ? Math.sqrt(3) : 2 / 0.8796256610342398;
      expect(Math.max(...values.map(Math.abs))).toBeLessThan(
        limit * own.deviation * (1 + 5 * Math.sqrt(2 / count)),
      );
    }
    expect(Math.abs(Math.min(...values) - own.low)).toBeLessThan(slack);
    expect(Math.abs(Math.max(...values) - own.high)).toBeLessThan(slack);
  });
});

import { describe, expect, it } from 'vitest';
import { dense } from '../../src/nn/layers/dense.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import {
  constantInitializer,
  fans,
  identityInitializer,
  initializerOf,
  initializers,
  orthogonalInitializer,
  randomNormalInitializer,
  truncatedNormalInitializer,
  varianceScalingInitializer,
} from '../../src/nn/initializers.ts';
import type { Initializer, InitializerName, VarianceScalingOptions } from '../../src/nn/initializers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { normal, truncatedNormal, uniform, uniformAt } from '../reference/random.ts';
import {
  fans as fansTwin,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
} from '../reference/initializers.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function filled(name: InitializerName, shape: readonly number[], key = { seed: 7, stream: 3 }): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  initializerOf(name)(data, shape, key);
  return data;
}

function moments(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length;
  return { mean, variance, largest: Math.max(...list.map(Math.abs)) };
}

const twins = Object.entries({
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
}) as [InitializerName, typeof heNormal][];

describe.each(twins)('%s', (name, twin) => {
  it.each([[[5, 3]], [[3, 3, 2, 4]], [[2, 1, 1, 1]], [[7]], [[]]])(
    'of shape %j: every value is that of the formula in float64',
    (shape) => {
      for (const key of [
        { seed: 7, stream: 3 },
        { seed: 2 ** 40 + 1, stream: 0 },
      ]) {
        const expected = twin(shape, key).data;
        expect(filled(name, shape, key)).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-7 });
      }
    },
  );

  it('has mean 0 and the variance of its paper', () => {
    const shape = [3, 3, 20, 50]; // fan in 180, fan out 450
    const { fanIn, fanOut } = fans(shape);
    const wanted = { gl: 2 / (fanIn + fanOut), he: 2 / fanIn, le: 1 / fanIn }[name.slice(0, 2)]!;
    const { mean, variance, largest } = moments(filled(name, shape));
    // Deviations of the estimates from 9000 values: σ/√n of the mean, at most σ² √(2/n) of the variance.
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(wanted / 9000));
    expect(Math.abs(variance / wanted - 1)).toBeLessThan(4 * Math.sqrt(2 / 9000));
    const limit = name.endsWith('Uniform') ? Math.sqrt(3) : 2 / 0.8796256610342398;
    expect(largest).toBeLessThanOrEqual(limit * Math.sqrt(wanted) * 1.000001);
    expect(largest).toBeGreaterThan(limit * Math.sqrt(wanted) * 0.98);
  });
});

it('fans are as in Keras', () => {
  expect(fans([4, 7])).toEqual({ fanIn: 4, fanOut: 7 });
  expect(fans([3, 5, 2, 8])).toEqual({ fanIn: 30, fanOut: 120 });
  for (const shape of [[6], [3, 5], [2, 3, 4, 5]]) expect(fans(shape)).toEqual(fansTwin(shape));
});

it('constants are constant, and normal values those of the generator', () => {
  expect([...filled('zeros', [3])]).toEqual([0, 0, 0]);
  expect([...filled('ones', [3])]).toEqual([1, 1, 1]);
  const data = new Float32Array(2);
  constantInitializer(0.5)(data, [2], { seed: 0, stream: 0 });
  expect([...data]).toEqual([0.5, 0.5]);
  const wide = new Float32Array(101);
  randomNormalInitializer(1, 0.02)(wide, [101], { seed: 5, stream: 2 });
  expect(wide).toBeAllClose(normal([101], { seed: 5, stream: 2 }, 1, 0.02).data, { rtol: 1e-6 });
});

describe('with parameters', () => {
  const key = { seed: 11, stream: 4 };
  const fill = (initializer: Initializer, shape: readonly number[]) => {
    const data = new Float32Array(sizeOf(shape));
    initializer(data, shape, key);
    return data;
  };

  it('truncated normal numbers are those of the generator', () => {
    const found = fill(truncatedNormalInitializer(1, 0.2), [101]);
    expect(found).toBeAllClose(truncatedNormal([101], key, 1, 0.2).data, { rtol: 1e-6 });
    expect(found.every((value) => Math.abs(value - 1) <= 0.4000001)).toBe(true);
    expect(fill(initializers.truncatedNormal, [50])).toEqual(fill(truncatedNormalInitializer(), [50]));
  });

  it.each([
    ['fanIn', 'truncatedNormal', 3 / 60],
    ['fanOut', 'uniform', 3 / 150],
    ['fanAvg', 'untruncatedNormal', 3 / 105],
  ] as const)('variance scaling by %s, %s', (mode, distribution, variance) => {
    const found = fill(varianceScalingInitializer({ scale: 3, mode, distribution }), [3, 20, 50]);
    const own = moments(found);
    expect(Math.abs(own.variance / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 3000));
    const expected = {
      uniform: () => uniform([3000], key, -Math.sqrt(3 * variance), Math.sqrt(3 * variance)),
      truncatedNormal: () => truncatedNormal([3000], key, 0, Math.sqrt(variance) / 0.8796256610342398),
      untruncatedNormal: () => normal([3000], key, 0, Math.sqrt(variance)),
    }[distribution]();
    expect(found).toBeAllClose(expected.data, { rtol: 1e-5, atol: 1e-6 });
  });

  it('the named ones are variance scalings, as in Keras', () => {
    const of = (options: VarianceScalingOptions) => fill(varianceScalingInitializer(options), [6, 9]);
    expect(of({ scale: 2 })).toEqual(fill(initializers.heNormal, [6, 9]));
    expect(of({ mode: 'fanAvg', distribution: 'uniform' })).toEqual(fill(initializers.glorotUniform, [6, 9]));
    expect(of({})).toEqual(fill(initializers.varianceScaling, [6, 9]));
  });

  it.each([[[6, 4]], [[4, 6]], [[5, 5]], [[3, 2, 2, 7]], [[2, 1, 9]], [[1, 4]]])(
    'orthogonal %j: products of its vectors are those of units',
    (shape) => {
      const found = fill(orthogonalInitializer(1.5), shape);
      const columns = shape.at(-1)!;
      const rows = found.length / columns;
      const tall = rows >= columns;
      const vector = (i: number) => found.filter((_, at) => (tall ? at % columns : Math.floor(at / columns)) === i); // prettier-ignore
      for (let i = 0; i < Math.min(rows, columns); i++) {
        for (let j = 0; j < Math.min(rows, columns); j++) {
          const product = vector(i).reduce((sum, value, k) => sum + value * vector(j)[k], 0);
          expect(product).toBeCloseTo(i === j ? 2.25 : 0, 5);
        }
      }
      expect(fill(orthogonalInitializer(1.5), shape)).toEqual(found);
    },
  );

  it('identity', () => {
    expect([...fill(identityInitializer(2), [2, 3])]).toEqual([2, 0, 0, 0, 2, 0]);
    expect([...fill(initializers.identity, [2, 2])]).toEqual([1, 0, 0, 1]);
  });

  it('stand by their configs, and say what is wrong', () => {
    const made = [
      truncatedNormalInitializer(0.5, 2),
      orthogonalInitializer(3),
      identityInitializer(2),
      varianceScalingInitializer({ mode: 'fanOut' }),
    ];
    for (const own of made) {
      const again = initializerOf(own.config!);
      expect(again.config).toEqual(own.config);
      expect(fill(again, [4, 4])).toEqual(fill(own, [4, 4]));
    }
    expect(made[3].config).toEqual({ name: 'varianceScaling', scale: 1, mode: 'fanOut', distribution: 'truncatedNormal' }); // prettier-ignore
    expect(() => varianceScalingInitializer({ mode: 'fan_in' as never })).toThrow(/mode is "fan_in"; choose one of fanIn, fanOut, fanAvg/); // prettier-ignore
    expect(() => varianceScalingInitializer({ scale: 0 })).toThrow(/scale is 0/);
    expect(() => truncatedNormalInitializer(0, -1)).toThrow(/deviation is -1/);
    expect(() => orthogonalInitializer(NaN)).toThrow(/gain is NaN; it must be a finite number/);
    expect(() => fill(orthogonalInitializer(), [3])).toThrow(/fills matrices and more, got \[3\]/);
    expect(() => fill(identityInitializer(), [3, 2, 2])).toThrow(/fills matrices, got \[3, 2, 2\]/);
    expect(() => initializerOf({ name: 'orthogonal', scale: 1 } as never)).toThrow(/no option "scale"/);
  });
});

it('every initializer has a name', () => {
  for (const name of Object.keys(initializers) as InitializerName[]) {
    expect(initializerOf(name)).toBe(initializers[name]);
  }
  expect(() => initializerOf('valueOf' as never)).toThrow(/no initializer "valueOf"; choose one of zeros/);
});

it('each variable of a model has numbers of its own, which the seed changes', async () => {
  const gpu = await testGpu();
  const weights = async (seed: number) => {
    const options = { units: 6, kernelInitializer: 'glorotUniform', biasInitializer: 'heUniform' } as const;
    const model = sequential([dense(options), dense(options)], { inputShape: [6], seed });
    await model.compile({ gpu, optimizer: 'sgd', loss: 'meanSquaredError' });
    const values = await gpu.variables.readAll(model.variables);
    return model.variables.map((variable) => [...values.get(variable)!]);
  };
  const [[w1, b1, w2, b2], other] = [await weights(9), await weights(10)];
  expect(w1).not.toEqual(w2);
  expect(b1).not.toEqual(b2);
  expect(other[0]).not.toEqual(w1);
  // Variables are numbered through the model: stream 2 is the second layer's weight.
  const limit = Math.sqrt(6 / 12);
  const expected = w2.map((_, i) => limit * (2 * uniformAt(i, { seed: 9, stream: 2 }) - 1));
  expect(w2).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-6 });
});

it('a function may initialise', async () => {
  const gpu = await testGpu();
  const diagonal = (data: Float32Array, shape: readonly number[]) => {
    for (let i = 0; i < shape[0]; i++) data[i * shape[1] + i] = 1;
  };
  const layers = [
    conv2d({ filters: 1, kernelSize: 1, kernelInitializer: constantInitializer(2) }),
    dense({ units: 3, kernelInitializer: diagonal }),
  ];
  const [convolution] = [sequential([layers[0]], { inputShape: [1, 3, 1] })];
  const identity = sequential([layers[1]], { inputShape: [3] });
  for (const model of [convolution, identity]) {
    await model.compile({ gpu, optimizer: 'sgd', loss: 'meanSquaredError' });
  }
  expect([...(await convolution.predict(Float32Array.of(1, 2, 3)))]).toEqual([2, 4, 6]);
  expect([...(await identity.predict(Float32Array.of(1, 2, 3)))]).toEqual([1, 2, 3]);
});

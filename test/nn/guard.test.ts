import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { dropout } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import type { Optimizer } from '../../src/nn/optimizers.ts';
import { add, log, negate, square } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { compiledTinyGan, arc } from './ganFixtures.ts';
import { clusters, weightsOf } from './modelFixtures.ts';
import { numericErrorOf } from '../helpers/numericError.ts';
const data = clusters(50);
const batchSize = 16;

/** Everything that a step changes: batch statistics, averages, moments, weights; with chance in it. */
async function compiledDeep(optimizer: Optimizer): Promise<Model> {
  const layers = [
    dense({ units: 8, activation: 'tanh' }),
    batchNormalization(),
    dropout(0.25),
    dense({ units: 3 }),
  ];
  return sequential(layers, { inputShape: [2], name: 'deep', seed: 3 }).compile({
    gpu: await testGpu(),
    optimizer,
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });
}

const make = (learningRate = 0.01) => adam({ learningRate, ema: { decay: 0.9 }, globalClipNorm: 1 });

describe('a fit', () => {
  it.each([
    ['far from its end', 1000],
    ['at its last step', 21],
  ])('with a weight that is NaN %s leaves all as it was before the step, to the bit', async (_, steps) => {
    const model = await compiledDeep(make());
    const [weight] = model.variables;
    const good = await model.compiled.gpu.variables.read(weight);
    const seen: number[] = [];
    let saved: Promise<Uint8Array> | undefined;
    const error = await numericErrorOf(
      model.fit(data, {
        steps,
        batchSize,
        beforeStep: (step) => {
          if (step !== 20) return;
          saved = model.save();
          return saved.then(async () => {
            good.set(await model.compiled.gpu.variables.read(weight));
            model.compiled.gpu.variables.write(weight, good.with(3, NaN));
          });
        },
        onSteps: (values) => seen.push(...values.map(({ step }) => step)),
      }),
    );
    expect([error.step, error.variable, model.step]).toEqual([20, 'dense.weight', 20]);
    expect(error.message).toMatch(
      /^deep: the weight dense\.weight was .*NaN or infinite at step 20\. The step was not made/,
    );
    expect(seen).toEqual(Array.from({ length: 21 }, (__, i) => i));
    await expect(model.save()).rejects.toThrow('tensor dense.weight is NaN at element 3');
    model.compiled.gpu.variables.write(weight, good);
    expect(await model.save()).toEqual(await saved);
    model.destroy();
  });

  it('whose loss overflows is stopped before the weights do, and goes on from there as if nothing had been', async () => {
    for (const learningRate of [1e6, 1e30, 3e38]) {
      const targets = dataset({ x: data.x.data, y: data.x.data, inputShape: [2], targetShape: [2] });
      const start = async (optimizer: Optimizer) =>
        sequential([dense({ units: 4 }), dense({ units: 2 })], {
          inputShape: [2],
          name: 'line',
          seed: 1,
        }).compile({
          gpu: await testGpu(),
          optimizer,
          loss: 'meanSquaredError',
        });
      const model = await start(sgd({ learningRate, momentum: 0.9 }));
      const error = await numericErrorOf(model.fit(targets, { steps: 400, batchSize }));
      expect(error.step).toBeLessThan(20);
      expect(model.step).toBe(error.step);
      const twin = await start(sgd({ learningRate, momentum: 0.9 }));
      await twin.fit(targets, { steps: error.step, batchSize });
      expect(await model.save()).toEqual(await twin.save());
      expect((await weightsOf(model)).every(Number.isFinite)).toBe(true);
      model.destroy();
      twin.destroy();
    }
  });

  it('with a metric that is NaN is stopped, though the weights are fine', async () => {
    const model = await sequential([dense({ units: 3 })], { inputShape: [2], name: 'plain' }).compile({
      gpu: await testGpu(),
      optimizer: sgd(),
      loss: 'softmaxCrossEntropy',
      metrics: [
        'accuracy',
        { name: 'broken', compute: (p) => log(negate(reduceSum(square(p), { axes: [1] }))) },
      ],
    });
    const weights = await weightsOf(model);
    const error = await numericErrorOf(model.fit(data, { steps: 9, batchSize }));
    expect(error.message).toMatch(/^plain: broken became NaN or infinite at step 0/);
    expect(await weightsOf(model)).toEqual(weights);
    model.destroy();
  });
});

describe('an evaluation', () => {
  it('as validation is refused where the loss overflows', async () => {
    const model = await sequential([dense({ units: 2 }), dense({ units: 3 })], {
      inputShape: [2],
      name: 'flat',
    }).compile({ gpu: await testGpu(), optimizer: sgd(), loss: 'softmaxCrossEntropy' });
    const far = dataset({
      x: (data.x.data as Float32Array).map((value) => value * 1e38),
      y: (data.y!.data as Uint8Array).map((label) => (label + 1) % 3),
      inputShape: [2],
    });
    const error = await numericErrorOf(model.fit(data, { steps: 4, batchSize, validationData: far }));
    expect(error.message).toMatch(
      /^flat: loss became NaN or infinite in samples 0 to 15 of .*The weights are finite/,
    );
    model.destroy();
  });

  it('of a weight that is NaN is refused and names it', async () => {
    const model = await compiledDeep(make());
    expect((await model.evaluate(data)).loss).toBeGreaterThan(0);
    const variance = model.variables.find(({ name }) => /variance/i.test(name))!;
    const good = await model.compiled.gpu.variables.read(variance);
    model.compiled.gpu.variables.write(variance, good.with(1, NaN));
    const error = await numericErrorOf(model.evaluate(data, { batchSize: 20 }));
    expect(error.message).toMatch(
      /^deep: loss.* became NaN or infinite in samples 0 to 19 of data set 'clusters 1'\. The weight batchNormalization\.\w+ is/,
    );
    expect(error.variable).toBe(variance.name);
    model.compiled.gpu.variables.write(variance, good);
    expect((await model.evaluate(data)).loss).toBeGreaterThan(0);
    model.destroy();
  });
});

describe('a GAN', () => {
  const mixed = (step: number) => (['both', 'generator', 'discriminator'] as const)[step % 3];

  it.each([
    ['generator', 12], // of both
    ['discriminator', 11], // of its own
    ['discriminator', 12],
  ] as const)(
    'with NaN in the %s at step %i is as before it: both networks, counts and moments',
    async (role, at) => {
      const gan = await compiledTinyGan();
      const real = arc(40);
      const { variables } = gan.compiled.gpu;
      const [weight] = gan[role].variables;
      let saved: Uint8Array | undefined;
      let good: Float32Array | undefined;
      const error = await numericErrorOf(
        gan.fit(real, {
          steps: 400,
          batchSize: 8,
          train: mixed,
          beforeStep: async (step) => {
            if (step !== at) return;
            saved = await gan.save();
            good = await variables.read(weight);
            variables.write(weight, good.with(1, NaN));
          },
        }),
      );
      expect([error.step, error.variable, gan.step]).toEqual([at, weight.name, at]);
      variables.write(weight, good!);
      expect(await gan.save()).toEqual(saved);
      gan.destroy();
    },
  );

  it('with a rate beyond reason equals one that was trained until then', async () => {
    const options = { discriminatorOptimizer: sgd({ learningRate: 1e38 }) };
    const gan = await compiledTinyGan(options);
    const error = await numericErrorOf(gan.fit(arc(40), { steps: 50, batchSize: 8 }));
    const twin = await compiledTinyGan(options);
    await twin.fit(arc(40), { steps: error.step, batchSize: 8 });
    expect(await gan.save()).toEqual(await twin.save());
    gan.destroy();
    twin.destroy();
  });
});

describe('moving statistics', () => {
  const channels = 5;
  const normalized = async (options: CompiledWith = {}) =>
    sequential([batchNormalization({ name: 'norm', momentum: 0.9 }), dense({ units: 1 })], {
      inputShape: [channels],
      name: 'moving',
      seed: 2,
    }).compile({ gpu: await testGpu(), optimizer: sgd(), loss: 'meanSquaredError', ...options });
  type CompiledWith = { optimizer?: Optimizer };
  const rows = (value: number, at: number) => {
    const x = Array.from({ length: 4 }, (_, i) =>
      Array.from({ length: channels }, (__, c) => Math.cos(i + c)),
    );
    x[0][at] = value;
    x[1][at] = -value;
    return dataset({ x, y: [1, 2, 3, 4], inputShape: [channels], targetShape: [1] });
  };

  it.each([0, 4])(
    'whose variance of channel %i overflows f32 are not changed, nor is anything else',
    async (at) => {
      const model = await normalized();
      await model.fit(rows(1, at), { epochs: 2 });
      const before = await weightsOf(model);
      const error = await numericErrorOf(model.fit(rows(1e30, at), { epochs: 4, resume: true }));
      expect([error.step, error.variable, model.step]).toEqual([2, 'norm.movingVariance', 2]);
      expect(error.message).toMatch(
        /^moving: the update of norm\.movingVariance became .*NaN or infinite at step 2\. The step was not made/,
      );
      expect(await weightsOf(model)).toEqual(before);
      await model.save();
      model.destroy();
    },
  );

  it('that are NaN already are named, and the step is not made', async () => {
    const model = await normalized();
    const { variables } = model.compiled.gpu;
    const mean = model.variables.find(({ name }) => name === 'norm.movingMean')!;
    const others = model.variables.filter((own) => own !== mean);
    const before = await variables.readAll(others);
    variables.write(mean, new Float32Array(channels).with(2, NaN));
    const error = await numericErrorOf(model.fit(rows(1, 0), { epochs: 1 }));
    expect([error.step, error.variable]).toEqual([0, 'norm.movingMean']);
    expect(error.message).toContain('the weight norm.movingMean was');
    expect(await variables.readAll(others)).toEqual(before);
    model.destroy();
  });

  it('of one layer called twice follow both batches, or none', async () => {
    const gpu = await testGpu();
    const layer = batchNormalization({ momentum: 0.5, name: 'twice' });
    const net = sequential([layer, dense({ units: 1 })], { inputShape: [70] });
    const [a, b] = [input('a', [3, 70]), input('b', [2, 70])];
    const program = await gpu.compile((g) => {
      const sums = [a, b].map((x) => reduceSum(net.call(x, { training: true })));
      g.minimize(add(...(sums as [Tensor, Tensor])), net.trainableVariables, sgd({ learningRate: 1e-3 }));
      return {};
    });
    const batch = (length: number, seed: number) =>
      Float32Array.from({ length: length * 70 }, (_, i) => Math.sin(seed + 2.3 * i));
    const [first, second] = [batch(3, 1), batch(2, 7)];
    const statistics = net.variables.filter(({ name }) => name.includes('moving'));
    const expected = [0, 1].map((start, k) =>
      Float64Array.from({ length: 70 }, (_, c) =>
        [first, second].reduce((value, x) => {
          const column = Array.from({ length: x.length / 70 }, (__, i) => x[i * 70 + c]);
          const mean = column.reduce((s, v) => s + v, 0) / column.length;
          const variance = column.reduce((s, v) => s + (v - mean) ** 2, 0) / column.length;
          return (value + [mean, variance][k]) / 2;
        }, start),
      ),
    );
    const check = async () => {
      for (const [k, variable] of statistics.entries()) {
        expect(await gpu.variables.read(variable)).toBeAllClose(expected[k], { rtol: 1e-5, atol: 1e-6 });
      }
    };
    program.write(a, first);
    program.write(b, second);
    await program.step();
    await program.finish();
    await check();
    program.write(b, second.with(69, 1e20).with(139, -1e20));
    await program.step();
    await expect(program.finish()).rejects.toMatchObject({ step: 1, variable: 'twice.movingVariance' });
    await check();
    const labels = program.commands.map(({ label }) => label);
    expect(labels.filter((label) => label.endsWith('movingStatistics'))).toHaveLength(2);
    expect(labels.filter((label) => label === 'optimizer.accept')).toHaveLength(1);
    program.destroy();
  });
});

import { expect, it } from 'vitest';
import type { GanLossOptions, GanPart } from '../../src/nn/gan/index.ts';
import { ganGraph } from '../../src/nn/gan/step.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { l2 } from '../../src/nn/regularizers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { gatherBatch } from '../../src/ops/dataset/gatherBatch.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import { DeviceDataset } from '../../src/runtime/deviceDataset.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { arc, compiledTinyGan, weightsOf } from './ganFixtures.ts';

const batchSize = 8;
const data = arc(16);
const rate = (learningRate: number) => ({
  generatorOptimizer: sgd({ learningRate }),
  discriminatorOptimizer: sgd({ learningRate }),
});

/** Networks whose weights, and outputs, are charged for. */
const regularized = () => {
  const hidden = { activation: 'tanh', kernelRegularizer: l2(0.3), activityRegularizer: l2(0.2) } as const;
  const of = (units: number, seed: number) =>
    sequential([dense({ units: 4, ...hidden }), dense({ units, biasRegularizer: 'l2' })], {
      inputShape: [2],
      seed,
    });
  return { generator: of(2, 10), discriminator: of(1, 11) };
};

const cases: [string, Parameters<typeof compiledTinyGan>[0] & GanLossOptions][] = [
  ['the non-saturating loss', {}],
  ['the minimax loss', { generatorLoss: 'minimax' }],
  ['one-sided smoothing', { labelSmoothing: 0.2 }],
  ['two-sided smoothing and label noise', { labelSmoothing: { real: 0.1, fake: 0.05 }, labelNoise: 0.3 }],
  ['instance noise', { instanceNoise: 0.4 }],
  ['regularizers', regularized()],
];

it.each(cases)(
  'with %s each network descends its own loss, as finite differences show',
  async (_, losses) => {
    const gan = await compiledTinyGan({ ...losses, ...rate(1) });
    const before = await weightsOf(gan);
    await gan.fit(data, { steps: 1, batchSize });
    const after = await weightsOf(gan);
    const moved = after.map((value, i) => before[i] - value);

    // The same graph on the same batch, with the same noise, as often as it is wanted.
    const gpu = await testGpu();
    const uploaded = new DeviceDataset(gpu.device, data);
    const program = await gpu.compile(
      (g) => {
        const [{ tensor: source, location }] = uploaded.x.pieces;
        g.buffers.set(source, location);
        const graph = ganGraph(gan, gatherBatch({ source, batchSize }), 'both', gan.compiled.losses);
        return {
          generator: reduceMean(graph.generatorLoss),
          discriminator: reduceMean(graph.discriminatorLoss),
        };
      },
      { seed: gan.seed },
    );
    const gradients: number[] = [];
    let offset = 0;
    for (const variable of gan.variables) {
      gpu.variables.write(
        variable,
        Float32Array.from(before.slice(offset, (offset += sizeOf(variable.shape)))),
      );
    }
    offset = 0;
    for (const variable of gan.variables) {
      const own = before.slice(offset, (offset += sizeOf(variable.shape)));
      const loss = gan.generator.variables.includes(variable) ? 'generator' : 'discriminator';
      const lossAt = async (values: number[]) => {
        gpu.variables.write(variable, Float32Array.from(values));
        program.reset(0);
        await program.step();
        return (await program.read(loss))[0];
      };
      const h = 2 ** -5;
      for (const [i, value] of own.entries()) {
        gradients.push(
          ((await lossAt(own.with(i, value + h))) - (await lossAt(own.with(i, value - h)))) / (2 * h),
        );
      }
      gpu.variables.write(variable, Float32Array.from(own));
    }
    expect(moved).toBeAllClose(gradients, { rtol: 5e-3, atol: 2e-4 });
    gan.destroy();
  },
);

it('the losses and accuracies are those of the logits', async () => {
  const gan = await compiledTinyGan({ ...rate(0), labelSmoothing: { real: 0.1, fake: 0.2 } });
  const [weight, bias] = gan.discriminator.variables.slice(-2);
  const store = gan.compiled.gpu.variables;
  store.write(weight, new Float32Array(5)); // D gives its last bias for every image
  const softplus = (x: number) => Math.log1p(Math.exp(x));
  const values = async (logit: number) => {
    store.write(bias, Float32Array.of(logit));
    const { steps } = await gan.fit(data, { steps: 1, batchSize });
    return steps[0];
  };
  for (const logit of [1.5, -2]) {
    const { discriminatorLoss, generatorLoss, realAccuracy, fakeAccuracy } = await values(logit);
    const expected =
      0.9 * softplus(-logit) + 0.1 * softplus(logit) + 0.2 * softplus(-logit) + 0.8 * softplus(logit);
    expect(discriminatorLoss).toBeCloseTo(expected, 5);
    expect(generatorLoss).toBeCloseTo(softplus(-logit), 5);
    expect([realAccuracy, fakeAccuracy]).toEqual(logit > 0 ? [1, 0] : [0, 1]);
  }
  gan.destroy();
  const minimax = await compiledTinyGan({ ...rate(0), generatorLoss: 'minimax' });
  const [{ discriminatorLoss, generatorLoss }] = (await minimax.fit(data, { steps: 1, batchSize })).steps;
  expect(generatorLoss).toBeLessThan(0); // log(1 − D(G(z)))
  expect(discriminatorLoss).toBeGreaterThan(-generatorLoss);
  minimax.destroy();
});

it('regularizers of weights are counted in the loss of their network, once', async () => {
  const networks = (factor?: number) => {
    const own = factor === undefined ? {} : { kernelRegularizer: l2(factor) };
    const of = (units: number, seed: number) =>
      sequential([dense({ units, ...own })], { inputShape: [2], seed });
    return { generator: of(2, 10), discriminator: of(1, 11) };
  };
  const [plain, own] = [await compiledTinyGan(networks()), await compiledTinyGan(networks(0.5))];
  const cost = async (part: 'generator' | 'discriminator') =>
    0.5 * (await weightsOf(own, part)).reduce((sum, value) => sum + value * value, 0);
  const costs = [await cost('generator'), await cost('discriminator')]; // biases are 0
  const [expected, found] = [await plain.fit(data, { steps: 1, batchSize }), await own.fit(data, { steps: 1, batchSize })]; // prettier-ignore
  expect(found.steps[0].generatorLoss).toBeCloseTo(expected.steps[0].generatorLoss + costs[0], 5);
  expect(found.steps[0].discriminatorLoss).toBeCloseTo(expected.steps[0].discriminatorLoss + costs[1], 5);
  plain.destroy();
  own.destroy();
});

it.each<GanPart>(['generator', 'discriminator'])(
  'training the %s alone leaves every bit of the other',
  async (part) => {
    const gan = await compiledTinyGan();
    const other = part === 'generator' ? 'discriminator' : 'generator';
    const [own, kept] = [await weightsOf(gan, part), await weightsOf(gan, other)];
    const { steps } = await gan.fit(data, { steps: 5, batchSize, train: part });
    expect(await weightsOf(gan, other)).toEqual(kept);
    expect(await weightsOf(gan, part)).not.toEqual(own);
    expect(gan.updates).toEqual({ [part]: 5, [other]: 0 });
    expect(steps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
    for (const values of steps) expect(Object.values(values).every(Number.isFinite)).toBe(true);
    gan.destroy();
  },
);

it.each<[GanLossOptions, string]>([
  [{ labelSmoothing: 0.5 }, 'labelSmoothing.real is 0.5; it must be at least 0 and below 0.5'],
  [{ labelSmoothing: { real: 0, fake: -1 } }, 'labelSmoothing.fake is -1'],
  [{ labelNoise: NaN }, 'labelNoise is NaN'],
  [{ instanceNoise: Infinity }, 'instanceNoise is Infinity; it must be a finite number of at least 0'],
  [{ generatorLoss: 'wgan' as 'minimax' }, "generatorLoss is 'wgan'; choose nonSaturating or minimax"],
])('refuses %j', async (losses, message) => {
  await expect(compiledTinyGan(losses)).rejects.toThrow(message);
});

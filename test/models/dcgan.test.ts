import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { ArgumentError } from '../../src/errors.ts';
import { DCGAN_PRESETS, dcgan, dcganTraining } from '../../src/models/dcgan.ts';
import type { DcganPreset } from '../../src/models/dcgan.ts';
import type { Gan, GanFitOptions } from '../../src/nn/gan/index.ts';
import { testGpu } from '../helpers/evaluate.ts';

const presets = Object.keys(DCGAN_PRESETS) as DcganPreset[];
const { train } = syntheticDigits({ train: 256, test: 1 });

const compiled = async (preset: DcganPreset, options: { seed?: number } = {}) =>
  dcgan(preset, options).compile({ gpu: await testGpu(), ...dcganTraining(preset) });

/** The labels of a step's dispatches; nothing is run. */
async function dispatches(gan: Gan, options: GanFitOptions): Promise<string[]> {
  let labels: string[] = [];
  await gan.fit(train, {
    ...options,
    steps: 0,
    onReady: ({ commands }) => void (labels = commands.map(({ label }) => label)),
  });
  return labels;
}

describe.each(presets)('preset %s', (preset) => {
  const recipe = DCGAN_PRESETS[preset];

  it('has the networks of its source', () => {
    const { generator, discriminator, imageShape, latentShape } = dcgan(preset);
    expect([generator.parameters, discriminator.parameters]).toEqual(recipe.parameters);
    expect(imageShape).toEqual(recipe.imageShape);
    expect(latentShape).toEqual([recipe.latentSize]);
    expect(discriminator.outputShape).toEqual([1]);
  });

  it('takes MNIST’s images', async () => {
    const gan = await compiled(preset);
    expect(() => gan.checkData(train)).not.toThrow();
    gan.destroy();
  });
});

it('the tutorial’s step is at most 90 dispatches, and that of the small preset at most 70', async () => {
  const tf = await compiled('tf');
  const labels = await dispatches(tf, { batchSize: DCGAN_PRESETS.tf.batchSize });
  expect(labels.length).toBeLessThanOrEqual(90);
  tf.destroy();
  const small = await compiled('small');
  expect((await dispatches(small, { batchSize: 64 })).length).toBeLessThanOrEqual(70);
  expect((await dispatches(small, { batchSize: 64, train: 'generator' })).length).toBeLessThanOrEqual(50);
  small.destroy();
});

describe('small', () => {
  const batchSize = 8;

  it('goes on bit by bit with its moving statistics', async () => {
    const whole = await compiled('small', { seed: 4 });
    const { steps } = await whole.fit(train, { steps: 6, batchSize });
    const first = await compiled('small', { seed: 4 });
    await first.fit(train, { steps: 3, batchSize });
    const second = await compiled('small');
    second.load(await first.save());
    expect((await second.fit(train, { steps: 6, batchSize, resume: true })).steps).toEqual(steps.slice(3));
    expect(Buffer.from(await second.save()).equals(Buffer.from(await whole.save()))).toBe(true);
    for (const gan of [whole, first, second]) gan.destroy();
  });

  it('has moving statistics that follow both its own steps and nothing else', async () => {
    const gan = await compiled('small');
    const statistics = gan.generator.variables.filter(({ trainable }) => !trainable);
    expect(statistics.length).toBe(4);
    const read = async () => {
      const values = await gan.compiled.gpu.variables.readAll(statistics);
      return statistics.map((variable) => [...values.get(variable)!]);
    };
    const before = await read();
    await gan.fit(train, { steps: 1, batchSize, train: 'discriminator' });
    expect(await read()).toEqual(before);
    await gan.fit(train, { steps: 1, batchSize, train: 'generator' });
    const after = await read();
    after.forEach((values, i) => expect(values).not.toEqual(before[i]));
    gan.destroy();
  });

  it('tells its training from others', () => {
    const { generatorOptimizer, labelNoise } = dcganTraining('keras', {
      learningRate: 0.5,
      instanceNoise: 0.1,
    });
    expect(generatorOptimizer).toMatchObject({ name: 'adam', learningRate: 0.5 });
    expect(labelNoise).toBe(0.05);
    expect(() => dcgan('big' as DcganPreset)).toThrow(ArgumentError);
    expect(() => dcgan('big' as DcganPreset)).toThrow('choose one of small, keras, tf, pytorch');
    expect(dcgan('small', { seed: 2 }).generator.seed).not.toBe(
      dcgan('small', { seed: 2 }).discriminator.seed,
    );
  });
});

it('normalization in the discriminator takes real and generated images each as a batch, in this order', async () => {
  const gan = await compiled('pytorch');
  const labels = await dispatches(gan, { batchSize: 2 });
  const moving = labels.filter((label) => label.includes('movingStatistics'));
  const of = (branch: string) => moving.filter((label) => label.startsWith(`${branch}/`));
  expect([of('generator').length, of('real').length, of('fake').length]).toEqual([4, 3, 3]);
  expect(moving.indexOf(of('real').at(-1)!)).toBeLessThan(moving.indexOf(of('fake')[0]));
  const alone = await dispatches(gan, { batchSize: 2, train: 'generator' });
  expect(
    alone.filter((label) => label.includes('movingStatistics')).every((l) => l.startsWith('generator/')),
  ).toBe(true);
  gan.destroy();
});

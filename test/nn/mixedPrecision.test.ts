import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { randomStream } from '../../src/data/random.ts';
import { AdapterError, ArgumentError } from '../../src/errors.ts';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import type { Model, ModelCompileOptions } from '../../src/nn/model.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { train } from '../../src/nn/training/train.ts';
import { read, Variable } from '../../src/ops/core/leaves.ts';
import { multiply, square } from '../../src/ops/elementwise/elementwise.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import type { Program } from '../../src/runtime/program.ts';
import { testAdapter } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { arc, compiledTinyGan } from './ganFixtures.ts';
import { clusters, compiledTiny, tinyModel, weightsOf } from './modelFixtures.ts';

const { features } = await testAdapter();

/** Images of 6 × 6 with 12 channels: the class is the quarter that is bright. */
function quarters(size: number) {
  const random = randomStream(4, 0);
  const x = Float32Array.from({ length: size * 432 }, () => random() - 0.5);
  const y = Uint8Array.from({ length: size }, (_, i) => i % 4);
  y.forEach((own, i) => {
    for (let place = 0; place < 36; place++) {
      const [row, column] = [Math.floor(place / 6), place % 6];
      if ((row < 3 ? 0 : 2) + (column < 3 ? 0 : 1) === own) x[i * 432 + place * 12] += 0.5;
    }
  });
  return dataset({ name: 'quarters', x, y, inputShape: [6, 6, 12] });
}

/** A window as large as the image, of 432 products per output: enough for tiles of f16. */
const compiled = async (options: ModelCompileOptions): Promise<Model> =>
  sequential([conv2d({ filters: 8, kernelSize: 6 }), flatten()], {
    inputShape: [6, 6, 12],
    name: 'quarters',
    seed: 2,
  }).compile({
    gpu: await testGpu(true, false, true),
    optimizer: adam({ learningRate: 0.01 }),
    loss: 'softmaxCrossEntropy',
    ...options,
  });

const halfKernels = ({ build }: Program): string[] =>
  build.dispatches.filter(({ kernel }) => kernel.features.includes('shader-f16')).map(({ label }) => label);

describe.skipIf(!features.has('shader-f16'))('mixed precision', () => {
  const data = quarters(64);
  const batchSize = 32;
  it('learns what f32 learns, with the same bits in every run, and half of the bytes for some tensors', async () => {
    const runs = [];
    for (const options of [{}, { precision: 'mixed' }, { precision: 'mixed' }] as const) {
      const model = await compiled(options);
      let labels: string[] = [];
      let bytes = 0;
      const onReady = (program: Program) => {
        labels = halfKernels(program);
        bytes = program.planBytes;
      };
      const { epochs } = await model.fit(data, { epochs: 20, batchSize, onReady });
      const { loss } = epochs.at(-1)!;
      runs.push({ loss, labels, bytes, scale: await model.lossScale(), weights: await weightsOf(model) });
      model.destroy();
    }
    const [whole, mixed, again] = runs;
    expect(whole).toMatchObject({ labels: [], scale: undefined });
    expect(mixed.labels).toEqual([
      'gatherBatch',
      'conv2d/conv2d',
      'sparseSoftmaxCrossEntropy/gradient/multiply',
      'conv2d/conv2d/gradient/conv2dGradFilter.partial',
    ]);
    expect(whole.loss).toBeLessThan(0.2);
    expect(mixed.loss).not.toBe(whole.loss);
    expect(Math.abs(mixed.loss - whole.loss)).toBeLessThan(0.02);
    expect(mixed.bytes).toBeLessThan(whole.bytes);
    expect(mixed.scale).toBe(2 ** 15);
    expect(again).toEqual(mixed);
  });

  it('continues from a file with the same bits, and the scale that was saved', async () => {
    const lossScale = { initialScale: 2 ** 30, dynamicGrowthSteps: 3 };
    const straight = await compiled({ precision: 'mixed', lossScale });
    await straight.fit(data, { epochs: 15, batchSize });
    const first = await compiled({ precision: 'mixed', lossScale });
    await first.fit(data, { epochs: 7, batchSize });
    const file = await first.save();
    const { metadata } = decodeSafetensors(file, 'saved');
    const scale = await first.lossScale();
    expect(metadata.lossScale).toBe(String(scale));
    expect(scale).toBeLessThan(2 ** 30); // gradients were beyond 65,504
    expect(Number(metadata.updates)).toBeLessThan(first.step);
    first.destroy();
    const second = await compiled({ precision: 'mixed' }); // its options are those of its own
    expect(await second.lossScale()).toBe(2 ** 15);
    expect(second.load(file).resumes).toBe(true);
    expect(await second.lossScale()).toBe(scale);
    second.destroy();
    const resumed = await compiled({ precision: 'mixed', lossScale });
    resumed.load(file);
    await resumed.fit(data, { epochs: 15, batchSize, resume: true });
    expect(await weightsOf(resumed)).toEqual(await weightsOf(straight));
    expect(await resumed.save()).toEqual(await straight.save());
    resumed.destroy();
    straight.destroy();
  });

  it('keeps predictions within the tolerance of f16', async () => {
    const [whole, mixed] = [await compiled({}), await compiled({ precision: 'mixed' })];
    const [expected, found] = [await whole.predict(data), await mixed.predict(data)];
    expect(found).not.toEqual(expected);
    found.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-3));
    whole.destroy();
    mixed.destroy();
  });
});

describe('a device without f16', () => {
  const message = /mixed precision needs the WebGPU feature shader-f16, which the device on .+ does not have/;

  it('is told where mixed precision is asked for, and the model is as it was', async () => {
    const model = await compiledTiny();
    const gpu = await testGpu();
    const again = model.compile({ optimizer: 'adam', loss: 'softmaxCrossEntropy', precision: 'mixed' });
    await expect(again).rejects.toThrow(AdapterError);
    await expect(again).rejects.toThrow(message);
    await model.fit(clusters(8), { steps: 1 });
    model.destroy();
    await expect(gpu.compile(() => ({}), { precision: 'mixed' })).rejects.toThrow(message);
    await expect(compiledTinyGan({ precision: 'mixed' })).rejects.toThrow(message);
    const step = () => ({ losses: {} });
    expect(() => train(clusters(8), step, { gpu, precision: 'mixed' })).toThrow(message);
  });

  it('scales losses all the same, for models, networks that play, and steps of your own', async () => {
    const lossScale = { initialScale: 64, dynamicGrowthSteps: 3 };
    const [plain, scaled] = [await compiledTiny(), await compiledTiny({ lossScale })];
    for (const model of [plain, scaled]) await model.fit(clusters(50), { steps: 7 });
    expect(await scaled.lossScale()).toBe(256);
    expect(await weightsOf(scaled)).toEqual(await weightsOf(plain));
    expect(Number(decodeSafetensors(await scaled.save(), 'scaled').metadata.updates)).toBe(7);
    scaled.load(await plain.save()); // of a training without a scale: it begins again
    expect(await scaled.lossScale()).toBe(64);
    expect(await scaled.compiled.minimizer.readCount()).toBe(7);
    plain.destroy();
    scaled.destroy();

    const gan = await compiledTinyGan({ lossScale });
    await gan.fit(arc(32), { steps: 3, batchSize: 8 });
    const { metadata } = decodeSafetensors(await gan.save(), 'gan');
    expect([metadata['generator.lossScale'], metadata['discriminator.updates']]).toEqual(['128', '3']);
    gan.destroy();

    const w = new Variable({ name: 'w', shape: [2], initialize: (values) => values.fill(1) });
    const run = train(
      clusters(8),
      (_, { x }) => {
        const loss = reduceMean(square(multiply(x, read(w))));
        return { losses: { loss }, minimize: { loss, variables: [w], optimizer: sgd() } };
      },
      { gpu: await testGpu(), steps: 3, lossScale },
    );
    await run;
    expect(decodeSafetensors(await run.save(), 'step').metadata.lossScale).toBe('128');
    run.destroy();
  });

  it('refuses another precision', async () => {
    const compile = tinyModel().compile({ gpu: await testGpu(), precision: 'f16' as 'mixed' });
    await expect(compile).rejects.toThrow(ArgumentError);
    await expect(compile).rejects.toThrow('tiny: precision is "f16"; choose f32, or mixed');
  });
});

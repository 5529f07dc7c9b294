import { describe, expect, it } from 'vitest';
import { selfTargets } from '../../src/data/dataset.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import {
  autoencoder,
  AUTOENCODER_LOSSES,
  AUTOENCODER_PRESETS,
  CLASSROOM_VERSIONS,
} from '../../src/models/autoencoder.ts';
import type { AutoencoderOptions, AutoencoderPreset } from '../../src/models/autoencoder.ts';
import { autoencoderVersions, VERSION_NAMES, versionsData } from '../../src/models/autoencoderVersions.ts';
import { adadelta, sgd } from '../../src/nn/optimizers.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { Program } from '../../src/runtime/program.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { ownGpu } from '../nn/modelFixtures.ts';

const PRESETS = Object.keys(AUTOENCODER_PRESETS) as AutoencoderPreset[];
const digits = syntheticDigits({ train: 64, test: 24 });
const train = selfTargets(digits.train);
const test = selfTargets(digits.test);
const pixels = Float32Array.from(digits.test.x.data, (byte) => byte / 255);

async function compiled(preset: AutoencoderPreset, options: AutoencoderOptions = {}, learningRate = 1) {
  const built = autoencoder(preset, options);
  const optimizer = AUTOENCODER_PRESETS[preset].optimizer({ learningRate });
  await built.model.compile({ gpu: await testGpu(), optimizer, loss: AUTOENCODER_LOSSES[built.loss] });
  return built;
}

describe('an autoencoder', () => {
  it.each(PRESETS)('%s has the parameters that it says', (preset) => {
    const { model, encoder, decoder } = autoencoder(preset);
    const { parameters, bottleneck } = AUTOENCODER_PRESETS[preset];
    expect(model.parameters).toBe(parameters);
    expect(encoder.parameters + decoder.parameters).toBe(parameters);
    expect(encoder.outputShape.reduce((a, b) => a * b)).toBe(bottleneck);
    expect(decoder.outputShape).toEqual([28, 28, 1]);
  });

  it('has about 200,000 parameters with any of the classroom’s bottlenecks', () => {
    const counts = [2, 16, 32, 64].map(
      (bottleneck) => autoencoder('classroom', { bottleneck }).model.parameters,
    );
    expect(counts).toEqual([202_258, 205_856, 209_968, 218_192]);
  });

  it.each([
    [{}, 'sigmoid', 'bce'],
    [{ output: 'linear' }, 'linear', 'mse'],
    [{ loss: 'mse' }, 'sigmoid', 'mse'],
  ] as const)('%j means output %s with loss %s', (options, output, loss) => {
    expect(autoencoder('classroom', options)).toMatchObject({ output, loss });
  });

  it.each([
    ['classroom', { output: 'linear', loss: 'bce' }, /choose output sigmoid, or loss mse/],
    ['classroom', { bottleneck: 0 }, /bottleneck is 0; it must be a whole number from 1 to the 784/],
    ['classroom', { bottleneck: 785 }, /bottleneck is 785/],
    ['classroom', { output: 'tanh' }, /no output 'tanh'; choose one of linear, sigmoid/],
    ['classroom', { loss: 'mae' }, /no loss 'mae'; choose one of mse, bce/],
    ['keras-deep', { bottleneck: 16 }, /keras-deep has bottleneck 32 .* choose the preset classroom/],
    ['keras-deep', { loss: 'mse' }, /keras-deep has loss bce/],
    ['keras-tiny', {}, /no preset 'keras-tiny'; choose one of classroom, keras-deep/],
  ])('%s refuses %j', (preset, options, message) => {
    expect(() => autoencoder(preset as AutoencoderPreset, options as AutoencoderOptions)).toThrow(message);
  });

  it.each(PRESETS)('%s is its decoder after its encoder', async (preset) => {
    const gpu = await testGpu();
    const { model, encoder, decoder } = await compiled(preset);
    const whole = await model.predict(test);
    const images = input('images', [test.size, 28, 28, 1]);
    const halves = await gpu.compile(() => ({ images: decoder.call(encoder.call(images)) }));
    halves.write(images, pixels);
    await halves.step();
    expect(await halves.read('images')).toBeAllClose([...whole]);
    halves.destroy();
    model.destroy();
  });

  it('has the loss of its definition, and predicts probabilities', async () => {
    for (const { output, loss } of CLASSROOM_VERSIONS) {
      const { model } = await compiled('classroom', { output, loss, bottleneck: 5 });
      const { outputs, loss: losses } = await model.evaluator().inspect(test);
      const expected = Array.from({ length: test.size }, (_, sample) => {
        let sum = 0;
        for (let i = sample * 784; i < (sample + 1) * 784; i++) {
          const [y, t] = [outputs[i], pixels[i]];
          sum += loss === 'mse' ? (y - t) ** 2 : -t * Math.log(y) - (1 - t) * Math.log(1 - y);
        }
        return sum / 784;
      });
      expect(losses).toBeAllClose(expected);
      const [low, high] = [Math.min(...outputs), Math.max(...outputs)];
      expect(low > 0 && high < 1).toBe(output === 'sigmoid');
      model.destroy();
    }
  });

  it.each([
    ['classroom', 1, 25],
    ['keras-deep', 0.001, 25],
    ['keras-conv', 0.01, 10],
  ] as const)('%s learns', { timeout: 180_000 }, async (preset, learningRate, steps) => {
    const { model } = await compiled(preset, {}, learningRate);
    const { loss: before } = await model.evaluate(test);
    await model.fit(train, { steps, batchSize: 32 });
    const { loss: after } = await model.evaluate(test);
    expect(before).toBeGreaterThan(0.6); // ln 2 with all pixels at one half
    expect(after).toBeLessThan(0.85 * before);
    model.destroy();
  });
});

describe('the three versions side by side', () => {
  it('are exactly three trainings, in one dispatch per update and one submit per step', async () => {
    const gpu = await testGpu();
    const options = { bottleneck: 7, seed: 3 };
    const together = autoencoderVersions(options);
    await together.model.compile({ gpu, optimizer: adadelta(), ...together.objective });
    expect(together.model.outputs.map(({ name }) => name)).toEqual([...VERSION_NAMES]);
    let program: Program | undefined;
    const onReady = (ready: Program) => void (program = ready);
    const { steps } = await together.model.fit(versionsData(digits.train), {
      steps: 6,
      batchSize: 16,
      onReady,
    });
    const updates = program!.commands.filter(({ label }) => label.startsWith('optimizer'));
    expect(updates).toHaveLength(3); // the trial, the verdict and the update, each of all three at once

    for (const [i, name] of VERSION_NAMES.entries()) {
      const alone = autoencoder('classroom', { ...options, ...CLASSROOM_VERSIONS[i] });
      await alone.model.compile({ gpu, optimizer: adadelta(), loss: AUTOENCODER_LOSSES[alone.loss] });
      const own = await alone.model.fit(train, { steps: 6, batchSize: 16 });
      expect(steps.map((values) => values[`${name}Loss`])).toBeAllClose(own.steps.map(({ loss }) => loss));
      if (alone.loss === 'mse') {
        const errors = steps.map((values) => values[`${name}MeanSquaredError`]);
        expect(errors).toBeAllClose(own.steps.map(({ loss }) => loss));
      }
      alone.model.destroy();
    }
    together.model.destroy();
  });

  it('begin alike, and give their halves', async () => {
    const gpu = await testGpu();
    const { model, versions, objective } = autoencoderVersions({ bottleneck: 2 });
    await model.compile({ gpu, optimizer: sgd(), ...objective });
    const codes = await Promise.all(
      VERSION_NAMES.map(async (name) => gpu.variables.read(versions[name].encoder.variables[2])),
    );
    expect(codes[1]).toEqual(codes[0]);
    expect(codes[2]).toEqual(codes[0]);
    expect(VERSION_NAMES.map((name) => versions[name].decoder.inputShape)).toEqual([[2], [2], [2]]);
    model.destroy();
  });

  it('learn from noisy images what the clean ones are', async () => {
    const gpu = await testGpu();
    const losses = async (noise: number) => {
      const { model, objective } = autoencoderVersions({ bottleneck: 4, noise });
      await model.compile({ gpu, optimizer: adadelta(), ...objective });
      const { steps } = await model.fit(versionsData(digits.train), { steps: 2, batchSize: 16 });
      const evaluation = await model.evaluate(versionsData(digits.test)); // without noise
      model.destroy();
      return { first: steps[0].linearMseLoss as number, evaluation };
    };
    const [clean, noisy, again] = [await losses(0), await losses(2), await losses(2)];
    // The same first weights on images with a noise of variance 4: what comes out is far larger.
    expect(noisy.first).toBeGreaterThan(1.5 * clean.first);
    expect(again).toEqual(noisy);
    expect(noisy.evaluation.linearMseLoss).toBeLessThan(noisy.first);
  });

  it('train in one submit per step; nothing is made, uploaded or waited for', async () => {
    const { gpu, counted } = await ownGpu();
    const { model, objective } = autoencoderVersions({ bottleneck: 2 });
    await model.compile({ gpu, optimizer: adadelta(), ...objective });
    let calls: Partial<Record<string, number>> = {};
    let dispatches = 0;
    await model.fit(versionsData(digits.train), {
      steps: 60,
      batchSize: 8,
      onReady: ({ commands }) => void (dispatches = commands.length),
      beforeStep(step) {
        if (step === 10) counted.reset();
        if (step === 50) calls = { ...counted.calls };
      },
    });
    delete calls.mapAsync; // reads of the ring, as many as the clock asks for
    expect(calls).toEqual({ createCommandEncoder: 40, submit: 40, onSubmittedWorkDone: 40 });
    // One gather for all, one update for all, and 21 or so for each network.
    expect(dispatches).toBeLessThanOrEqual(66);
    model.destroy();
    gpu.destroy();
  });

  it('refuse a noise below zero', () => {
    expect(() => autoencoderVersions({ noise: -1 })).toThrow('noise is -1');
  });
});

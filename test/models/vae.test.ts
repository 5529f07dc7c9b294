import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import {
  bernoulliNll,
  drawCodes,
  klToPrior,
  sampleCode,
  vae,
  vaeData,
  vaeObjective,
} from '../../src/models/vae.ts';
import type { VaeOptions } from '../../src/models/vae.ts';
import { normalQuantile, normalShare } from '../../src/models/normalDistribution.ts';
import { model } from '../../src/nn/model.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { checkGradient, evaluate, testGpu } from '../helpers/evaluate.ts';
import { ownGpu } from '../nn/modelFixtures.ts';
import { random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as reference from '../reference/vae.ts';

const digits = syntheticDigits({ train: 64, test: 16 });
const LATENT = 3;

async function compiled({ gpu, beta, ...options }: VaeOptions & { gpu?: Gpu; beta?: number } = {}) {
  const network = vae({ latent: LATENT, ...options });
  const trained = await model(network.options).compile({
    gpu: gpu ?? (await testGpu()),
    optimizer: adam(),
    ...vaeObjective({ beta }),
  });
  const [train, test] = [digits.train, digits.test].map((images) => vaeData(images, network));
  return { network, trained, train, test };
}

describe('the parts of the ELBO', () => {
  const [mean, logVariance, noise] = [1, 2, 3].map((seed) => random(seed, [5, LATENT]));
  logVariance.data.set([-30, 20, 0]);

  it('are those of the formulas in float64', async () => {
    const [z, kl] = await evaluate(
      (m, v, e) => [sampleCode(m, v, e), klToPrior(m, v)],
      [mean, logVariance, noise],
    );
    expect(z).toBeAllClose(reference.sampleCode(mean, logVariance, noise));
    expect(kl).toBeAllClose(reference.klToPrior(mean, logVariance));
  });

  it.each([
    [0, 0],
    [1.5, -2],
    [-0.3, 1.2],
  ])('the KL of N(%s, e^%s) is the integral that it stands for', (m, v) => {
    const of = (value: number): Array64 => ({ shape: [1], data: Float64Array.of(value) });
    expect(reference.klToPrior(of(m), of(v)).data[0]).toBeCloseTo(reference.integratedKl(m, v), 8);
  });

  it('sum the cross-entropy of all pixels, also of logits that are sure', async () => {
    const [logits, images] = [random(4, [2, 28, 28, 1]), random(5, [2, 28, 28, 1])];
    images.data.forEach((value, i) => (images.data[i] = Math.abs(value) % 1));
    logits.data.set([60, -60, 200, 0]);
    const [found] = await evaluate(bernoulliNll, [logits, images]);
    images.data.set([1, 0, 0.5, 1]);
    const [sure] = await evaluate(bernoulliNll, [logits, images]);
    expect(sure).toBeAllClose(reference.bernoulliNll(logits, images));
    expect(found.data[0]).not.toBeCloseTo(sure.data[0], 0);
  });

  it('have the gradients of finite differences, through the draw, too', async () => {
    const small = { ...logVariance, data: logVariance.data.map((value) => Math.max(-2, Math.min(2, value))) };
    await checkGradient((m, v, e) => sampleCode(m, v, e), [mean, small, noise], {
      reference: reference.sampleCode,
    });
    await checkGradient((m, v) => klToPrior(m, v), [mean, small], { reference: reference.klToPrior });
    const images = random(6, [2, 3, 2, 1]);
    await checkGradient(bernoulliNll, [random(7, [2, 3, 2, 1]), images], {
      reference: reference.bernoulliNll,
      wrt: [0],
    });
  });
});

describe('a variational autoencoder', () => {
  it.each([
    [{ latent: 2 }, 631_188],
    [{}, 648_016],
    [{ latent: 2, labels: true }, 639_188],
    [{ conv: true }, 90_129],
  ])('of %j has %i parameters, in its two halves', (options, parameters) => {
    const { network, encoder, decoder } = vae(options);
    expect(network.parameters).toBe(parameters);
    expect(encoder.parameters + decoder.parameters).toBe(parameters);
    expect(network.outputs.map(({ name }) => name)).toEqual(['reconstruction', 'kl']);
  });

  it.each([0, 785, 2.5])('refuses a code of %s numbers', (latent) => {
    expect(() => vae({ latent })).toThrow(`latent is ${latent}; it must be a whole number from 1 to the 784`);
  });

  it('minimises reconstruction + β KL, as float64 has them of its weights', async () => {
    const { network, trained, test } = await compiled({ beta: 2 });
    const gpu = await testGpu();
    const noise = random(8, [16, LATENT]);
    const images: Array64 = {
      shape: [16, 784],
      data: Float64Array.from(digits.test.x.data, (byte) => byte / 255),
    };
    const x = input('x', [16, 28, 28, 1]);
    const program = await gpu.compile(() => {
      const [mean, logVariance] = network.encoder.callAll(x);
      const code = sampleCode(mean, logVariance, constant(Float32Array.from(noise.data), [16, LATENT]));
      return { nll: bernoulliNll(network.decoder.call(code), x), kl: klToPrior(mean, logVariance) };
    });
    program.write(x, Float32Array.from(images.data));
    await program.step();

    const relu = (value: number) => Math.max(0, value);
    const layer = async (
      values: Array64,
      name: string,
      activation = (value: number) => value,
    ): Promise<Array64> => {
      const [weight, bias] = await trained.getWeights(name);
      const [rows, inputs] = values.shape;
      const units = bias.length;
      const data = new Float64Array(rows * units);
      for (let row = 0; row < rows; row++) {
        for (let unit = 0; unit < units; unit++) {
          let sum = bias[unit];
          for (let i = 0; i < inputs; i++) sum += values.data[row * inputs + i] * weight[i * units + unit];
          data[row * units + unit] = activation(sum);
        }
      }
      return { shape: [rows, units], data };
    };
    const features = await layer(images, 'dense', relu);
    const [mean, logVariance] = [await layer(features, 'mean'), await layer(features, 'logVariance')];
    const code = reference.sampleCode(mean, logVariance, noise);
    const logits = await layer(await layer(code, 'dense_1', relu), 'dense_2');
    expect(await program.read('nll')).toBeAllClose(reference.bernoulliNll(logits, images).data);
    const kl = reference.klToPrior(mean, logVariance);
    expect(await program.read('kl')).toBeAllClose(kl.data);

    // In training the noise is another one, and the KL does not depend on it.
    const { loss, reconstructionLoss, klLoss } = await trained.evaluate(test);
    expect(klLoss).toBeCloseTo(kl.data.reduce((a, b) => a + b) / 16, 3);
    expect(loss).toBeCloseTo((reconstructionLoss as number) + 2 * (klLoss as number), 2);
    program.destroy();
    trained.destroy();
  });

  it.each([{}, { conv: true }, { labels: true }])('of %j learns', async (options) => {
    const { trained, train } = await compiled(options);
    trained.learningRate = 0.01;
    const { steps } = await trained.fit(train, { steps: 12, batchSize: 32 });
    expect(steps[0].loss).toBeGreaterThan(500); // 784 ln 2 = 543, and some KL
    expect(steps.at(-1)!.loss).toBeLessThan(0.7 * steps[0].loss);
    trained.destroy();
  });

  it('follows its seed', async () => {
    const losses = async (seed: number) => {
      const { trained, train } = await compiled({ seed });
      const { steps } = await trained.fit(train, { steps: 3, batchSize: 32 });
      trained.destroy();
      return steps.map(({ loss }) => loss);
    };
    const first = await losses(1);
    expect(await losses(1)).toEqual(first);
    expect((await losses(2))[0]).not.toBe(first[0]);
  });

  it('draws other noise in each step', async () => {
    const { network } = await compiled();
    const trained = await model(network.options).compile({
      gpu: await testGpu(),
      optimizer: sgd({ learningRate: 0 }),
      ...vaeObjective(),
    });
    const { steps } = await trained.fit(vaeData(digits.test, network), { steps: 2, batchSize: 16 });
    expect(steps[0].klLoss).toBeCloseTo(steps[1].klLoss as number, 4);
    expect(
      Math.abs((steps[0].reconstructionLoss as number) - (steps[1].reconstructionLoss as number)),
    ).toBeGreaterThan(1e-3);
    trained.destroy();
  });

  it('draws what a class is asked for', async () => {
    const { network, trained } = await compiled({ labels: true });
    const gpu = await testGpu();
    const program = await gpu.compile(() => ({
      images: drawCodes(
        network,
        constant(new Float32Array(2 * LATENT), [2, LATENT]),
        constant(Int32Array.of(1, 8), [2]),
      ),
    }));
    await program.step();
    const images = (await program.read('images')) as Float32Array;
    expect(images).toHaveLength(2 * 784);
    expect(images.every((value) => value > 0 && value < 1)).toBe(true);
    expect(images.subarray(0, 784)).not.toEqual(images.subarray(784));
    program.destroy();
    trained.destroy();
  });

  it('trains in one submit per step; nothing is made, uploaded or waited for', async () => {
    const { gpu, counted } = await ownGpu();
    const { trained, train } = await compiled({ gpu });
    let calls: Partial<Record<string, number>> = {};
    await trained.fit(train, {
      steps: 40,
      batchSize: 8,
      beforeStep(step) {
        if (step === 10) counted.reset();
        if (step === 30) calls = { ...counted.calls };
      },
    });
    delete calls.mapAsync; // reads of the ring, as many as the clock asks for
    expect(calls).toEqual({ createCommandEncoder: 20, submit: 20, onSubmittedWorkDone: 20 });
    trained.destroy();
    gpu.destroy();
  });
});

it('quantiles divide the normal distribution into equal parts', () => {
  expect(normalQuantile(0.5)).toBeCloseTo(0, 8);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
  expect(normalQuantile(0.025)).toBeCloseTo(-1.959964, 5);
  expect(normalQuantile(0.9999)).toBeCloseTo(3.719016, 5);
  expect(normalShare(1) - normalShare(-1)).toBeCloseTo(0.6826895, 6);
});

import { describe, expect, it } from 'vitest';
import { diffusion, NO_LABEL } from '../../src/models/diffusion.ts';
import { DiffusionDrawer, planRows, samplingStep } from '../../src/models/diffusionSampler.ts';
import type { Denoise } from '../../src/models/diffusionSampler.ts';
import {
  alphaBars,
  DIFFUSION_SAMPLERS,
  DIFFUSION_TARGETS,
  guessOf,
  jump,
  samplingPlan,
} from '../../src/models/diffusionSchedule.ts';
import type { SamplingPlan } from '../../src/models/diffusionSchedule.ts';
import { model } from '../../src/nn/model.ts';
import { constant, read, Variable } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { add, multiply, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { cast } from '../../src/ops/movement/cast.ts';
import { gather } from '../../src/ops/movement/gather.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import { assign } from '../../src/ops/optimizer/assign.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { ownGpu } from '../nn/modelFixtures.ts';
import { random } from '../reference/array.ts';
import * as reference from '../reference/diffusion.ts';

const bars = alphaBars();
const steps = [
  [1000, 960],
  [500, 499],
  [40, 0],
  [1, 0],
] as const;

describe('a step towards an image', () => {
  it.each(steps)('from %i to %i: the posterior, as Bayes’ rule has it', (t, s) => {
    const [from, to] = [bars[t], bars[s]];
    const { x0, x, noise } = jump('ddpm', from, to);
    for (const [image, noisy] of [
      [0.3, -1.2],
      [-1, 2],
    ]) {
      const { mean, variance } =
        s === 0 ? { mean: image, variance: 0 } : reference.posterior(image, noisy, from, to);
      expect(x0 * image + x * noisy).toBeCloseTo(mean, 10);
      expect(noise ** 2).toBeCloseTo(variance, 10);
    }
  });

  it.each(steps)('from %i to %i: DDIM keeps the noise that goes with the guess', (t, s) => {
    const [from, to] = [bars[t], bars[s]];
    const { x0, x, noise } = jump('ddim', from, to);
    expect(noise).toBe(0);
    expect(x0 * 0.4 + x * -0.7).toBeCloseTo(reference.ddim(0.4, -0.7, from, to), 10);
    // of a true image and its noise it makes the same image with the same noise
    const [image, epsilon] = [0.4, 1.3];
    expect(x0 * image + x * reference.mixed(image, epsilon, from)).toBeCloseTo(
      reference.mixed(image, epsilon, to),
      10,
    );
  });

  it.each(DIFFUSION_TARGETS)('%s gives back the image', (target) => {
    const [image, epsilon] = [-0.6, 0.9];
    for (const bar of [bars[1], bars[500], bars[1000]]) {
      const output = target === 'v' ? reference.velocity(image, epsilon, bar) : epsilon;
      const guess = guessOf(target, bar);
      expect(guess.x * reference.mixed(image, epsilon, bar) + guess.output * output).toBeCloseTo(image, 8);
    }
  });

  it('plans go from T to 0, and refuse what they cannot', () => {
    expect([...samplingPlan({ steps: 4 }).times]).toEqual([1000, 750, 500, 250]);
    expect([...samplingPlan({ steps: 3 }).times]).toEqual([1000, 667, 333]);
    const all = samplingPlan({ steps: 1000, sampler: 'ddpm' });
    expect(all.times.at(-1)).toBe(1);
    expect(all.jumps.at(-1)).toMatchObject({ x0: 1, noise: 0 });
    expect(all.jumps.at(-1)!.x).toBeCloseTo(0, 12);
    for (const wrong of [0, 1001, 2.5]) {
      expect(() => samplingPlan({ steps: wrong })).toThrow(
        `${wrong} sampling steps; give a whole number from 1 to 1000`,
      );
    }
  });
});

/** Samples [count] with a network of one's own; `from`: the step to begin with, and the x that it finds. */
async function sample(
  plan: SamplingPlan,
  denoise: Denoise,
  {
    count = 4096,
    clipped = false,
    seed = 0,
    from,
  }: {
    count?: number;
    clipped?: boolean;
    seed?: number;
    from?: { step: number; x: Float32Array; run: number };
  } = {},
): Promise<Float32Array> {
  const gpu = await testGpu();
  const x = new Variable({
    name: 'x',
    shape: [count, 1],
    initialize: (values) => (from ? values.set(from.x) : values.fill(0)),
  });
  const rows = planRows(plan);
  const program = await gpu.compile(() => {
    const { next } = samplingStep(read(x), denoise, constant(rows, [rows.length / 6, 6]), { clipped });
    assign(x, next);
    return { next };
  });
  program.reset(from?.step ?? 0, seed);
  await program.run(from?.run ?? plan.steps);
  const values = (await program.read('next')) as Float32Array;
  program.destroy();
  return values;
}

const tables = (values: (bar: number) => number) => constant(Float32Array.from(bars, values), [bars.length]);
const at = (table: Tensor, times: Tensor) => reshape(gather(table, cast(times, 'i32')), [times.shape[0], 1]);

/** The exact v of data N(m, s²). */
const exact =
  (normal: reference.Normal): Denoise =>
  (x, times) => {
    // E[x₀ | x] is a line in x; v = (√ᾱ x − x̂₀) / √(1−ᾱ)
    const v = (bar: number, own: number) =>
      (Math.sqrt(bar) * own - reference.gaussianGuess(normal, own, bar)) / Math.sqrt(Math.max(1e-9, 1 - bar));
    const slope = at(
      tables((bar) => v(bar, 1) - v(bar, 0)),
      times,
    );
    return add(
      multiply(slope, x),
      at(
        tables((bar) => v(bar, 0)),
        times,
      ),
    );
  };

const statistics = (values: Float32Array) => {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return {
    mean,
    deviation: Math.sqrt(values.reduce((sum, own) => sum + (own - mean) ** 2, 0) / values.length),
  };
};

describe('sampling', () => {
  const normal = { mean: 0.3, variance: 0.2 ** 2 };

  it.each([
    ['ddim', 250],
    ['ddpm', 500],
  ] as const)(
    '%s from the exact network of one Gaussian returns its mean and deviation',
    async (sampler, count) => {
      const { mean, deviation } = statistics(
        await sample(samplingPlan({ sampler, steps: count }), exact(normal)),
      );
      expect(mean).toBeGreaterThan(0.29);
      expect(mean).toBeLessThan(0.31);
      expect(deviation).toBeGreaterThan(0.19);
      expect(deviation).toBeLessThan(0.21);
    },
  );

  it.each(DIFFUSION_SAMPLERS)('%s follows its float64 twin, clipped or not', async (sampler) => {
    const count = 16;
    const wide = { mean: 0.9, variance: 0.5 ** 2 };
    const start = Float32Array.from(random(1, [count, 1]).data, (own) => 1.5 * own);
    const ownPlan = samplingPlan({ sampler, steps: 10 });
    const quiet = { ...ownPlan, jumps: ownPlan.jumps.map((own) => ({ ...own, noise: 0 })) };
    for (const clipped of [true, false]) {
      const found = await sample(quiet, exact(wide), { count, clipped, from: { step: 3, x: start, run: 5 } });
      const wanted = Float64Array.from(start, (own) => {
        let x = own;
        for (let i = 3; i < 8; i++) {
          const [from, to] = [bars[1000 - 100 * i], bars[900 - 100 * i]];
          const guess = reference.gaussianGuess(wide, x, from);
          const inside = clipped ? Math.max(-1, Math.min(1, guess)) : guess;
          x =
            sampler === 'ddim'
              ? reference.ddim(inside, x, from, to)
              : reference.posterior(inside, x, from, to).mean;
        }
        return x;
      });
      expect(found).toBeAllClose(wanted, { rtol: 1e-4, atol: 1e-4 });
    }
  });

  it('ddpm adds noise of the posterior’s deviation, other noise in each step', async () => {
    const plan = samplingPlan({ sampler: 'ddpm', steps: 4 });
    const nothing: Denoise = (x) => subtract(x, x);
    const from = { step: 1, x: new Float32Array(4096), run: 1 };
    const found = statistics(await sample(plan, nothing, { from }));
    expect(found.deviation).toBeCloseTo(plan.jumps[1].noise, 1.5);
    expect(found.mean).toBeCloseTo(0, 1);
    const [first, again, other] = await Promise.all(
      [1, 1, 2].map((seed) => sample(plan, nothing, { count: 8, seed })),
    );
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe('DiffusionDrawer', () => {
  const CLASSES = Int32Array.of(1, 7);

  async function drawer(options: { guided?: boolean } = {}) {
    const { gpu, counted } = await ownGpu();
    const network = diffusion({ channels: 8 });
    const trained = await model(network.options).compile({ gpu });
    // the last convolutions of the blocks start at zero, and would hide time and label
    for (const layer of ['down/2/convolution', 'middle1/2/convolution', 'up/2/convolution']) {
      const [weight, bias] = await trained.getWeights(layer);
      await trained.setWeights([weight.map((_, i) => Math.sin(i) / 10), bias], layer);
    }
    const own = await DiffusionDrawer.create(gpu, network, { count: 2, ...options });
    const done = () => {
      own.destroy();
      trained.destroy();
      gpu.destroy();
    };
    return { own, gpu, counted, network, done };
  }

  it('draws the same images of the same seed, whole or in pieces', async () => {
    const { own, done } = await drawer();
    await own.draw({ classes: CLASSES, steps: 4, seed: 3 });
    const images = await own.read();
    expect(images).toHaveLength(2 * 784);
    expect(images.every((value) => value >= 0 && value <= 1)).toBe(true);
    await own.draw({ classes: CLASSES, steps: 4, seed: 4 });
    expect(await own.read()).not.toEqual(images);
    own.start({ classes: CLASSES, steps: 4, seed: 3 });
    await own.run(1);
    expect(own.left).toBe(3);
    const [early, guesses] = [await own.read(), await own.read('guesses')];
    expect(early).not.toEqual(images);
    expect(guesses).not.toEqual(early);
    await own.run();
    expect(own.left).toBe(0);
    expect(await own.read()).toEqual(images);
    expect(await own.read('guesses')).toEqual(images); // the last jump is to the guess itself
    await own.draw({ classes: [2, 7], steps: 4, seed: 3 });
    const other = await own.read();
    expect(other.subarray(0, 784)).not.toEqual(images.subarray(0, 784));
    expect(other.subarray(784)).toEqual(images.subarray(784));
    done();
  });

  it('guidance 1 is the labelled network, 0 the one without label; between and beyond they are mixed', async () => {
    const { own, done } = await drawer();
    const plain = await drawer({ guided: false });
    const draw = async (from: DiffusionDrawer, classes: ArrayLike<number>, guidance: number) => {
      await from.draw({ classes, guidance, steps: 2, seed: 1 });
      return from.read();
    };
    const none = [NO_LABEL, NO_LABEL];
    const close = { rtol: 1e-3, atol: 1e-4 };
    const [labelled, unlabelled] = [await draw(plain.own, CLASSES, 1), await draw(plain.own, none, 1)];
    expect(labelled).not.toEqual(unlabelled);
    expect(await draw(own, CLASSES, 1)).toBeAllClose(labelled, close);
    expect(await draw(own, CLASSES, 0)).toBeAllClose(unlabelled, close);
    expect(await draw(own, none, 5)).toBeAllClose(unlabelled, close);
    expect(await draw(own, CLASSES, 4)).not.toEqual(labelled);
    expect(() => plain.own.start({ classes: CLASSES, guidance: 2 })).toThrow('or 1 where guided is false');
    done();
    plain.done();
  });

  it('makes nothing while it draws, and reads nothing back', async () => {
    const { own, counted, done } = await drawer();
    await own.draw({ classes: CLASSES, steps: 3 });
    own.start({ classes: CLASSES, steps: 20, sampler: 'ddpm' });
    counted.reset();
    await own.run();
    const { submit = 0, createCommandEncoder, onSubmittedWorkDone: _waits, ...others } = counted.calls;
    expect(submit).toBeLessThanOrEqual(20);
    expect(createCommandEncoder).toBe(submit);
    expect(others).toEqual({});
    done();
  });

  it.each([
    [{ classes: [1] }, '1 classes for 2 images; give one of 0 … 10 for each'],
    [{ classes: [1, 11] }, 'give one of 0 … 10 for each'],
    [{ classes: [1, 2], guidance: NaN }, 'guidance is NaN; give a finite number'],
    [{ classes: [1, 2], steps: 0 }, '0 sampling steps'],
  ])('refuses %j', async (options, message) => {
    const { own, done } = await drawer();
    expect(() => own.start(options)).toThrow(message);
    done();
  });
});

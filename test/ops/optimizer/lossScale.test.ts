import { describe, expect, it } from 'vitest';
import { adam, sgd } from '../../../src/nn/optimizers.ts';
import type { Optimizer } from '../../../src/nn/optimizers.ts';
import { input, read, Variable } from '../../../src/ops/core/leaves.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import type { LossScaleOptions } from '../../../src/runtime/lossScale.ts';
import type { Minimizer } from '../../../src/runtime/minimizer.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { numericErrorOf } from '../../helpers/numericError.ts';
import { LossScaled } from '../../reference/lossScale.ts';
import * as twins from '../../reference/optimizers.ts';
import '../../helpers/close.ts';

const variable = (name: string, size: number) =>
  new Variable({ name, shape: [size], initialize: (data) => data.fill(1) });

/** The gradient of Σ w x is x: the caller says what it is. */
async function linear(size: number, optimizer: Optimizer, lossScale: LossScaleOptions, software = true) {
  const gpu = await testGpu(software);
  const x = input('x', [size]);
  const w = variable('w', size);
  let minimizer!: Minimizer;
  const program = await gpu.compile(
    (g) => {
      minimizer = g.minimize(reduceSum(multiply(read(w), x)), [w], optimizer);
      return {};
    },
    { lossScale },
  );
  return {
    minimizer,
    program,
    weights: () => gpu.variables.read(w),
    step: async (gradient: Float32Array) => {
      program.write(x, gradient);
      await program.step();
      await program.finish();
    },
    destroy: () => {
      program.destroy();
      gpu.release(minimizer);
    },
  };
}

/** Everywhere a number that no scale makes infinite, and `value` at one place. */
function gradient(size: number, place: number, value: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (i === place ? value : ((i % 7) - 3) / 4));
}

describe('a scaled loss', () => {
  /** Times 2¹²¹ it is beyond f32, times 2¹²⁰ not. */
  const large = 200;
  const steps = [0.5, 0.25, -1, large, 0.5, large, NaN, large, 0.125, 1, 2, large, large, 0.5];

  it.each([
    ['on a CPU', true, 9],
    ['on a GPU', false, 5000],
    ['on a GPU, of few weights', false, 3],
  ])('grows, shrinks and skips updates as in Keras: %s', async (_, software, size) => {
    const options = { initialScale: 2 ** 121, dynamicGrowthSteps: 3 };
    const run = await linear(size, adam({ learningRate: 0.01 }), options, software);
    const own = new LossScaled(2 ** 121, 3);
    const rule = twins.adam(size, { learningRate: 0.01 });
    const expected = new Float64Array(size).fill(1);
    const seen = new Set<number>();
    for (const [step, value] of steps.entries()) {
      const given = gradient(size, step % size, value);
      await run.step(given);
      const scaled = Float64Array.from(given, (each) => Math.fround(each * own.scale));
      own.step(scaled, (gradients) => rule.step(expected, gradients));
      const { lossScale } = run.minimizer;
      expect(await lossScale!.read()).toEqual({ scale: own.scale, finiteSteps: own.finiteSteps });
      expect(await run.minimizer.readCount()).toBe(own.updates);
      seen.add(own.scale);
    }
    expect(seen.size).toBeGreaterThan(3);
    expect(run.program.steps).toBe(steps.length);
    expect({ shape: [size], data: await run.weights() }).toBeAllClose(
      { shape: [size], data: expected },
      { rtol: 1e-5, atol: 1e-6 },
    );
    run.destroy();
  });

  it('of 1 is not the reason: the step is not made, and all is as it was', async () => {
    const run = await linear(4, sgd(), { initialScale: 2, dynamicGrowthSteps: 5 });
    await run.step(gradient(4, 0, 1));
    await run.step(gradient(4, 1, Infinity));
    expect(await run.minimizer.lossScale!.read()).toEqual({ scale: 1, finiteSteps: 0 });
    await run.step(gradient(4, 1, 1));
    const before = await run.weights();
    const error = await numericErrorOf(run.step(gradient(4, 2, NaN)));
    expect([error.step, error.variable]).toEqual([3, 'w']);
    expect(error.message).toContain('the gradient of w became NaN or infinite');
    expect(await run.minimizer.lossScale!.read()).toEqual({ scale: 1, finiteSteps: 1 });
    expect(await run.minimizer.readCount()).toBe(2);
    expect(await run.weights()).toEqual(before);
    run.destroy();
  });

  it('stops growing before its inverse is too small for f32', async () => {
    const run = await linear(4, sgd(), { initialScale: 2 ** 125, dynamicGrowthSteps: 1 });
    for (let step = 0; step < 3; step++) await run.step(new Float32Array(4));
    expect(await run.minimizer.lossScale!.read()).toEqual({ scale: 2 ** 126, finiteSteps: 0 });
    expect(await run.weights()).toEqual(new Float32Array(4).fill(1));
    run.destroy();
  });

  it('is none of the gradients that are clipped, collected or penalized', async () => {
    const options = { learningRate: 0.1, l2: 0.25, gradientAccumulationSteps: 2, globalClipNorm: 1 };
    const results = [];
    for (const scale of [1, 2 ** 20]) {
      const run = await linear(5, sgd(options), { initialScale: scale, dynamicGrowthSteps: 2 });
      for (let step = 0; step < 4; step++) await run.step(gradient(5, step, step));
      results.push(await run.weights());
      run.destroy();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('keeps an update that is skipped out of the collected gradients', async () => {
    const options = { learningRate: 0.5, gradientAccumulationSteps: 2 };
    const run = await linear(3, sgd(options), {});
    await run.step(Float32Array.of(1, 2, 3));
    await run.step(Float32Array.of(1, Infinity, 3));
    expect(await run.weights()).toEqual(Float32Array.of(1, 1, 1));
    await run.step(Float32Array.of(3, 2, 1));
    expect(await run.weights()).toEqual(Float32Array.of(0, 0, 0));
    run.destroy();
  });

  it('skips its own update alone where a step has several', async () => {
    const gpu = await testGpu();
    const x = input('x', [2]);
    const [a, b] = [variable('a', 2), variable('b', 2)];
    const minimizers: Minimizer[] = [];
    const program = await gpu.compile(
      (g) => {
        minimizers.push(g.minimize(reduceSum(multiply(read(a), x)), [a], sgd({ learningRate: 1 })));
        const other = reduceSum(multiply(read(b), read(b)));
        minimizers.push(g.minimize(other, [b], sgd({ learningRate: 0.25 })));
        return {};
      },
      { lossScale: { initialScale: 8 } },
    );
    program.write(x, Float32Array.of(0.5, Infinity));
    await program.step();
    await program.finish();
    expect(await gpu.variables.read(a)).toEqual(Float32Array.of(1, 1));
    expect(await gpu.variables.read(b)).toEqual(Float32Array.of(0.5, 0.5));
    const states = await Promise.all(minimizers.map(({ lossScale }) => lossScale!.read()));
    expect(states.map(({ scale }) => scale)).toEqual([4, 8]);
    program.destroy();
    for (const minimizer of minimizers) gpu.release(minimizer);
  });

  it('refuses options out of range', async () => {
    const compile = async (lossScale: unknown) =>
      (await testGpu()).compile(() => ({}), { lossScale: lossScale as LossScaleOptions });
    await expect(compile({ initialScale: 0 })).rejects.toThrow(
      'program: lossScale.initialScale is 0; it must be a number from 1 to 2¹²⁶',
    );
    await expect(compile({ dynamicGrowthSteps: 1.5 })).rejects.toThrow('it must be a whole number from 1');
    await expect(compile({ growthSteps: 2 })).rejects.toThrow('dynamicGrowthSteps');
  });
});

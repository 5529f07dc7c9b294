import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { add, multiply, scale, sin, square, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { constant, fill, input, read } from '../../src/ops/core/leaves.ts';
import type { Variable } from '../../src/ops/core/leaves.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import type { Minimizer } from '../../src/runtime/minimizer.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { f32, variable } from './values.ts';

/** The gradient that the last step left for a variable. */
async function gradientOf(gpu: Gpu, minimizer: Minimizer, v: Variable): Promise<Float32Array> {
  const { buffer, offset, bytes } = minimizer.gradientLocation(v, gpu.variables);
  return new Float32Array(await gpu.device.read(buffer, offset, bytes));
}

describe('a training step', () => {
  it('follows w ← w − η dL/dw, step after step', async () => {
    const gpu = await testGpu();
    const [w, b] = [variable('w', [3], 1, -2, 0.5), variable('b', [], 0.25)];
    const x = input('x', [2, 3]);
    const target = input('target', [2, 3]);
    const program = await gpu.compile((g) => {
      const error = subtract(add(multiply(x, read(w)), read(b)), target);
      const loss = reduceMean(square(error));
      g.minimize(loss, [w, b], sgd({ learningRate: 0.1 }));
      return { loss, error };
    });
    const xs = [1, 2, 3, -1, 0.5, 2];
    const ts = [0, 1, 2, 1, 0, -1];
    program.write(x, f32(...xs));
    program.write('target', f32(...ts));

    const expected = { w: [1, -2, 0.5], b: 0.25 };
    for (let step = 0; step < 3; step++) {
      const error = xs.map((value, i) => value * expected.w[i % 3] + expected.b - ts[i]);
      await program.step();
      await program.finish();
      expect(await program.read('error')).toBeAllClose(error);
      expect(await program.read('loss')).toBeAllClose([error.reduce((sum, e) => sum + (e * e) / 6, 0)]);
      expected.w = expected.w.map(
        (value, i) => value - 0.1 * ((error[i] * xs[i] + error[i + 3] * xs[i + 3]) / 3),
      );
      expected.b -= 0.1 * error.reduce((sum, e) => sum + e / 3, 0);
      expect(await gpu.variables.read(w)).toBeAllClose(expected.w);
      expect(await gpu.variables.read(b)).toBeAllClose([expected.b]);
    }
    expect(program.steps).toBe(3);
    program.destroy();
  });

  it('lays the gradients into the flat buffer of the minimizer, without a copy', async () => {
    const gpu = await testGpu();
    const [w, v] = [variable('w', [100], 2), variable('v', [3], 1, 2, 3)];
    let minimizer: Minimizer;
    const program = await gpu.compile((g) => {
      const loss = add(reduceSum(square(read(w))), reduceSum(sin(read(v))));
      minimizer = g.minimize(loss, [w, v], sgd({ learningRate: 0 }));
      return { loss };
    });
    expect(program.build.pinned.size).toBe(2);
    expect(program.build.dispatches.map(({ label }) => label).filter((l) => l.includes('copy'))).toEqual([]);
    const labels = program.build.dispatches
      .map(({ label }) => label)
      .filter((l) => l.startsWith('optimizer'));
    expect(labels).toEqual(['optimizer/sgd.trial', 'optimizer.verdict', 'optimizer/sgd']);
    await program.step();
    expect(await gradientOf(gpu, minimizer!, w)).toBeAllClose(new Array(100).fill(4));
    expect(await gradientOf(gpu, minimizer!, v)).toBeAllClose([1, 2, 3].map(Math.cos));
    program.destroy();
  });

  const weight = [1, -1, 2, 0.5];
  /** dL/dz of L = Σ weight · softmax(z), at z = factor · (1, 2, 3, 4). */
  function slope(factor: number): number[] {
    const z = [1, 2, 3, 4].map((value) => Math.exp(factor * value));
    const p = z.map((value) => value / z.reduce((sum, e) => sum + e));
    const mean = p.reduce((sum, pi, i) => sum + pi * weight[i], 0);
    return p.map((pi, i) => pi * (weight[i] - mean));
  }

  it.each([
    ['two variables with one gradient', [1, 1]],
    ['a gradient made from another', [1, 4]],
    ['both at once', [1, 1, 3]],
  ])('%s', async (_name, factors) => {
    const gpu = await testGpu();
    const variables = factors.map((_, i) => variable(`w${i}`, [4], 1, 2, 3, 4));
    let minimizer: Minimizer;
    const program = await gpu.compile((g) => {
      const z = variables.map((v, i) => scale(read(v), factors[i])).reduce((sum, own) => add(sum, own));
      const loss = reduceSum(multiply(softmax(z), constant(f32(...weight))));
      minimizer = g.minimize(loss, variables, sgd({ learningRate: 0.01 }));
      return {};
    });
    await program.step();
    const expected = slope(factors.reduce((sum, factor) => sum + factor));
    for (const [i, v] of variables.entries()) {
      const own = expected.map((g) => g * factors[i]);
      expect(await gradientOf(gpu, minimizer!, v)).toBeAllClose(own, { atol: 1e-6 });
    }
    program.destroy();
  });

  it('a gradient into the middle of the memory of others', async () => {
    const gpu = await testGpu();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => variable(name, [70], 1));
    gpu.minimizer([a, b, c], sgd());
    let minimizer: Minimizer;
    const program = await gpu.compile((g) => {
      minimizer = g.minimize(reduceSum(multiply(square(read(b)), read(c))), [b], sgd({ learningRate: 0.25 }));
      return {};
    });
    await program.step();
    expect(await gradientOf(gpu, minimizer!, b)).toEqual(new Float32Array(70).fill(2));
    const values = await gpu.variables.readAll([a, b, c]);
    expect([a, b, c].map((v) => new Set(values.get(v)))).toEqual([
      new Set([1]),
      new Set([0.5]),
      new Set([1]),
    ]);
    program.destroy();
  });

  it('a gradient of one constant value', async () => {
    const gpu = await testGpu();
    const [w, v] = [variable('w', [5], 3), variable('v', [2], 1)];
    const program = await gpu.compile((g) => {
      const loss = add(reduceSum(read(w)), scale(reduceSum(read(v)), 2));
      g.minimize(loss, [w, v], sgd({ learningRate: 0.5 }));
      return {};
    });
    await program.step();
    await program.step();
    expect(await gpu.variables.read(w)).toEqual(new Float32Array(5).fill(2));
    expect(await gpu.variables.read(v)).toEqual(new Float32Array(2).fill(-1));
    program.destroy();
  });

  it('a variable without influence on the loss stays, whatever an earlier program left', async () => {
    const gpu = await testGpu();
    const [w, v] = [variable('w', [2], 1), variable('v', [2], 1)];
    const optimizer = gpu.minimizer([w, v], sgd({ learningRate: 1 }));
    const both = await gpu.compile((g) => {
      g.minimize(reduceSum(add(square(read(w)), square(read(v)))), [w, v], optimizer);
      return {};
    });
    const one = await gpu.compile((g) => {
      g.minimize(reduceSum(square(read(w))), [w, v], optimizer);
      return {};
    });
    await both.step();
    await one.step();
    expect(await gpu.variables.read(w)).toEqual(f32(1, 1)); // 1 − 2 · 1, then −1 + 2 · 1
    expect(await gpu.variables.read(v)).toEqual(f32(-1, -1));
    both.destroy();
    one.destroy();
  });

  it('two optimizers on one variable each get their own gradient', async () => {
    const gpu = await testGpu();
    const w = variable('w', [2], 1);
    const program = await gpu.compile((g) => {
      g.minimize(reduceSum(read(w)), [w], sgd({ learningRate: 0.5 }));
      g.minimize(reduceSum(scale(read(w), 10)), [w], sgd({ learningRate: 0.25 }));
      return {};
    });
    await program.step();
    expect(await gpu.variables.read(w)).toEqual(f32(-2, -2)); // 1 − 0.5 · 1 − 0.25 · 10
    program.destroy();
  });

  it('goes on with the moments and the learning rate of a minimizer in another program', async () => {
    const gpu = await testGpu();
    const w = variable('w', [1], 0);
    const optimizer = gpu.minimizer([w], sgd({ learningRate: 1, momentum: 0.5 }));
    const compile = (size: number) =>
      gpu.compile((g) => {
        g.minimize(reduceSum(multiply(read(w), fill([size], 1))), [w], optimizer);
        return {};
      });
    const [small, large] = [await compile(1), await compile(2)];
    await small.step(); // v = −1, w = −1
    await large.step(); // v = −0.5 − 2 = −2.5, w = −3.5
    expect(await gpu.variables.read(w)).toEqual(f32(-3.5));
    optimizer.learningRate = 0.5;
    await small.step(); // v = −1.25 − 0.5 = −1.75, w = −5.25
    expect(await gpu.variables.read(w)).toEqual(f32(-5.25));
    expect((await optimizer.readSlots(gpu.variables)).get(w)).toEqual([f32(-1.75)]);
    small.destroy();
    large.destroy();
  });

  it('refuses a minimizer that is of other variables or used twice', async () => {
    const gpu = await testGpu();
    const [w, v] = [variable('w', [2], 1), variable('v', [2], 1)];
    const optimizer = gpu.minimizer([w], sgd());
    const loss = reduceSum(add(read(w), read(v)));
    const compile = (variables: Variable[], times: number) =>
      gpu.compile((g) => {
        for (let i = 0; i < times; i++) g.minimize(loss, variables, optimizer);
        return {};
      });
    await expect(compile([v], 1)).rejects.toThrow(/sgd minimizer is of the variables w, not of v/);
    await expect(compile([w, v], 1)).rejects.toThrow(ArgumentError);
    await expect(compile([w], 2)).rejects.toThrow(/add the losses, or give/);
  });
});

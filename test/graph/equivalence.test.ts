import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { eliminateCommonSubexpressions } from '../../src/graph/passes/cse.ts';
import { fold } from '../../src/graph/passes/fold.ts';
import { fuseElementwise, fuseEpilogues } from '../../src/graph/passes/fuse.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { moveBeforeReshapes } from '../../src/graph/passes/reshapes.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { add, multiply, subtract, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { interpret } from './interpret.ts';
import { randomGraphs } from './randomGraph.ts';

/** Lets a test compile graphs as they are, without the passes. */
const passes = vi.hoisted(() => ({ enabled: true }));
vi.mock(import('../../src/graph/passes/optimize.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    optimize: (tensors: readonly Tensor[]) => (passes.enabled ? real.optimize(tensors) : [...tensors]),
  };
});

const EXACT = { rtol: 1e-12, atol: 1e-12 };

function expectSame(found: readonly Array64[], expected: readonly Array64[], tolerance = EXACT): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => expect(value).toBeAllClose(expected[i], tolerance));
}

/** The sum of all outputs, each element weighted at random: its gradient tests every one of them. */
function lossOf(outputs: readonly Tensor[]): Tensor {
  return outputs
    .map((y, i) => reduceSum(multiply(y, constant(Float32Array.from(random(90 + i, y.shape).data), y.shape))))
    .reduce((a, b) => add(a, b));
}

describe('on random graphs, in float64', () => {
  const all = { fold, eliminateCommonSubexpressions, moveBeforeReshapes, fuseElementwise, fuseEpilogues };
  it.each(Object.entries(all))('%s keeps every value', (_name, pass) => {
    fc.assert(
      fc.property(randomGraphs(16), ({ outputs, feed }) => {
        expectSame(interpret(outputs.map(pass(outputs)), feed), interpret(outputs, feed));
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('all passes together keep every value, with less work', () => {
    let [before, after] = [0, 0];
    fc.assert(
      fc.property(randomGraphs(24), ({ outputs, feed }) => {
        const optimized = optimize(outputs);
        expectSame(interpret(optimized, feed), interpret(outputs, feed));
        const [plain, fused] = [outputs, optimized].map((tensors) => topologicalOrder(tensors).length);
        expect(fused).toBeLessThanOrEqual(plain);
        before += plain;
        after += fused;
      }),
      { numRuns: 200, seed: 2 },
    );
    expect(after).toBeLessThan(0.75 * before);
  });

  it('once is enough: optimising again changes nothing', () => {
    fc.assert(
      fc.property(randomGraphs(16), ({ outputs, feed }) => {
        const once = optimize(outputs);
        const twice = optimize(once);
        expectSame(interpret(twice, feed), interpret(once, feed));
        expect(topologicalOrder(twice).length).toBe(topologicalOrder(once).length);
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  it('gradients are those of finite differences, before and after the passes', () => {
    fc.assert(
      fc.property(randomGraphs(12, { kinks: false }), ({ inputs, outputs, feed }) => {
        const loss = lossOf(outputs);
        const found = gradients(loss, inputs);
        const present = found.flatMap((gradient) => gradient ?? []);
        const values = interpret(present, feed);
        expectSame(interpret(optimize(present), feed), values);
        // A directional derivative along a random direction tests all inputs at once.
        const h = 1e-5;
        const directions = inputs.map(({ shape }, i) => random(50 + i, shape));
        const lossAt = (t: number) => {
          const moved = new Map(
            inputs.map((x, i) => {
              const { shape, data } = feed.get(x)!;
              return [x, { shape, data: data.map((value, j) => value + t * directions[i].data[j]) }];
            }),
          );
          return interpret([loss], moved)[0].data[0];
        };
        const expected = (lossAt(h) - lossAt(-h)) / (2 * h);
        let slope = 0;
        let next = 0;
        found.forEach((gradient, i) => {
          if (!gradient) return;
          values[next++].data.forEach((g, j) => (slope += g * directions[i].data[j]));
        });
        expect([slope]).toBeAllClose([expected], { rtol: 1e-5, atol: 1e-6 });
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});

describe('on the device', () => {
  /** The outputs of a graph, compiled with or without the passes. */
  async function run(outputs: readonly Tensor[], feed: ReadonlyMap<Tensor, Array64>, enabled = true) {
    passes.enabled = enabled;
    const compiling = (await testGpu()).compile(() => Object.fromEntries(outputs.entries()));
    passes.enabled = true; // the graph is built before the first wait
    const program = await compiling;
    for (const tensor of program.inputs) program.write(tensor, Float32Array.from(feed.get(tensor)!.data));
    await program.step();
    const values: Array64[] = [];
    for (const [name, { shape }] of Object.entries(outputs)) {
      values.push({ shape, data: Float64Array.from(await program.read(name)) });
    }
    program.destroy();
    return { values, dispatches: program.commands.length };
  }

  it('random graphs have the same numbers with and without the passes', async () => {
    let [before, after] = [0, 0];
    for (const { outputs, feed } of fc.sample(randomGraphs(14), { numRuns: 8, seed: 5 })) {
      const optimized = await run(outputs, feed);
      const plain = await run(outputs, feed, false);
      expectSame(optimized.values, plain.values, { rtol: 1e-5, atol: 1e-5 });
      expectSame(plain.values, interpret(outputs, feed), { rtol: 1e-4, atol: 1e-4 });
      before += plain.dispatches;
      after += optimized.dispatches;
    }
    expect(after).toBeLessThan(0.75 * before);
  });

  it.each([8, 6])(
    'an epilogue reads by element, by channel and as a scalar, in rows of %d',
    async (width) => {
      const shapes = [[5, 4], [4, width], [width], [5, width], [1]];
      const inputs = shapes.map((shape, i) => input(`in ${i}`, shape));
      const [a, b, bias, element, scalar] = inputs;
      const y = tanh(subtract(multiply(element, add(matmul(a, b), bias)), scalar));
      const feed = new Map(inputs.map((tensor, i) => [tensor, random(i, tensor.shape)]));
      const { values, dispatches } = await run([y], feed);
      expect(dispatches).toBe(1);
      expectSame(values, interpret([y], feed), { rtol: 1e-5, atol: 1e-5 });
    },
  );
});

import { expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { recompute } from '../../src/graph/recompute.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { input, read, Variable } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import { describeMemory } from '../../src/runtime/describe/memory.ts';
import { formatPlan } from '../../src/runtime/print.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';
import { interpret } from './interpret.ts';

const BATCH = 64;
const WIDTH = 32;

/** A chain of blocks, each with weights, a normalization and a dropout, trained for two steps. */
async function trained(blocks: number, again: boolean) {
  const gpu = await testGpu();
  const weights = Array.from(
    { length: 2 * blocks },
    (_, i) =>
      new Variable({
        name: `w${i}`,
        shape: [WIDTH, WIDTH],
        initialize: (data) => data.set(random(i, [WIDTH, WIDTH]).data.map((value) => value / 6)),
      }),
  );
  const x = input('x', [BATCH, WIDTH]);
  const block = (h: Tensor, i: number) => {
    const first = ops.tanh(ops.matmul(h, read(weights[2 * i])));
    const normal = ops.normalize(ops.dropout(first, 0.25), { over: 'layer' }).y;
    return ops.relu(ops.matmul(normal, read(weights[2 * i + 1])));
  };
  const program = await gpu.compile((g) => {
    let h: Tensor = x;
    for (let i = 0; i < blocks; i++) {
      const from = h;
      h = again ? recompute(() => block(from, i)) : block(from, i);
    }
    const loss = ops.reduceMean(ops.square(h));
    g.minimize(loss, weights, sgd({ learningRate: 0.1 }));
    return { loss };
  });
  program.write(x, Float32Array.from(random(99, [BATCH, WIDTH]).data));
  await program.run(2);
  await program.finish();
  const values = await gpu.variables.readAll(weights);
  const found = {
    loss: [...(await program.read('loss'))],
    weights: weights.map((own) => [...values.get(own)!]),
  };
  program.destroy();
  return { found, program };
}

it('gives the same bits with less memory, and the planner tells both', async () => {
  const [kept, again] = [await trained(6, false), await trained(6, true)];
  expect(again.found).toEqual(kept.found);
  expect(again.found.loss[0]).toBeGreaterThan(0);
  expect(again.program.planBytes).toBeLessThan(0.65 * kept.program.planBytes);
  expect(again.program.build.keptBytes).toBe(kept.program.planBytes);
  expect(kept.program.build.keptBytes).toBeUndefined();
  expect(describeMemory(again.program.build).kept).toBe(kept.program.planBytes);
  expect(formatPlan(again.program.build)).toContain('if nothing were computed again: ');
  const labels = again.program.commands.map(({ label }) => label);
  expect(labels.filter((label) => label === 'dropout')).toHaveLength(2 * 6); // forward, and again
});

it('differentiates several results, blocks within blocks, and once more', () => {
  const x = input('x', [3]);
  const graph = (again: boolean) => {
    const maybe = <T extends Tensor | readonly Tensor[]>(f: () => T) => (again ? recompute(f) : f());
    const [a, b] = maybe(() => {
      const inner = maybe(() => ops.exp(ops.sin(x)));
      return [ops.multiply(inner, x), ops.square(ops.cos(inner))];
    });
    const loss = ops.reduceSum(ops.multiply(ops.tanh(a), ops.add(b, a)));
    const [slope] = gradients(loss, [x]);
    const [second] = gradients(ops.reduceSum(ops.square(slope!)), [x]);
    return interpret([loss, slope!, second!], new Map([[x, random(3, [3])]]));
  };
  const [again, kept] = [graph(true), graph(false)];
  expect(again.slice(0, 2)).toEqual(kept.slice(0, 2));
  expect(again[2]).toBeAllClose(kept[2], { rtol: 1e-12, atol: 1e-12 }); // it adds up in another order
});

it('refuses what is no block', () => {
  expect(() => recompute(5 as never)).toThrow(ArgumentError);
  expect(() => recompute((() => 5) as never)).toThrow(
    /recompute: its function gave 5; it has to return a tensor/,
  );
  expect(() => recompute((async () => input('x', [1])) as never)).toThrow(/without async/);
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import { dropout } from '../../src/ops/random/dropout.ts';
import { add, multiply, relu, sigmoid, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { input, Variable, read } from '../../src/ops/core/leaves.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import { sparseSoftmaxCrossEntropy } from '../../src/ops/loss/softmaxCrossEntropy.ts';
import type { Operand, Target } from '../../src/ops/core/op.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { loadAllKernels } from '../../src/ops/allKernels.ts';
import { build } from '../../src/runtime/build.ts';
import type { Build } from '../../src/runtime/build.ts';
import { planMemory } from '../../src/runtime/plan.ts';
import type { Block, MemoryPlan, Usage } from '../../src/runtime/plan.ts';

await loadAllKernels(); // programs are built without gpu.compile here

const ALIGNMENT = 256;
const rounded = (bytes: number) => Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Bytes alive at the busiest dispatch: no plan can do with less. */
function peakBytes<K>(blocks: readonly Block<K>[]): number {
  const alive = (t: number) =>
    sum(blocks.filter((b) => b.first <= t && t <= b.last).map((b) => rounded(b.bytes)));
  return Math.max(0, ...blocks.map(({ first }) => alive(first)));
}

/** Everything a plan promises, whatever it was made from. */
function checkPlan<K>(
  blocks: readonly Block<K>[],
  usages: readonly Usage<K>[],
  plan: MemoryPlan<K>,
  maxSlabBytes = Infinity,
): void {
  const placed = blocks.map((block) => ({
    block,
    size: rounded(block.bytes),
    ...plan.placements.get(block.key)!,
  }));
  expect(plan.placements.size, 'every block has a place').toBe(blocks.length);
  const astray = placed.filter(
    ({ slab, offset, size }) =>
      offset % ALIGNMENT !== 0 || offset < 0 || offset + size > plan.slabBytes[slab],
  );
  expect(astray, 'unaligned, or outside of their slab').toEqual([]);
  plan.slabBytes.forEach((bytes, slab) => {
    const sizes = placed.filter((p) => p.slab === slab).map(({ size }) => size);
    // Only a block that is itself larger than the cap makes its slab so.
    expect(bytes, `slab ${slab} within its cap`).toBeLessThanOrEqual(Math.max(maxSlabBytes, ...sizes));
  });
  const overlaps = placed.flatMap((a, i) =>
    placed
      .slice(i + 1)
      .filter((b) => a.block.first <= b.block.last && b.block.first <= a.block.last)
      .filter((b) => a.slab === b.slab && a.offset < b.offset + b.size && b.offset < a.offset + a.size)
      .map((b) => `${String(a.block.key)} and ${String(b.block.key)}`),
  );
  expect(overlaps, 'alive at the same time in the same place').toEqual([]);
  const slabOf = (key: K) => plan.placements.get(key)!.slab;
  const conflicts = usages.flatMap(({ reads, writes }) => {
    const written = new Set(writes.map(slabOf));
    return reads.filter((key) => written.has(slabOf(key)));
  });
  expect(conflicts, 'read in a slab that the same dispatch writes').toEqual([]);
  const total = sum(plan.slabBytes);
  expect(plan.unsharedBytes).toBe(sum(placed.map(({ size }) => size)));
  expect(total, 'never worse than without sharing').toBeLessThanOrEqual(plan.unsharedBytes);
  expect(total, 'never better than what is alive at once').toBeGreaterThanOrEqual(peakBytes(blocks));
}

/** A random program: each dispatch writes a new block or two, and reads some earlier ones. */
const schedules = fc
  .array(
    fc.record({
      sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 })), {
        minLength: 1,
        maxLength: 2,
      }),
      reads: fc.array(fc.nat(1000), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((dispatches) => {
    const blocks: { key: string; bytes: number; first: number; last: number }[] = [];
    const usages = dispatches.map(({ sizes, reads }, index): Usage<string> => {
      const read = [...new Set(reads.map((r) => r % Math.max(1, blocks.length)))].filter(
        (r) => r < blocks.length,
      );
      for (const r of read) blocks[r].last = index;
      const own = sizes.map((bytes, i) => ({ key: `${index}.${i}`, bytes, first: index, last: index }));
      const readKeys = read.map((r) => blocks[r].key);
      blocks.push(...own);
      return { reads: readKeys, writes: own.map(({ key }) => key) };
    });
    return { blocks: blocks as Block<string>[], usages };
  });

describe('planMemory', () => {
  it('keeps its promises on random programs', () => {
    fc.assert(
      fc.property(schedules, ({ blocks, usages }) => checkPlan(blocks, usages, planMemory(blocks, usages))),
      { numRuns: 400, seed: 1 },
    );
  });

  it('keeps them when slabs are small', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1, max: 24 }), ({ blocks, usages }, pages) => {
        const maxSlabBytes = pages * ALIGNMENT;
        checkPlan(blocks, usages, planMemory(blocks, usages, { maxSlabBytes }), maxSlabBytes);
      }),
      { numRuns: 400, seed: 2 },
    );
  });

  it('gives the same plan again', () => {
    fc.assert(
      fc.property(schedules, ({ blocks, usages }) => {
        expect(planMemory(blocks, usages)).toEqual(planMemory(blocks, usages));
      }),
      { numRuns: 50, seed: 3 },
    );
  });

  it('runs a chain of equal tensors in two slabs, whatever its length', () => {
    const blocks = Array.from({ length: 20 }, (_, i) => ({ key: i, bytes: 1000, first: i, last: i + 1 }));
    const usages = blocks.map(({ key }) => ({ reads: key > 0 ? [key - 1] : [], writes: [key] }));
    const plan = planMemory(blocks, usages);
    expect(plan.slabBytes).toEqual([1024, 1024]);
    checkPlan(blocks, usages, plan);
  });

  it('puts what lives at different times into one place, and the small into gaps', () => {
    const blocks = [
      { key: 'a', bytes: 1024, first: 0, last: 1 },
      { key: 'b', bytes: 1024, first: 2, last: 3 },
      { key: 'c', bytes: 512, first: 0, last: 3 },
      { key: 'd', bytes: 256, first: 0, last: 0 },
    ];
    const plan = planMemory(blocks, []);
    expect(plan.placements.get('a')).toEqual(plan.placements.get('b'));
    expect(plan.slabBytes).toEqual([1024 + 512 + 256]);
    checkPlan(blocks, [], plan);
  });

  it('places nothing where there is nothing', () => {
    expect(planMemory([], [])).toEqual({ placements: new Map(), slabBytes: [], unsharedBytes: 0 });
  });

  it('gives a block that is larger than the cap a slab of its own, for the device to judge', () => {
    const blocks = [
      { key: 'small', bytes: 256, first: 0, last: 3 },
      { key: 'large', bytes: 4096, first: 0, last: 3 },
    ];
    const plan = planMemory(blocks, [], { maxSlabBytes: 1024 });
    expect([...plan.slabBytes].sort((a, b) => a - b)).toEqual([256, 4096]);
    checkPlan(blocks, [], plan, 1024);
  });
});

describe('plans of real programs', () => {
  const target: Target = {
    software: true,
    limits: {
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupsPerDimension: 65535,
      maxUniformBufferBindingSize: 65536,
    },
  };

  /** The usages as the dispatches have them, found here anew. */
  function checkBuild({ dispatches, blocks, plan, pinned, outputs }: Build): void {
    const keys = new Set(blocks.map(({ key }) => key));
    const usages = dispatches.map(({ bindings }): Usage<Operand> => {
      const of = (access: string) => bindings.filter((b) => b.access === access).map((b) => b.operand);
      return {
        reads: of('read').filter((o) => keys.has(o)),
        writes: of('read_write').filter((o) => keys.has(o)),
      };
    });
    checkPlan(blocks, usages, plan);
    for (const { key, first, last } of blocks) {
      const used = dispatches.flatMap(({ bindings }, i) =>
        bindings.some((b) => b.operand === key) ? [i] : [],
      );
      expect(first).toBe(used[0]);
      expect(last).toBeGreaterThanOrEqual(used.at(-1)!);
      expect(pinned.has(key)).toBe(false);
    }
    for (const output of Object.values(outputs)) {
      const block = blocks.find(({ key }) => key === output);
      if (block) expect(block.last, 'outputs stay until the end').toBe(dispatches.length);
    }
  }

  const x = () => input('x', [8, 12]);

  it('a chain that cannot be fused shares memory', () => {
    let y = x();
    for (let i = 0; i < 6; i++) y = softmax(y);
    const result = build({ outputs: { y }, objectives: [], effects: [] }, { target });
    expect(result.dispatches.length).toBe(6);
    expect(sum(result.plan.slabBytes)).toBe(2 * rounded(8 * 12 * 4));
    checkBuild(result);
  });

  it('a training step with branches', () => {
    const weights = Array.from(
      { length: 3 },
      (_, i) => new Variable({ name: `w${i}`, shape: [12], initialize: (data) => data.fill(1) }),
    );
    let h: Tensor = x();
    for (const w of weights) {
      const z = softmax(add(multiply(h, read(w)), 0.1));
      h = add(multiply(relu(z), sigmoid(z)), tanh(reduceSum(z, { axes: [-1], keepDims: true })));
    }
    const loss = reduceMean(h);
    const result = build(
      { outputs: { loss, h }, objectives: [{ loss, variables: weights }], effects: [] },
      { target },
    );
    expect(result.pinned.size).toBe(3);
    checkBuild(result);
    expect(sum(result.plan.slabBytes)).toBeLessThan(result.plan.unsharedBytes);
  });

  it.each([true, false])('a convolutional network learning, software adapter: %s', (software) => {
    const shapes = [[3, 3, 1, 8], [8], [3, 3, 8, 16], [16], [400, 10], [10]];
    const variables = shapes.map((shape, i) => new Variable({ name: `w${i}`, shape, initialize: () => {} }));
    const [k1, c1, k2, c2, w, b] = variables.map(read);
    const [images, labels] = [input('images', [16, 28, 28, 1]), input('labels', [16], 'i32')];
    const first = maxPool2d(relu(add(conv2d(images, k1), c1)));
    const second = maxPool2d(relu(add(conv2d(first, k2), c2)));
    const logits = add(matmul(dropout(reshape(second, [16, 400]), 0.5), w), b);
    const loss = reduceMean(sparseSoftmaxCrossEntropy(logits, labels));
    const result = build(
      { outputs: { loss, logits }, objectives: [{ loss, variables }], effects: [] },
      { target: { ...target, software } },
    );
    expect(result.pinned.size).toBe(6);
    checkBuild(result);
    expect(sum(result.plan.slabBytes)).toBeLessThan(0.9 * result.plan.unsharedBytes);
  });

  it('outputs that are gradients, aliases or each other', () => {
    const a = x();
    const y = softmax(a);
    const [dy] = gradients(reduceSum(multiply(y, y)), [a]);
    checkBuild(build({ outputs: { y, again: y, dy: dy! }, objectives: [], effects: [] }, { target }));
  });
});

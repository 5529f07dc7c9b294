import { beforeAll, describe, expect, it } from 'vitest';
import { measureCeilings } from '../../bench/kernels/ceilings.ts';
import { choicesOf, modelCases, squareCases } from '../../bench/kernels/cases.ts';
import type { KernelCase } from '../../bench/kernels/cases.ts';
import { Expectation, relativeError } from '../../bench/kernels/expectation.ts';
import { bytesMoved } from '../../src/runtime/describe/nodes.ts';
import { runKernels } from '../../bench/kernels/run.ts';
import { expectedOf, feedOf, twins } from '../../bench/kernels/twins.ts';
import { MODELS } from '../../bench/peers/problem.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { LoweredDispatch } from '../../src/runtime/lower.ts';
import { testGpu } from '../helpers/evaluate.ts';

const timing = { samples: 2, sampleMs: 0.1 };
const ceilings = { gflops: 100, gbs: 10 };

describe('the cases', () => {
  let cases: KernelCase[];
  let updates: Map<number, string[]>;
  beforeAll(async () => {
    ({ cases, updates } = await modelCases(await testGpu(), MODELS));
  });

  it('are all the passes of the models, each once', () => {
    const convolutions = cases.filter(
      ({ node, models }) => node.op.name.startsWith('conv') && models.includes('quick'),
    );
    expect(convolutions.map(({ pass }) => pass).toSorted()).toEqual([
      'filter gradient',
      'filter gradient',
      'forward',
      'forward',
      'input gradient',
    ]);
    const products = cases.filter(
      ({ node, models }) => node.op.name === 'matmul' && models.includes('autoencoder'),
    );
    expect(products.filter(({ pass }) => pass === 'forward')).toHaveLength(4);
    expect(products.filter(({ pass }) => pass === 'input gradient')).toHaveLength(3);
    expect(products.filter(({ pass }) => pass === 'filter gradient')).toHaveLength(4);
    const shapes = cases.map(({ node, shapes: text }) => `${node.op.name} ${text}`);
    expect(new Set(shapes).size).toBeGreaterThan(60);
  });

  it('say how many weights each optimizer has', () => {
    expect(updates.get(5_994)).toEqual(['quick']);
    expect(updates.get(34_826)).toEqual(['keras']);
  });

  // What float64 would take long for is left to the benchmark itself.
  it('have a float64 twin each: a kernel without one is not timed', () => {
    for (const { node, shapes } of cases) {
      const feed = feedOf(node);
      const elements = feed.reduce((sum, values) => sum + (values?.data.length ?? 0), 0);
      if (elements > 30_000 || node.op.name.startsWith('conv2d'))
        expect(Object.keys(twins)).toContain(node.op.name);
      else {
        const [first] = expectedOf(node, feed);
        expect(first?.data.every(Number.isFinite), `${node.op.name} ${shapes}`).toBe(true);
      }
    }
  });

  it('offer what the lowering may choose from', async () => {
    const [{ node }] = squareCases([64]);
    const [choice] = choicesOf(node, (await testGpu()).target);
    expect(choice.opName).toBe('matmul');
    expect(choice.candidates).toContain('naive');
    expect(choice.candidates).toContain(choice.preferred);
  });
});

it('measures the variants that are wanted', async () => {
  const gpu = await testGpu();
  const seen: string[] = [];
  const { results, failures } = await runKernels(
    { gpu, ceilings, timing },
    {
      models: ['quick'],
      sizes: [33],
      which: 'rungs',
      filter: ['33×33', 'forward', 'naive'],
      onResult: ({ id }) => seen.push(id),
    },
  );
  expect(failures).toEqual([]);
  expect(results.map(({ variant }) => variant)).toEqual(['naive']);
  expect(seen).toEqual(results.map(({ id }) => id));
  const [{ flops, bytes, ms, gflops, error, chosen, kernels }] = results;
  expect({ flops, bytes, chosen, kernels }).toEqual({
    flops: 2 * 33 ** 3,
    bytes: 3 * 4 * 33 ** 2,
    chosen: true,
    kernels: ['matmul/1_naive'],
  });
  expect(gflops).toBeCloseTo((2 * 33 ** 3) / ms.median / 1e6, 9);
  expect(error).toBeLessThan(1e-6);
});

it('measures the update of the weights against float64', async () => {
  const { results, failures } = await runKernels(
    { gpu: await testGpu(), ceilings, timing },
    { models: ['quick'], sizes: [], which: 'chosen', filter: ['adam'] },
  );
  expect(failures).toEqual([]);
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ pass: 'update', shapes: '5994 weights', models: ['quick'] });
});

it('the ceilings are of kernels whose results are right', async () => {
  const { gflops, gbs } = await measureCeilings(await testGpu(), timing);
  expect(gflops).toBeGreaterThan(0);
  expect(gbs).toBeGreaterThan(0);
});

describe('a wrong result', () => {
  const { node } = squareCases([4])[0];
  const program = (values: Float32Array) => ({ read: async () => values }) as never;

  it('is refused with its error', async () => {
    const expectation = new Expectation(node);
    await expect(expectation.check(program(new Float32Array(16)), ['c'])).rejects.toThrow(
      'output 0 differs from float64 by 1.0e+0 of its largest value',
    );
    await expect(expectation.check(program(new Float32Array(16).fill(NaN)), ['c'])).rejects.toThrow(
      'not timed',
    );
  });

  it('is measured by the largest value', () => {
    expect(relativeError(Float64Array.of(1, -4), (i) => [1, -3][i])).toBe(0.25);
    expect(relativeError(Float64Array.of(1, 2), () => NaN)).toBeNaN();
    expect(relativeError(Float64Array.of(0, 0), () => 0)).toBe(0);
  });
});

it('bytes moved: an operand counts once, however many names it is bound by', () => {
  const [a, b] = [input('a', [8]), input('b', [2])];
  const bindings = [{ operand: a }, { operand: a }, { operand: b, slice: { offset: 0, bytes: 4 } }];
  expect(bytesMoved({ bindings } as unknown as LoweredDispatch)).toBe(36);
});

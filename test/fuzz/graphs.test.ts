import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { WgradError } from '../../src/errors.ts';
import { Variable } from '../../src/ops/core/leaves.ts';
import * as ops from '../../src/ops/index.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { layerCases } from '../nn/layerCases.ts';
import { makeCase } from './case.ts';
import { layerNames } from './layers.ts';
import { runSeeds } from './run.ts';
import { onGpu } from './runner.ts';
import { simulator } from './simulated.ts';
import { LEAVES, opNames } from './table.ts';

it('has a way to fuzz every op there is', () => {
  expect([...opNames, ...LEAVES].toSorted()).toEqual(Object.keys(ops).toSorted());
});

it('has a way to fuzz every layer there is', () => {
  expect(layerNames.toSorted()).toEqual([...new Set(layerCases.map(({ type }) => type))].toSorted());
});

it('makes the same case from the same seed', () => {
  const [first, again] = [makeCase(12), makeCase(12)];
  expect(again.text).toBe(first.text);
  expect(again.wanted.map(({ expected }) => expected)).toEqual(first.wanted.map(({ expected }) => expected));
});

describe('random graphs of ops and layers agree with the references, forward and backward', () => {
  it.each([
    { kernels: 'a CPU', software: true, from: 1 },
    { kernels: 'a GPU', software: false, from: 11 },
    { kernels: 'a CPU with subgroups', software: true, subgroups: true, from: 21 },
  ])('with the kernels for $kernels', async ({ software, subgroups, from }) => {
    const seeds = Array.from({ length: 10 }, (_, i) => from + i);
    // Errors outside any error scope fail the test: see test/helpers/device.ts.
    const { failures } = await runSeeds(onGpu(await testGpu(software, subgroups)), seeds);
    expect(failures).toEqual([]);
  });

  it.each([
    { rolled: true, target: { software: true }, from: 101 },
    { rolled: false, target: { software: false }, from: 111 },
    { rolled: true, target: { software: false, subgroupSize: 32 }, from: 121 },
  ])('in the simulator, for $target, rolled: $rolled', async ({ rolled, target, from }) => {
    const seeds = Array.from({ length: 10 }, (_, i) => from + i);
    const { failures } = await runSeeds(simulator({ rolled, target }), seeds);
    expect(failures).toEqual([]);
  });
});

it('an extent of 0 is refused wherever a shape can be given', () => {
  const shapes = [[0], [0, 3], [2, 0], [2, 0, 4], [1, 1, 0]];
  for (const shape of shapes) {
    const make: [string, () => unknown][] = [
      ['input', () => ops.input('x', shape)],
      ['fill', () => ops.fill(shape, 1)],
      ['constant', () => ops.constant(new Float32Array(0), shape)],
      ['randomNormal', () => ops.randomNormal(shape)],
      ['broadcastTo', () => ops.broadcastTo(ops.input('x', []), shape)],
      ['reshape', () => ops.reshape(ops.input('x', [6]), shape)],
      ['Variable', () => new Variable({ name: 'w', shape, initialize: () => {} })],
      ['dataset', () => dataset({ x: new Float32Array(0), y: new Uint8Array(0), inputShape: shape })],
    ];
    for (const [name, call] of make) expect(call, `${name} ${shape}`).toThrow(WgradError);
  }
});

import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import type { SpecializedKernel } from '../../src/kernels/kernel.ts';
import type { LoweredDispatch } from '../../src/runtime/lower.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import type { Race } from '../../src/simulator/run.ts';
import { buffersOf, dispatches, files, halfDispatches, withoutBarriers } from '../kernels/raceCases.ts';
import { emulated } from './compare.ts';

/** The races of a dispatch, or of its kernel in another form. */
function races(dispatch: LoweredDispatch, kernel: SpecializedKernel = dispatch.kernel): readonly Race[] {
  const simulation = compileKernel(emulated(kernel), { outside: 'poison' });
  const { workgroups } = dispatch;
  return run(simulation, { buffers: buffersOf(dispatch), workgroups, subgroupSize: 4 }).races;
}

const rolled = ({ source }: LoweredDispatch) =>
  specialize(source.file, source.specialization, { rolled: true });

describe.each(files)('%s', (file) => {
  const own = dispatches.filter((each) => each.file === file).map(({ dispatch }) => dispatch);

  it('has no race, neither unrolled nor as the file has it', () => {
    for (const dispatch of own) {
      expect(races(dispatch)).toEqual([]);
      expect(races(dispatch, rolled(dispatch))).toEqual([]);
    }
  });

  it('has one where any one of its barriers is missing', () => {
    const unnoticed = new Set<number>();
    for (const dispatch of own) {
      const kernel = rolled(dispatch);
      const codes = withoutBarriers(kernel);
      if (unnoticed.size === 0) codes.forEach((_, i) => unnoticed.add(i));
      for (const i of unnoticed)
        if (races(dispatch, { ...kernel, code: codes[i] }).length > 0) unnoticed.delete(i);
    }
    expect([...unnoticed], 'barriers that no case needs').toEqual([]);
  });
});

it('tiles of f16 have no race', () => {
  const own = halfDispatches();
  expect(own.map(({ kernel }) => kernel.name)).toEqual([
    'matmul/3_register_tiled',
    'matmul/7_register_blocks',
    'conv2d/3_implicit_gemm',
    'conv2d/grad_filter_3_implicit_gemm',
  ]);
  for (const dispatch of own) {
    expect(races(dispatch)).toEqual([]);
    expect(races(dispatch, rolled(dispatch))).toEqual([]);
  }
});

/** The races of a kernel of four invocations around statements, with two workgroups. */
function racesOf(statements: string, declarations = ''): readonly Race[] {
  const source = `@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read_write> total: atomic<u32>;
var<workgroup> shared_words: array<u32, 8>;
var<workgroup> pair: vec2u;
var<workgroup> count: atomic<u32>;
${declarations}
@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) i: u32, @builtin(global_invocation_id) id: vec3u) {
${statements}
}`;
  const buffers = { output: new Uint32Array(16), total: new Uint32Array(1) };
  return run(compileKernel(specialize({ name: 'test/race', source })), { buffers, workgroups: [2] }).races;
}

const LINE = 9; // of the first statement

describe('a race', () => {
  it('names variable, element, both invocations and both lines', () => {
    const [race, ...others] = racesOf(
      'shared_words[i] = i;\nlet x = shared_words[(i + 1u) % 4u];\noutput[id.x] = x;',
    );
    expect(others).toEqual([]);
    expect(race).toMatchObject({
      element: 'shared_words[1]',
      first: { invocation: 0, writes: false, place: { file: 'test/race', line: LINE + 1, fn: 'main' } },
      second: { invocation: 1, writes: true, place: { line: LINE } },
    });
    expect(race.message).toBe(
      'Race on shared_words[1]: invocation 0 reads it at test/race.wgsl:10, invocation 1 writes it at ' +
        'test/race.wgsl:9, and nothing orders them.',
    );
  });

  it.each([
    ['two writes of one word', 'shared_words[0] = 1u;', 'shared_words[0]'],
    [
      'components of one vector',
      'if (i == 0u) { pair.x = 1u; } else if (i == 1u) { pair.y = 1u; }',
      'pair.x',
    ],
    ['in storage, within a workgroup', 'output[id.x / 4u] = 1u;', 'output[0]'],
    ['in storage, between workgroups', 'if (i == 0u) { output[0] = 1u; }', 'output[0]'],
    [
      'in storage, where only workgroup memory is in order',
      'output[id.x] = i; workgroupBarrier(); let y = output[id.x ^ 1u]; shared_words[i] = y;',
      'output[1]',
    ],
    [
      'a write in one phase, a read by another workgroup',
      'if (id.x == 0u) { output[9] = 1u; } storageBarrier(); if (id.x == 4u) { shared_words[0] = output[9]; }',
      'output[9]',
    ],
    ['in a function, through a pointer', 'let p = &shared_words[2]; put(p, i);', 'shared_words[2]'],
  ])('is found: %s', (_, statements, element) => {
    const put = 'fn put(p: ptr<workgroup, u32>, value: u32) { *p = value; }';
    const found = racesOf(statements, put);
    expect(found.map((race) => race.element)).toContain(element);
  });

  it.each([
    ['each its own', 'shared_words[i] = i; output[id.x] = shared_words[i];'],
    [
      'a barrier between',
      'shared_words[i] = i; workgroupBarrier(); output[id.x] = shared_words[(i + 1u) % 4u];',
    ],
    ['reads alone', 'output[id.x] = shared_words[0] + output[id.x];'],
    [
      'atomics',
      'atomicAdd(&count, 1u); atomicAdd(&total, 1u); workgroupBarrier(); output[id.x] = atomicLoad(&count);',
    ],
    [
      'storage and its barrier',
      'output[id.x] = i; storageBarrier(); let y = output[id.x ^ 1u]; storageBarrier(); output[id.x] = y;',
    ],
    [
      'workgroupUniformLoad',
      'if (i == 0u) { shared_words[0] = 7u; } output[id.x] = workgroupUniformLoad(&shared_words[0]); shared_words[i] = 1u;',
    ],
  ])('is none: %s', (_, statements) => {
    expect(racesOf(statements)).toEqual([]);
  });
});

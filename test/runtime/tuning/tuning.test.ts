import { afterEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError } from '../../../src/errors.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { build } from '../../../src/runtime/build.ts';
import { init } from '../../../src/runtime/session.ts';
import type { Gpu } from '../../../src/runtime/session.ts';
import { adapterClass, adapterKey } from '../../../src/runtime/tuning/adapters.ts';
import type { Answer, Answers } from '../../../src/runtime/tuning/choice.ts';
import { NOTHING } from '../../../src/runtime/tuning/measurements.ts';
import type { Measurements } from '../../../src/runtime/tuning/measurements.ts';
import type { TuneOptions } from '../../../src/runtime/tuning/tuning.ts';
import { findAdapter } from '../../../src/node/adapter.ts';
import '../../helpers/device.ts';
import { memoryStore, probe, tuningGpu, withChangedPlans } from './probe.ts';

const sessions: Gpu[] = [];
async function open(options: TuneOptions): Promise<Gpu> {
  const gpu = await tuningGpu(options);
  sessions.push(gpu);
  return gpu;
}
afterEach(() => sessions.splice(0).forEach((gpu) => gpu.destroy()));

const [a, b] = [input('a', [64, 100]), input('b', [100, 40])];
const define = () => ({ c: probe(a, b, ['slow', 'eight']) });

/** The choice that a session makes. */
async function chosen(gpu: Gpu, variants?: Record<string, string>): Promise<string> {
  const program = await gpu.compile(define, { variants });
  program.destroy();
  const { variant, by } = program.build.dispatches[0].choice!;
  return `${variant} (${by})`;
}

describe('a choice is', () => {
  it('forced before it is tuned, tuned before it is a rule', async () => {
    const { store } = memoryStore();
    expect(await chosen(await open({ tune: true, tuningStore: store }))).toBe('eight (tuned)');
    const cached = await open({ tune: 'cached', tuningStore: store });
    expect(await chosen(cached)).toBe('eight (tuned)');
    expect(await chosen(cached, { probe: 'slow' })).toBe('slow (forced)');
    expect(await chosen(await open({ tune: false, tuningStore: store }))).toBe('slow (rule)');
    expect(await chosen(await open({ tune: 'cached', tuningStore: memoryStore().store }))).toBe(
      'slow (rule)',
    );
  });

  it('one of the candidates: another forced name says which there are', async () => {
    const gpu = await open({});
    await expect(chosen(gpu, { probe: 'fast' })).rejects.toThrow(
      'probe has no variant "fast"; it has slow, eight',
    );
    const forced = () =>
      gpu.compile(() => ({ c: matmul(a, b) }), { variants: { matmul: 'register_only:3x5x7' } });
    await expect(forced()).rejects.toThrow(
      /has no variant "register_only:3x5x7"; it has naive, .*, register_only:/,
    );
  });

  it('of an op that has one: a name of no op says which there are', async () => {
    const gpu = await open({});
    const forced = (define: () => Record<string, Tensor>, name: string) =>
      gpu.compile(define, { variants: { [name]: 'naive' } });
    const wrong = forced(() => ({ c: matmul(a, b) }), 'matmull');
    await expect(wrong).rejects.toThrow(ArgumentError);
    await expect(wrong).rejects.toThrow(
      /variants names "matmull", .* are argmax, .*, transpose; of this program matmul: naive, .*tiled, /,
    );
    await expect(forced(() => ({ c: a }), 'Matmul')).rejects.toThrow('of this program none');
  });

  it('made by the rule again when the plan has changed under its name', async () => {
    const { store } = memoryStore();
    await chosen(await open({ tune: true, tuningStore: store }));
    const gpu = await open({ tune: 'cached', tuningStore: store });
    expect(await withChangedPlans(() => chosen(gpu))).toBe('slow (rule)');
    expect(await chosen(gpu)).toBe('eight (tuned)');
  });

  it('made by the rule again when a kernel or the candidates have changed', async () => {
    const { store, known } = memoryStore();
    await chosen(await open({ tune: true, tuningStore: store }));
    const [adapter] = Object.keys(known);
    const [key] = Object.keys(known[adapter].choices);
    known[adapter] = { choices: { [key]: { ...known[adapter].choices[key], sources: 'another' } } };
    expect(await chosen(await open({ tune: 'cached', tuningStore: store }))).toBe('slow (rule)');
    expect(await chosen(await open({ tune: true, tuningStore: store }))).toBe('eight (tuned)');
  });
});

describe('lowering', () => {
  const target = { software: true, limits: { maxComputeWorkgroupsPerDimension: 65_535 } } as never;
  const answering = (answer: Partial<Answer>): Answers => ({
    find: () => ({ variant: 'eight', by: 'default', ...answer }),
  });
  const choiceOf = (answers: Answers) => {
    const { dispatches } = build({ outputs: define(), objectives: [], effects: [] }, { target, answers });
    return dispatches.map(({ choice }) => `${choice!.variant} (${choice!.by})`);
  };

  it('tells of shipped choices', () => {
    expect(choiceOf(answering({}))).toEqual(['eight (default)']);
  });

  it('takes no answer that is no candidate, or of another plan', () => {
    expect(choiceOf(answering({ variant: 'fast' }))).toEqual(['slow (rule)']);
    expect(choiceOf(answering({ fingerprint: 'another' }))).toEqual(['slow (rule)']);
  });
});

describe('measurements', () => {
  it('of a store that cannot be read are told, and training goes on without them', async () => {
    const notices: string[] = [];
    const store = { ...memoryStore().store, load: () => Promise.reject(new Error('it is not JSON')) };
    const gpu = await open({ tune: 'cached', tuningStore: store, onNotice: (text) => notices.push(text) });
    expect(await chosen(gpu)).toBe('slow (rule)');
    expect(notices).toEqual([
      'Measured kernel choices are not used: a store of the test cannot be read: it is not JSON',
    ]);
  });

  it.each([{}, { choices: { a: 'fast' } }, { choices: {}, residentWorkgroups: NaN }, 'fast'])(
    'of a store that gives something else (%o) are told, too',
    async (loaded) => {
      const notice = vi.fn<(text: string) => void>();
      const store = {
        ...memoryStore().store,
        load: () => Promise.resolve(loaded as unknown as Measurements),
      };
      const gpu = await open({ tune: 'cached', tuningStore: store, onNotice: notice });
      expect(await chosen(gpu)).toBe('slow (rule)');
      expect(notice.mock.calls).toEqual([
        [
          'Measured kernel choices are not used: a store of the test cannot be read: its measurements are damaged',
        ],
      ]);
    },
  );

  it('that cannot be stored are told, and hold for the session', async () => {
    const notices: string[] = [];
    const store = { ...memoryStore().store, save: () => Promise.reject(new Error('the disk is full')) };
    const gpu = await open({ tune: true, tuningStore: store, onNotice: (text) => notices.push(text) });
    expect(await chosen(gpu)).toBe('eight (tuned)');
    expect(await chosen(gpu)).toBe('eight (tuned)');
    expect(gpu.tuning.reports.length).toBe(1);
    expect(notices).toEqual([
      'Measured kernel choices hold for this session only: a store of the test cannot be written: the disk is full',
    ]);
  });

  it('pass on to the session that takes the place of a lost one', async () => {
    const { store, counts } = memoryStore();
    const failing = { ...store, save: () => Promise.reject(new Error('read-only')) };
    const { adapter, gpu: dawn } = await findAdapter();
    const gpu = await init({
      adapter,
      gpu: dawn,
      tune: true,
      tuningStore: failing,
      onNotice: () => {},
    });
    sessions.push(gpu);
    expect(await chosen(gpu)).toBe('eight (tuned)');
    const next = await gpu.reopen();
    try {
      expect(await chosen(next)).toBe('eight (tuned)');
      expect(next.tuning.reports).toEqual([]);
      expect(counts.loads).toBe(1);
    } finally {
      next.destroy();
    }
  });

  it('of the number of resident workgroups change what the rules want', async () => {
    const { store, known } = memoryStore();
    const gpu = await open({ tune: 'cached', tuningStore: store });
    known[gpu.tuning.adapter] = { ...NOTHING, residentWorkgroups: 64 };
    const later = await open({ tune: 'cached', tuningStore: store });
    expect(gpu.target.residentWorkgroups).toBeUndefined();
    expect(later.target.residentWorkgroups).toBe(64);
    // One tile of 4 × 10 outputs with a long sum: it is cut into more parts.
    const splits = async (session: Gpu) => {
      const program = await session.compile(() => ({
        c: matmul(input('x', [4, 16_384]), input('y', [16_384, 32])),
      }));
      program.destroy();
      return program.build.dispatches.at(-1)!.flops / (4 * 32);
    };
    expect(await splits(later)).toBeGreaterThan(await splits(gpu));
  });

  it('are asked for by true, false or "cached"', async () => {
    for (const tune of ['always', 1, null]) {
      await expect(init({ tune: tune as never })).rejects.toThrow(ArgumentError);
      await expect(init({ tune: tune as never })).rejects.toThrow(/init: tune is .*; true measures kernels/);
    }
  });
});

describe('adapters', () => {
  const device = (info: object, software: boolean) =>
    ({
      adapterInfo: info,
      software,
      description: String(Object.values(info).at(-1)),
      subgroupSize: 8,
    }) as never;

  it('are known by all that is known of them and of the driver', () => {
    const info = {
      vendor: 'mesa',
      architecture: '',
      device: 'llvmpipe',
      description: 'llvmpipe: Mesa 25.0.7',
    };
    const keys = [
      device(info, true),
      device(info, false),
      device({ ...info, description: 'llvmpipe: Mesa 25.0.8' }, true),
    ].map(adapterKey);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toMatch(/^mesa \| llvmpipe \| llvmpipe: Mesa 25\.0\.7 \| software \| subgroups 8/);
  });

  it('have a class', () => {
    const of = (vendor: string, description: string, software: boolean) =>
      adapterClass(device({ vendor, description }, software));
    expect(of('mesa', 'llvmpipe: Mesa 25.0.7', true)).toBe('lavapipe');
    expect(of('google', 'SwiftShader driver 5.0.0', true)).toBe('swiftshader');
    expect(of('microsoft', 'Microsoft Basic Render Driver', true)).toBe('software');
    expect(of('nvidia', 'NVIDIA H200', false)).toBe('nvidia');
    expect(of('', 'something', false)).toBe('unknown');
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { Device } from '../../../src/device/device.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import { add, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { reshape } from '../../../src/ops/movement/movement.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { formatGraph } from '../../../src/runtime/print.ts';
import { measureResidentWorkgroups } from '../../../src/runtime/tuning/occupancy.ts';
import { Stopwatch } from '../../../src/runtime/tuning/stopwatch.ts';
import { formatTuning } from '../../../src/runtime/tuning/report.ts';
import type { TuneOptions } from '../../../src/runtime/tuning/tuning.ts';
import { random } from '../../reference/array.ts';
import '../../helpers/close.ts';
import { testAdapter, testDevice } from '../../helpers/device.ts';
import { memoryStore, probe, tuningGpu } from './probe.ts';
import type { Plan } from './probe.ts';

const notices: string[] = [];
const sessions: Gpu[] = [];

async function open(options: TuneOptions = {}): Promise<Gpu> {
  notices.length = 0;
  const gpu = await tuningGpu({ tune: true, onNotice: (text) => notices.push(text), ...options });
  sessions.push(gpu);
  return gpu;
}
afterEach(() => sessions.splice(0).forEach((gpu) => gpu.destroy()));

/** Large enough to be worth measuring. */
const [M, N, K] = [64, 40, 100];
const operands = () => [input('a', [M, K]), input('b', [K, N])] as const;

/** Compiles a probe and says what became of its candidates. */
async function tried(candidates: readonly Plan[], preferred?: Plan) {
  const gpu = await open();
  const before = gpu.device.liveBuffers;
  const program = await gpu.compile(() => ({ c: probe(...operands(), candidates, preferred) }));
  program.destroy();
  expect(gpu.device.liveBuffers, 'all buffers of the tuner are gone').toBe(before);
  const [report] = gpu.tuning.reports;
  const [{ choice }] = program.build.dispatches;
  return { report, choice, trials: Object.fromEntries(report.trials.map((own) => [own.variant, own])) };
}

describe('the tuner', () => {
  it('takes the faster one of two right kernels', async () => {
    const { report, choice, trials } = await tried(['slow', 'eight']);
    expect(trials.slow.microseconds).toBeGreaterThan(2 * trials.eight.microseconds!);
    expect(report.choice).toMatchObject({ variant: 'eight', rule: 'slow' });
    expect(choice).toMatchObject({ variant: 'eight', by: 'tuned' });
    expect(notices).toEqual([]);
  });

  it('refuses a kernel that computes other numbers, however fast, and says so', async () => {
    const { report, choice, trials } = await tried(['slow', 'short', 'eight']);
    expect(trials.short.microseconds).toBeUndefined();
    expect(trials.short.refused).toMatch(/numbers differ/);
    expect(report.wrong).toEqual(['short']);
    expect(choice!.variant).toBe('eight');
    expect(notices).toEqual([
      expect.stringMatching(/the kernel short computes other numbers.* on .*probe f32/),
    ]);
  });

  it('refuses even the kernel of the rule where the others agree without it', async () => {
    const { report, choice } = await tried(['short', 'eight', 'sixteen']);
    expect(report.wrong).toEqual(['short']);
    expect(choice!.variant).not.toBe('short');
  });

  it('leaves out what is beyond the limits, before it is compiled', async () => {
    const { report } = await tried(['eight', 'huge', 'sixteen']);
    expect(report.trials.map(({ variant }) => variant)).toEqual(['eight', 'sixteen']);
    expect(notices).toEqual([]);
  });

  it('passes over a kernel that does not compile', async () => {
    const { choice, trials } = await tried(['slow', 'broken', 'eight']);
    expect(trials.broken.refused).toMatch(/does not compile/);
    expect(choice!.variant).toBe('eight');
  });

  it('measures nothing where there is one candidate, or little to compute', async () => {
    const gpu = await open();
    const [a, b] = operands();
    const tiny = probe(input('c', [8, 8]), input('d', [8, 8]), ['slow', 'eight']);
    const program = await gpu.compile(() => ({ one: probe(a, b, ['eight']), tiny }));
    expect(gpu.tuning.reports).toEqual([]);
    program.destroy();
  });

  it('measures equal shapes once, and nothing that is forced', async () => {
    const gpu = await open();
    const [a, b] = operands();
    const twice = () => ({
      one: probe(a, b, ['slow', 'eight']),
      two: probe(a, input('e', [K, N]), ['slow', 'eight']),
    });
    const forced = await gpu.compile(twice, { variants: { probe: 'slow' } });
    expect(gpu.tuning.reports).toEqual([]);
    expect(forced.build.dispatches.map(({ choice }) => choice!.by)).toEqual(['forced', 'forced']);
    const tuned = await gpu.compile(twice);
    expect(gpu.tuning.reports.length).toBe(1);
    expect(tuned.build.dispatches.map(({ choice }) => choice!.variant)).toEqual(['eight', 'eight']);
    const again = await gpu.compile(twice);
    expect(gpu.tuning.reports.length).toBe(1);
    for (const program of [forced, tuned, again]) program.destroy();
  });

  it('tells how far it has come', async () => {
    const gpu = await open();
    const told: string[] = [];
    const program = await gpu.compile(() => ({ c: probe(...operands(), ['eight', 'sixteen']) }), {
      label: 'own',
      onProgress: ({ done, total, label }) => told.push(`${done}/${total} ${label}`),
    });
    expect(told).toEqual(['0/1 tuning', '1/1 tuning probe', '1/1 probe']);
    program.destroy();
  });
});

describe('a tuned program', () => {
  const [x, w, v, bias] = [
    random(1, [8, 16, 16, 4]),
    random(2, [3, 3, 4, 8]),
    random(3, [1568, 24]),
    random(4, [8]),
  ];

  async function run(options: TuneOptions) {
    const gpu = await open(options);
    const tensors = [x, w, v, bias].map(({ shape }, i) => input(`input ${i}`, shape));
    const define = ([image, kernel, matrix, row]: Tensor[]) => {
      const y = relu(add(conv2d(image, kernel), row));
      return { y, z: matmul(reshape(y, [8, 1568]), matrix) };
    };
    const program = await gpu.compile(() => define(tensors));
    [x, w, v, bias].forEach(({ data }, i) => program.write(tensors[i], Float32Array.from(data)));
    const results: Float32Array[] = [];
    for (let step = 0; step < 2; step++) {
      await program.step();
      results.push((await program.read('y')) as Float32Array, (await program.read('z')) as Float32Array);
    }
    program.destroy();
    return { gpu, program, results };
  }

  it('computes what the rule’s does, with the same bits in every step, and shows who chose', async () => {
    const { store, known, counts } = memoryStore();
    const rule = await run({ tune: false });
    const tuned = await run({ tuningStore: store });
    const cached = await run({ tune: 'cached', tuningStore: store });
    tuned.results.forEach((values, i) =>
      expect(values).toBeAllClose(rule.results[i], { rtol: 1e-4, atol: 1e-4 }),
    );
    expect(tuned.results[2]).toEqual(tuned.results[0]);
    expect(tuned.results[3]).toEqual(tuned.results[1]);
    expect(cached.results).toEqual(tuned.results);

    const by = ({ program }: typeof rule) => program.build.dispatches.map(({ choice }) => choice?.by);
    expect(by(rule)).toEqual(['rule', 'rule']);
    // Two dispatches, or three where the tuner cuts the sum of the product.
    expect([...new Set(by(tuned))]).toEqual(['tuned']);
    expect(by(cached)).toEqual(by(tuned));
    expect(cached.gpu.tuning.reports).toEqual([]);
    expect(counts).toEqual({ loads: 2, saves: 1 });
    expect(Object.keys(Object.values(known)[0].choices).length).toBe(2);

    // Which of them is the fastest depends on what else the machine does.
    expect(formatGraph(tuned.program.build)).toMatch(/conv2d\/\w+ +\S+ \(tuned\)/);
    expect(formatGraph(rule.program.build)).toMatch(/conv2d\/2_direct +direct \(rule\)/);
    const table = formatTuning(tuned.gpu.tuning.reports);
    expect(table).toMatch(/^of +op and shapes +timed +rule +µs +tuned +µs +gain$/m);
    expect(table).toMatch(
      /^conv2d +conv2d f32\[8,16,16,4\] f32\[3,3,4,8\] \+channel +\d+ +direct +[\d.]+ +\S+ +[\d.]+ +\d\.\d\d×$/m,
    );
  });
});

it('measures with the timestamps of the GPU where it has them', async () => {
  const { features } = await testAdapter();
  const requiredFeatures = (['timestamp-query'] as const).filter((feature) => features.has(feature));
  const real = await testDevice({ requiredFeatures });
  const gpu = new Gpu(new Device(real, real.adapterInfo, { owned: false }));
  const program = await gpu.compile(() => ({ c: matmul(input('a', [64, 64]), input('b', [64, 64])) }));
  const stopwatch = new Stopwatch(gpu.device);
  for (let i = 0; i < 2; i++) {
    const microseconds = await stopwatch.time(program);
    expect(microseconds).toBeGreaterThan(0);
    expect(microseconds).toBeLessThan(1e6);
  }
  const live = gpu.device.liveBuffers;
  stopwatch.destroy();
  expect(gpu.device.liveBuffers).toBe(live - requiredFeatures.length);
  program.destroy();
  gpu.destroy();
});

it('counts the workgroups that run at once on what is treated as a GPU', async () => {
  const gpu = await tuningGpu({}, false);
  sessions.push(gpu);
  const resident = await measureResidentWorkgroups(gpu, 16);
  expect(resident).toBeGreaterThanOrEqual(1);
  expect(resident).toBeLessThanOrEqual(512);
  expect(Number.isInteger(resident)).toBe(true);
  expect(await measureResidentWorkgroups(await open(), 16)).toBeUndefined();
});

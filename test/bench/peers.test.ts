import { describe, expect, it } from 'vitest';
import { GPT_PRESETS } from '../../src/models/gptNetwork.ts';
import { countCalls } from '../../bench/peers/counting.ts';
import { ENTRANTS } from '../../bench/peers/contestants.ts';
import { wgradContestant } from '../../bench/peers/frameworks/wgrad.ts';
import {
  firstWeights,
  GPT,
  kernelFlops,
  kernelName,
  kernelOperands,
  kernelSpecs,
  MODELS,
  texts,
  trains,
  transposed,
} from '../../bench/peers/problem.ts';
import { formatModel, formatPeerKernels, peerWarnings } from '../../bench/peers/report.ts';
import { kernelResults, sameLosses, trainingResults } from '../../bench/peers/results.ts';
import { COMPARED_STEPS, sampleKernel, sampleTraining } from '../../bench/peers/sample.ts';
import type { TrainingSample } from '../../bench/peers/sample.ts';
import { conv2d } from '../reference/conv2d.ts';
import { testGpu } from '../helpers/evaluate.ts';

describe('the problem', () => {
  it.each([
    ['quick', 5_994],
    ['keras', 34_826],
    ['autoencoder', 218_192],
    ['dcgan', 111_969 + 10_065],
    ['gpt', 104_832],
  ] as const)('%s has %d weights, the same in every process', (model, count) => {
    const weights = firstWeights(model);
    expect(weights.reduce((sum, { values }) => sum + values.length, 0)).toBe(count);
    const sums = (all: typeof weights) =>
      all.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
    expect(sums(weights)).toEqual(sums(firstWeights(model)));
    const kernels = weights.filter(({ shape }) => shape.length > 1);
    for (const { values } of kernels)
      expect(values.every((value) => Math.abs(value) < 1 && value !== 0)).toBe(true);
  });

  it('has the GPT of the preset tiny, which reads each character and is asked for the next', () => {
    expect(GPT_PRESETS.tiny).toMatchObject(
      (({ blocks, heads, width, context, batchSize }) => ({ blocks, heads, width, context, batchSize }))(GPT),
    );
    const { characters, following } = texts();
    expect(characters).toHaveLength(GPT.batchSize * GPT.context);
    expect(following.slice(0, -1)).toEqual(characters.slice(1));
    expect(new Set(characters).size).toBe(GPT.characters);
    expect([Math.min(...following), Math.max(...following)]).toEqual([0, GPT.characters - 1]);
  });

  it('turns layouts: [H, W, C] → [C, H, W]', () => {
    const image = { shape: [1, 2, 3], values: Float32Array.of(0, 1, 2, 10, 11, 12) };
    expect(transposed(image, [2, 0, 1])).toEqual({
      shape: [3, 1, 2],
      values: Float32Array.of(0, 10, 1, 11, 2, 12),
    });
  });

  it('has the passes of every layer, named once each', () => {
    const specs = kernelSpecs([256]);
    expect(new Set(specs.map(kernelName)).size).toBe(specs.length);
    expect(specs.filter((spec) => spec.kind === 'conv2d' && spec.pass === 'filter gradient')).toHaveLength(6);
    const [square] = specs;
    expect([kernelName(square), kernelFlops(square)]).toEqual(['matmul 256×256 · 256×256', 2 * 256 ** 3]);
  });
});

describe('wgrad', () => {
  const options = { stretchMs: 1 };

  it('trains, counts its calls, and begins where everybody does', async () => {
    const contestant = wgradContestant(await testGpu(), 'test');
    const { losses, calls, stepMs, loopMs } = await sampleTraining(contestant, 'quick', options);
    expect(losses).toHaveLength(COMPARED_STEPS);
    expect(losses[0]).toBeCloseTo(2.31981, 4); // as jax-js and TensorFlow.js have it
    expect(losses.at(-1)).toBeCloseTo(2.25697, 3);
    expect(stepMs).toBeGreaterThan(0);
    expect(loopMs).toBeGreaterThanOrEqual(0);
    expect(calls).toMatchObject({ uploadedBytes: 0, readBytes: 4 });
    expect(calls.dispatches).toBeGreaterThan(10);
  });

  it('begins the GPT where jax-js and TensorFlow.js do', async () => {
    const training = await wgradContestant(await testGpu(), 'test').training('gpt');
    expect(await training.step()).toBeCloseTo(4.194964, 5);
    expect(await training.step()).toBeCloseTo(4.11121, 3); // TensorFlow.js: 4.11102
  });

  it('computes what a kernel’s float64 twin does', async () => {
    const spec = kernelSpecs([]).find((own) => kernelName(own).startsWith('conv2d 64×12×12×8'))!;
    const [x, w] = kernelOperands(spec).map(({ shape, values }) => ({
      shape,
      data: Float64Array.from(values),
    }));
    const expected = conv2d(x, w).data.reduce((sum, value) => sum + Math.abs(value), 0);
    const { total, ms, calls } = await sampleKernel(wgradContestant(await testGpu(), 'test'), spec, options);
    expect(total / expected).toBeCloseTo(1, 5);
    expect(ms).toBeGreaterThan(0);
    expect(calls.readBytes).toBe(0);
  });
});

it('times a loop again whose further steps took less than no time', async () => {
  await testGpu(); // defines what calls are counted on
  const durations = [0, 40, 0, 0, 40]; // one to get ready; few steps and more, twice
  const lengths: number[] = [];
  const training = {
    step: async () => 1,
    async loop(steps: number) {
      lengths.push(steps);
      await new Promise((resolve) => setTimeout(resolve, durations[lengths.length - 1]));
    },
  };
  const contestant = { version: '', training: async () => training, kernel: () => Promise.reject() };
  const { loopMs } = await sampleTraining(contestant, 'quick', { stretchMs: 1 });
  expect(lengths).toHaveLength(durations.length);
  expect(lengths.slice(3)).toEqual(lengths.slice(1, 3));
  expect(loopMs).toBeGreaterThan(20 / (lengths[4] - lengths[3]));
});

it('lets TensorFlow.js end a run of kernels wherever it has just submitted by itself', async () => {
  const { tfjsContestant } = await import('../../bench/peers/frameworks/tfjs.mjs');
  const BATCH = 15;
  const submits: number[] = [];
  // As the webgpu backend does: what is dispatched waits in an encoder, which the 15th dispatch has submitted.
  const backend = {
    commandEncoder: null as number | null,
    endComputePassEncoder() {},
    submitQueue() {
      if (backend.commandEncoder === null)
        throw new TypeError("Cannot read properties of null (reading 'finish')");
      submits.push(backend.commandEncoder);
      backend.commandEncoder = null;
    },
    device: { queue: { onSubmittedWorkDone: async () => undefined } },
  };
  const matMul = () => {
    backend.commandEncoder = (backend.commandEncoder ?? 0) + 1;
    if (backend.commandEncoder === BATCH) backend.submitQueue();
    return { dispose() {} };
  };
  const fake = { version: { tfjs: 'fake' }, tensor: () => ({}), matMul, backend: () => backend };
  const kernel = await tfjsContestant(fake).kernel(kernelSpecs([16])[0]);
  for (const times of [1, BATCH, 2 * BATCH + 1]) await kernel.run(times);
  expect(submits).toEqual([1, BATCH, BATCH, BATCH, 1]);
});

it('counts what the GPU is asked for, and leaves it as it was', async () => {
  const { device } = await testGpu();
  const { submit } = GPUQueue.prototype;
  const buffer = device.createBuffer('counted', 64, GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC);
  const calls = await countCalls(async () => {
    device.write(buffer, 0, new Float32Array(8), 4, 12);
    device.gpu.queue.writeBuffer(buffer, 0, new Float32Array(8), 2, 3);
    await device.read(buffer, 0, 20);
  }, 3);
  expect(calls).toEqual({ dispatches: 0, submits: 1, uploadedBytes: 24, readBytes: 20 });
  expect(GPUQueue.prototype.submit).toBe(submit);
  buffer.destroy();
});

describe('the results', () => {
  const sample = (stepMs: number, losses: number[]): TrainingSample => ({
    firstMs: 100,
    stepMs,
    stepCpuMs: 2 * stepMs,
    loopMs: stepMs / 2,
    loopCpuMs: stepMs,
    calls: { dispatches: 21, submits: 2, uploadedBytes: 0, readBytes: 4 },
    losses,
  });
  const [wgrad, jax] = ENTRANTS;
  const race = (losses: number[]) => [
    { entrant: wgrad, version: 'a', samples: [sample(10, [1, 2]), sample(12, [1, 2])], coldMs: [900] },
    { entrant: jax, version: 'b', samples: [sample(40, [1, 2]), sample(48, losses)] },
  ];

  it('have an id for every entrant and measure', () => {
    const results = trainingResults('quick', race([1, 2]));
    expect(results.map(({ id }) => id)).toEqual([
      'quick step | wgrad',
      'quick loop | wgrad',
      'quick first step | wgrad',
      'quick first step, cold | wgrad',
      'quick step | jax-js',
      'quick loop | jax-js',
      'quick first step | jax-js',
    ]);
    expect(results[0].ms.median).toBe(11);
    expect(results[0].cpuMs?.median).toBe(22);
    expect(results.every(({ agrees }) => agrees)).toBe(true);
  });

  it('mark who learns something else', () => {
    const results = trainingResults('quick', race([1, 2.01]));
    expect(results.filter(({ agrees }) => !agrees).map(({ framework }) => framework)).toContain('jax-js');
    expect(formatModel('quick', results)).toMatch(/\| jax-js +\| .*NO +\|$/m);
    expect(peerWarnings(results).join()).toContain('quick step | jax-js: computes something else');
  });

  it('of a text have its characters a second', () => {
    const text = formatModel('gpt', trainingResults('gpt', race([1, 2])));
    expect(text).toContain('### gpt, batch 32');
    expect(text).toMatch(/loop, characters\/s \|$/m);
    expect(text).toMatch(/\| jax-js .* 46,545 \|$/m); // 1024 of them in 22 ms
  });

  it.each([
    [[1, 2], [1, 2.001], true],
    [[1, 2], [1, 2.003], false],
    [[1, 2], [1], false],
    [[NaN], [NaN], false],
  ])('losses %j and %j are the same: %s', (a, b, same) => expect(sameLosses(a, b)).toBe(same));

  it('show ratios to wgrad', () => {
    const text = formatModel('quick', trainingResults('quick', race([1, 2])));
    expect(text).toMatch(
      /\| wgrad +\| +11 \(10\.5–11\.5\) \| +1× \| +22 \| +1× \| +5\.5 \| +1× \| +11 \| +100 \| +900 \|/,
    );
    expect(text).toMatch(/\| jax-js +\| +44 \(42–46\) \| +4× \|/);
  });

  it('of kernels compare the results themselves', () => {
    const specs = kernelSpecs([]).slice(0, 1);
    const what = kernelName(specs[0]);
    const calls = { dispatches: 1, submits: 1, uploadedBytes: 0, readBytes: 0 };
    const own = (ms: number, total: number) => [{ [what]: { ms, total, calls } }];
    const results = kernelResults(specs, [
      { entrant: wgrad, version: 'a', samples: own(1, 100) },
      { entrant: jax, version: 'b', samples: own(3, 101) },
    ]);
    expect(results.map(({ agrees }) => agrees)).toEqual([true, false]);
    expect(formatPeerKernels(results)).toContain('3 (3×) WRONG');
  });

  it('jax-js sits the DCGAN out', () => {
    expect(MODELS.filter((model) => !trains('jax-js', model))).toEqual(['dcgan']);
    expect(
      ENTRANTS.filter((entrant) => entrant.framework !== 'jax-js').every((entrant) =>
        trains(entrant.framework, 'dcgan'),
      ),
    ).toBe(true);
  });
});

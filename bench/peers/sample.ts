import type { Calls } from '../report/schema.ts';
import { median } from '../report/stats.ts';
import { countCalls } from './counting.ts';
import type { Contestant } from './contestant.ts';
import type { KernelSpec, ModelName } from './problem.ts';

/** What one process tells of one model. */
export interface TrainingSample {
  /** From the first line of the framework's own set-up to the first loss. */
  readonly firstMs: number;
  /** Steps that each wait for their loss: the median. */
  readonly stepMs: number;
  readonly stepCpuMs?: number;
  /** A step of the training loop, which waits for nothing that it does not need. */
  readonly loopMs: number;
  readonly loopCpuMs?: number;
  readonly calls: Calls;
  /** Of the first steps. */
  readonly losses: readonly number[];
}

export interface KernelSample {
  readonly ms: number;
  readonly cpuMs?: number;
  readonly calls: Calls;
  /** Σ |element| of the result. */
  readonly total: number;
}

export interface SampleOptions {
  /** How long each timed stretch should last. */
  readonly stretchMs: number;
  /** CPU seconds of the process so far. */
  readonly cpuSeconds?: () => number;
  /** That the process may use; default 1. */
  readonly cores?: number;
}

/** Losses that are compared, and steps that are made at least. */
export const COMPARED_STEPS = 8;
const WARM_STEPS = 3;
/** How often a loop is timed where other programs disturb it so much that steps take less than their CPU time on all cores. */
const LOOP_TRIES = 6;
const MOST_STEPS = 200;

export async function sampleTraining(
  contestant: Contestant,
  model: ModelName,
  { stretchMs, cpuSeconds, cores = 1 }: SampleOptions,
  begun = performance.now(),
): Promise<TrainingSample> {
  const training = await contestant.training(model);
  const losses = [await training.step()];
  const firstMs = performance.now() - begun;
  for (let step = 0; step < WARM_STEPS; step++) losses.push(await training.step());

  const times: number[] = [];
  const cpuBefore = cpuSeconds?.();
  for (let total = 0; losses.length < COMPARED_STEPS || (total < stretchMs && times.length < MOST_STEPS);) {
    const before = performance.now();
    losses.push(await training.step());
    times.push(performance.now() - before);
    total += times.at(-1)!;
  }
  const stepCpuMs = cpuBefore === undefined ? undefined : (1000 * (cpuSeconds!() - cpuBefore)) / times.length;
  const stepMs = median(times);
  const slow = stepMs > stretchMs;
  const calls = await countCalls(() => training.step(), slow ? 1 : 2);

  // A loop has costs of its own at its beginning and end: what more steps take more is what a step takes.
  const short = slow ? 1 : 2;
  const more = slow ? 2 : Math.min(MOST_STEPS, Math.max(4, Math.round(stretchMs / stepMs)));
  await training.loop(short);
  const timed = async (steps: number) => {
    const [wall, cpu] = [performance.now(), cpuSeconds?.() ?? 0];
    await training.loop(steps);
    return { wall: performance.now() - wall, cpu: 1000 * ((cpuSeconds?.() ?? 0) - cpu) };
  };
  let [few, many] = [await timed(short), await timed(short + more)];
  const isDisturbed = () => many.wall - few.wall <= (many.cpu - few.cpu) / cores;
  for (let tries = 1; isDisturbed() && tries < LOOP_TRIES; tries++) {
    [few, many] = [await timed(short), await timed(short + more)];
  }
  const perStep = (time: 'wall' | 'cpu') => Math.max(0, many[time] - few[time]) / more;
  return {
    firstMs,
    stepMs,
    loopMs: perStep('wall'),
    ...(cpuSeconds && { stepCpuMs, loopCpuMs: perStep('cpu') }),
    calls,
    losses: losses.slice(0, COMPARED_STEPS),
  };
}

/** The first step alone: for what compiling costs. */
export async function sampleFirstStep(
  contestant: Contestant,
  model: ModelName,
  begun: number,
): Promise<number> {
  const training = await contestant.training(model);
  await training.step();
  return performance.now() - begun;
}

export async function sampleKernel(
  contestant: Contestant,
  spec: KernelSpec,
  { stretchMs, cpuSeconds }: SampleOptions,
): Promise<KernelSample> {
  const kernel = await contestant.kernel(spec);
  await kernel.run(1);
  const timed = async (times: number) => {
    const before = performance.now();
    await kernel.run(times);
    return performance.now() - before;
  };
  const once = (await timed(3)) / 3;
  const times = Math.min(MOST_STEPS, Math.max(1, Math.round(stretchMs / once)));
  const cpuBefore = cpuSeconds?.();
  const ms = (await timed(times)) / times;
  const cpuMs = cpuBefore === undefined ? undefined : (1000 * (cpuSeconds!() - cpuBefore)) / times;
  const calls = await countCalls(() => kernel.run(1), 2);
  return { ms, ...(cpuMs !== undefined && { cpuMs }), calls, total: await kernel.total() };
}

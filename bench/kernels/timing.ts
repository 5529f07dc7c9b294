import type { Gpu, Program } from '../../src/index.ts';
import { PassTimer } from '../../src/runtime/passTimer.ts';
import { repeatsFor } from '../../src/runtime/profile.ts';
import { spreadOf } from '../report/stats.ts';
import type { Spread } from '../report/stats.ts';

export interface Timing {
  /** Of one run of all the kernels. */
  readonly ms: Spread;
  /** CPU milliseconds of the process for each run. */
  readonly cpuMs?: number;
}

export interface TimingOptions {
  readonly samples: number;
  /** A sample is as many runs as this takes: shorter ones say more about the clock than about the kernel. */
  readonly sampleMs: number;
  /** CPU seconds of the process so far. */
  readonly cpuSeconds?: () => number;
}

type Commands = Program['commands'];

/** Milliseconds of a step of the program, on the caller's clock: the first one has the driver compile. */
export async function timeStep(program: Program): Promise<number> {
  const begin = performance.now();
  await program.step();
  await program.finish();
  return performance.now() - begin;
}

/**
 * Times kernels that have run before: samples of as many runs as make one long enough, on the GPU's own clock and all in
 * one submit; where it has no clock, on the caller's.
 *
 * @param commands which of the program's kernels; they must do the same work however often they run
 */
export async function timeCommands(gpu: Gpu, commands: Commands, options: TimingOptions): Promise<Timing> {
  const { samples, sampleMs, cpuSeconds } = options;
  const clock = gpu.device.features.has('timestamp-query') ? stampClock(gpu, samples) : wallClock(gpu);
  try {
    await clock.run(commands, 1, 1);
    const [once] = await clock.run(commands, 1, 1);
    const repeats = repeatsFor(1000 * once, 1000 * sampleMs);
    const cpu = cpuSeconds?.();
    const times = await clock.run(commands, repeats, samples);
    const ms = spreadOf(times.map((time) => time / repeats));
    if (cpu === undefined) return { ms };
    return { ms, cpuMs: (1000 * (cpuSeconds!() - cpu)) / repeats / samples };
  } finally {
    clock.destroy();
  }
}

interface Clock {
  /** Milliseconds of each sample. */
  run(commands: Commands, repeats: number, samples: number): Promise<number[]>;
  destroy(): void;
}

function encodeRuns(pass: GPUComputePassEncoder, commands: Commands, repeats: number): void {
  for (let run = 0; run < repeats; run++) {
    for (const { pipeline, bindGroup, workgroups } of commands) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
    }
  }
}

function stampClock({ device }: Gpu, most: number): Clock {
  const timer = new PassTimer(device, most);
  return {
    async run(commands, repeats, samples) {
      const encode = (pass: GPUComputePassEncoder) => encodeRuns(pass, commands, repeats);
      const times = await timer.run(Array.from({ length: samples }, () => encode));
      return times.map((microseconds) => microseconds / 1000);
    },
    destroy: () => timer.destroy(),
  };
}

function wallClock({ device }: Gpu): Clock {
  return {
    async run(commands, repeats, samples) {
      const times: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const begin = performance.now();
        device.submit('timing', (encoder) => {
          const pass = encoder.beginComputePass();
          encodeRuns(pass, commands, repeats);
          pass.end();
        });
        await device.race(device.gpu.queue.onSubmittedWorkDone());
        times.push(performance.now() - begin);
      }
      return times;
    },
    destroy() {},
  };
}

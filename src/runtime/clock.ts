import type { Device } from '../device/device.ts';
import type { Command } from './commands.ts';
import { encodeCommands } from './commands.ts';
import { PassTimer } from './passTimer.ts';

/** Measures how long commands take. They must do the same work however often they run. */
export interface Clock {
  /** The GPU's own, or that of the caller, which also counts the way to the GPU and back. */
  readonly kind: 'timestamps' | 'wall';
  /** Milliseconds of each sample, which is so many runs of the commands. */
  run(commands: readonly Command[], repeats: number, samples: number): Promise<number[]>;
  destroy(): void;
}

/** The best clock there is. @param most samples of a run */
export function openClock(device: Device, most: number): Clock {
  return device.features.has('timestamp-query') ? stampClock(device, most) : wallClock(device);
}

function encodeRuns(pass: GPUComputePassEncoder, commands: readonly Command[], repeats: number): void {
  for (let run = 0; run < repeats; run++) encodeCommands(commands, pass);
}

/** All samples are passes of one submit. */
function stampClock(device: Device, most: number): Clock {
  const timer = new PassTimer(device, most);
  return {
    kind: 'timestamps',
    async run(commands, repeats, samples) {
      const encode = (pass: GPUComputePassEncoder) => encodeRuns(pass, commands, repeats);
      const times = await timer.run(Array.from({ length: samples }, () => encode));
      return times.map((microseconds) => microseconds / 1000);
    },
    destroy: () => timer.destroy(),
  };
}

function wallClock(device: Device): Clock {
  return {
    kind: 'wall',
    async run(commands, repeats, samples) {
      const times: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        let begin = 0;
        device.submit('timing', (encoder) => {
          const pass = encoder.beginComputePass();
          encodeRuns(pass, commands, repeats);
          pass.end();
          begin = performance.now(); // the GPU waits while commands are encoded
        });
        await device.race(device.gpu.queue.onSubmittedWorkDone());
        times.push(performance.now() - begin);
      }
      return times;
    },
    destroy() {},
  };
}

import type { Device } from '../../device/device.ts';
import { PassTimer } from '../passTimer.ts';
import type { Program } from '../program.ts';

/** Long against what clocks are rounded to: 65 µs of Dawn's timestamps, 100 µs of browsers', 1 ms of a sleep. */
const SAMPLE_MICROSECONDS = { timestamps: 8000, wall: 20_000 };
/** Dispatches in one pass. */
const MOST_DISPATCHES = 2000;

/**
 * Times programs: one pass repeats all dispatches as often as it takes for the clock's grain not to count, between
 * two timestamps of the GPU, or between two looks at the wall clock where there are none. What is read in a repetition
 * was read in the one before, so it comes from a cache wherever it fits into one.
 */
export class Stopwatch {
  readonly #device: Device;
  readonly #timer: PassTimer | undefined;
  readonly #repeats = new WeakMap<Program, number>();

  constructor(device: Device) {
    this.#device = device;
    this.#timer = device.features.has('timestamp-query') ? new PassTimer(device, 1) : undefined;
  }

  /** Microseconds of one run. The first call for a program also finds how many make up a sample. */
  async time(program: Program): Promise<number> {
    const known = this.#repeats.get(program);
    if (known !== undefined) return (await this.#run(program, known)) / known;
    const sample = this.#timer ? SAMPLE_MICROSECONDS.timestamps : SAMPLE_MICROSECONDS.wall;
    const most = Math.max(1, Math.floor(MOST_DISPATCHES / program.commands.length));
    for (let repeats = 1; ;) {
      const taken = await this.#run(program, repeats);
      if (taken >= sample / 2 || repeats === most) {
        this.#repeats.set(program, repeats);
        return taken / repeats;
      }
      const growth = Math.min(16, Math.max(2, Math.ceil(sample / Math.max(taken, 1))));
      repeats = Math.min(most, repeats * growth);
    }
  }

  async #run(program: Program, repeats: number): Promise<number> {
    const device = this.#device;
    const encode = (pass: GPUComputePassEncoder) => {
      for (let run = 0; run < repeats; run++) program.encodeInto(pass);
    };
    if (this.#timer) return (await this.#timer.run([encode]))[0];
    const begin = performance.now();
    device.submit('tuner', (encoder) => {
      const pass = encoder.beginComputePass({ label: 'tuner' });
      encode(pass);
      pass.end();
    });
    await device.race(device.gpu.queue.onSubmittedWorkDone());
    return (performance.now() - begin) * 1000;
  }

  destroy(): void {
    this.#timer?.destroy();
  }
}

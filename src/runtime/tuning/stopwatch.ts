import type { Device } from '../../device/device.ts';
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
  readonly #queries: GPUQuerySet | undefined;
  readonly #resolved: GPUBuffer | undefined;
  readonly #repeats = new WeakMap<Program, number>();

  constructor(device: Device) {
    this.#device = device;
    if (!device.features.has('timestamp-query')) return;
    this.#queries = device.gpu.createQuerySet({ label: 'tuner', type: 'timestamp', count: 2 });
    this.#resolved = device.createBuffer('tuner', 16, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  }

  /** Microseconds of one run. The first call for a program also finds how many make up a sample. */
  async time(program: Program): Promise<number> {
    const known = this.#repeats.get(program);
    if (known !== undefined) return (await this.#run(program, known)) / known;
    const sample = this.#queries ? SAMPLE_MICROSECONDS.timestamps : SAMPLE_MICROSECONDS.wall;
    const most = Math.max(1, Math.floor(MOST_DISPATCHES / program.commands.length));
    for (let repeats = 1; ;) {
      const taken = await this.#run(program, repeats);
      if (taken >= sample / 2 || repeats === most) {
        this.#repeats.set(program, repeats);
        return taken / repeats;
      }
      repeats = Math.min(most, repeats * Math.min(16, Math.max(2, Math.ceil(sample / Math.max(taken, 1)))));
    }
  }

  async #run(program: Program, repeats: number): Promise<number> {
    const [device, querySet] = [this.#device, this.#queries];
    const begin = performance.now();
    device.submit('tuner', (encoder) => {
      const timestampWrites = querySet && { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
      const pass = encoder.beginComputePass({ label: 'tuner', ...(timestampWrites && { timestampWrites }) });
      for (let run = 0; run < repeats; run++) program.encodeInto(pass);
      pass.end();
      if (querySet) encoder.resolveQuerySet(querySet, 0, 2, this.#resolved!, 0);
    });
    if (querySet) {
      const [from, to] = new BigUint64Array(await device.read(this.#resolved!, 0, 16));
      return Math.max(0, Number(to - from)) / 1000;
    }
    await device.race(device.gpu.queue.onSubmittedWorkDone());
    return (performance.now() - begin) * 1000;
  }

  destroy(): void {
    this.#queries?.destroy();
    this.#resolved?.destroy();
  }
}

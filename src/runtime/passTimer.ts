import type { Device } from '../device/device.ts';
import { AdapterError } from '../errors.ts';

/** @throws AdapterError where the device has no timestamp-query */
export function requireTimestamps(device: Device): void {
  if (device.features.has('timestamp-query')) return;
  throw new AdapterError(
    `${device.description} offers no timestamp-query, so kernels cannot be timed one by one; use another adapter, or time whole steps`,
  );
}

/** Compute passes between two timestamps each, in one submit: how long the GPU takes for each. */
export class PassTimer {
  readonly #device: Device;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /**
   * @param most passes in a run
   * @throws AdapterError where the device has no timestamp-query
   */
  constructor(device: Device, most: number) {
    requireTimestamps(device);
    const count = 2 * most;
    this.#device = device;
    this.#querySet = device.gpu.createQuerySet({ label: 'pass timer', type: 'timestamp', count });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    this.#resolved = device.createBuffer('pass timer', 8 * count, usage);
  }

  /** Runs the passes, one after the other. Microseconds of each; browsers round timestamps to about 100 of them. */
  async run(passes: readonly ((pass: GPUComputePassEncoder) => void)[]): Promise<number[]> {
    const querySet = this.#querySet;
    const count = 2 * passes.length;
    this.#device.submit('pass timer', (encoder) => {
      passes.forEach((encode, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet,
            beginningOfPassWriteIndex: 2 * i,
            endOfPassWriteIndex: 2 * i + 1,
          },
        });
        encode(pass);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, count, this.#resolved, 0);
    });
    const times = new BigUint64Array(await this.#device.read(this.#resolved, 0, 8 * count));
    // A clock that is set back between two stamps would make a time negative.
    return passes.map((_, i) => Math.max(0, Number(times[2 * i + 1] - times[2 * i]) / 1000));
  }

  destroy(): void {
    this.#querySet.destroy();
    this.#resolved.destroy();
  }
}

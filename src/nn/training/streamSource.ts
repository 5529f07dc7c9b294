import { emptyStream } from '../../data/openStream.ts';
import type { OpenStream } from '../../data/openStream.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import type { Stream } from '../../data/stream.ts';
import type { Dataset } from '../../data/types.ts';
import type { Device } from '../../device/device.ts';
import { ShapeError } from '../../errors.ts';
import { DeviceDataset, layoutOf } from '../../runtime/deviceDataset.ts';
import type { Program } from '../../runtime/program.ts';
import type { BatchSource, NextBatch } from './source.ts';

export interface StreamSourceOptions {
  /** False leaves targets and weights out. Default true. */
  readonly targets?: boolean;
  /** Whether it is not an epoch of a training: the stream is opened as of epoch 0. */
  readonly evaluation?: boolean;
  /** Throws where a batch cannot be right; called for each before its step, and for the example. */
  readonly check?: (batch: Dataset) => void;
}

interface Pass {
  epoch: number;
  /** Samples that were taken. */
  taken: number;
  readonly batches: OpenStream;
}

/**
 * Batches as they come from a stream. Each is written into the rows from which its program gathers: that write comes after
 * the steps submitted before it, so nothing waits for the GPU and one set of rows is enough.
 */
export class StreamSource implements BatchSource {
  readonly size = undefined;
  readonly shuffled = false;
  readonly rest = undefined;
  readonly #device: Device;
  readonly #stream: Stream;
  readonly #options: StreamSourceOptions;
  readonly #made = new Set<DeviceDataset>();
  #pass: Pass | undefined;
  #example: Dataset | undefined;
  #layout = '';
  /** What `next` gave: the samples from `from` on. */
  #next: { readonly batch: Dataset; readonly from: number } | undefined;
  /** The program of the last step, and the step that it would continue with. */
  #follows: { readonly program: Program; readonly step: number } | undefined;

  constructor(device: Device, stream: Stream, options: StreamSourceOptions = {}) {
    this.#device = device;
    this.#stream = stream;
    this.#options = options;
  }

  async example({ epoch }: StreamOrigin): Promise<Dataset> {
    const batch = await this.#at(epoch, 0).batches.peek();
    if (!batch) throw emptyStream(this.#stream.name, epoch);
    this.#options.check?.(batch);
    this.#example = batch;
    this.#layout = layoutOf(batch, this.#options);
    return batch;
  }

  /** The pass of an epoch, which has not gone beyond a number of samples. */
  #at(epoch: number, place: number): Pass {
    const pass = this.#pass;
    if (pass && pass.epoch === epoch && pass.taken <= place) return pass;
    if (pass && pass.taken === 0 && this.#stream.once) {
      pass.epoch = epoch; // it was only looked at
      return pass;
    }
    const batches = this.#stream.open(this.#options.evaluation ? 0 : epoch, this.#options.targets ?? true);
    pass?.batches.close().catch(() => {}); // it was not read to its end
    return (this.#pass = { epoch, taken: 0, batches });
  }

  data(rows: number): DeviceDataset {
    const data = new DeviceDataset(this.#device, this.#example!, { targets: this.#options.targets, rows });
    this.#made.add(data);
    return data;
  }

  release(data: DeviceDataset): void {
    data.destroy();
    this.#made.delete(data);
  }

  async next({ epoch, place }: StreamOrigin): Promise<NextBatch | undefined> {
    const pass = this.#at(epoch, place);
    while (true) {
      const batch = await pass.batches.peek();
      if (!batch && pass.taken === 0) throw emptyStream(this.#stream.name, epoch);
      if (!batch) return undefined;
      this.#check(batch);
      const from = place - pass.taken;
      pass.batches.shift();
      pass.taken += batch.size;
      if (from >= batch.size) continue; // a resumed run has trained on it
      this.#next = { batch, from };
      // The batch is trained on while the next one is fetched.
      return { rows: batch.size - from, last: () => pass.batches.ends() };
    }
  }

  #check(batch: Dataset): void {
    checkLayout(this.#stream.name, batch, this.#layout, this.#options);
    this.#options.check?.(batch);
  }

  ready(program: Program, data: DeviceDataset, { step, epoch }: StreamOrigin, seed: number): void {
    const { batch, from } = this.#next!;
    data.write(batch, from, batch.size - from);
    const follows = this.#follows?.program === program && this.#follows.step === step;
    if (!follows) program.reset(step, seed, { epoch, place: 0 });
    this.#follows = { program, step: step + 1 };
  }

  async destroy(): Promise<void> {
    for (const data of this.#made) data.destroy();
    this.#made.clear();
    await this.#pass?.batches.close();
  }
}

/** @throws ShapeError unless a batch has the types and shapes of those before it, as `layoutOf` gives them */
export function checkLayout(
  stream: string,
  batch: Dataset,
  layout: string,
  options: { readonly targets?: boolean },
): void {
  const own = layoutOf(batch, options);
  if (own === layout) return;
  throw new ShapeError(
    `stream '${stream}': '${batch.name}' has other types or shapes than the batches before it (${own}, not ${layout}); all batches of a stream must have the same fields, of the same types and shapes`,
  );
}

import type { Dataset } from '../../data/dataset.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import type { Device } from '../../device/device.ts';
import { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { DeviceDatasetOptions } from '../../runtime/deviceDataset.ts';
import type { Program } from '../../runtime/program.ts';
import { rowsAt } from './clock.ts';
import type { DataPosition, LastBatch } from './clock.ts';
import type { Placed } from './placement.ts';

/** The batch that comes next. */
export interface NextBatch {
  /** Samples in it. */
  readonly rows: number;
  /** Whether the epoch is over after it; a function where that is not known yet: ask it once the step is under way. */
  readonly last: boolean | (() => Promise<boolean>);
}

/** Where the batches of a training come from. */
export interface BatchSource {
  /** Undefined where an epoch is a pass over the data, so that the clock has it. */
  readonly position?: DataPosition;
  /** Continues there. */
  moveTo?(position: DataPosition): void;
  /** Samples of an epoch; undefined where unknown. */
  readonly size: number | undefined;
  /** Whether a program gathers its batch in an order that it computes; otherwise it takes the rows in order. */
  readonly shuffled: boolean;
  /** Samples of the smaller last batch of an epoch, where it is known that there is one. */
  readonly rest: number | undefined;
  /**
   * Samples that come at a place, or all: what programs are made for. Ask for them first; no samples are consumed.
   */
  example(place: StreamOrigin): Dataset | Promise<Dataset>;
  /** What a program of `rows` samples gathers its batch from. */
  data(rows: number): DeviceDataset;
  /** Takes it back, when the program is gone. */
  release(data: DeviceDataset): void;
  /** The batch at a place; undefined where the epoch is over. */
  next(place: StreamOrigin): NextBatch | undefined | Promise<NextBatch | undefined>;
  /** Makes what `next` gave, `rows` samples, the batch of the program's next step; `data` is what it was made with. */
  ready(program: Program, data: DeviceDataset, place: StreamOrigin, seed: number, rows: number): void;
  /** Frees all; settles when a stream is closed. */
  destroy(): void | Promise<void>;
}

/** Makes a source: an error of the GPU becomes a typed one, and it is freed if what is trained ends meanwhile. */
export function openSource<S extends BatchSource>(
  { gpu, state }: Pick<Placed, 'gpu' | 'state'>,
  name: string,
  make: () => S,
): Promise<S> {
  return state.lifetime.make(gpu.device.scoped(`${name}: uploading data`, make), (own) => own.destroy());
}

export interface SourceOptions extends Pick<DeviceDatasetOptions, 'targets'> {
  readonly batchSize: number;
  readonly lastBatch: LastBatch;
  readonly shuffle: boolean;
}

/** A data set that is wholly on the GPU, where each step gathers its batch through a permutation that it computes. */
export class ResidentSource implements BatchSource {
  readonly size: number;
  readonly shuffled: boolean;
  readonly #options: SourceOptions;
  readonly #dataset: Dataset;
  readonly #data: DeviceDataset;
  /** The program of the last step, and where its next step would continue by itself. */
  #follows: { readonly program: Program; readonly place: StreamOrigin } | undefined;

  constructor(device: Device, data: Dataset, options: SourceOptions) {
    this.size = data.size;
    this.shuffled = options.shuffle;
    this.#options = options;
    this.#dataset = data;
    this.#data = new DeviceDataset(device, data, { targets: options.targets });
  }

  get rest(): number | undefined {
    const { batchSize } = this.#options;
    const rest = this.#rowsAt(this.size - (this.size % batchSize));
    return rest > 0 && rest < batchSize ? rest : undefined;
  }

  example(): Dataset {
    return this.#dataset;
  }

  data(): DeviceDataset {
    return this.#data;
  }

  release(): void {
    // all programs gather from the same
  }

  next({ place }: StreamOrigin): NextBatch | undefined {
    const rows = this.#rowsAt(place);
    return rows > 0 ? { rows, last: this.#rowsAt(place + rows) === 0 } : undefined;
  }

  #rowsAt(place: number): number {
    return rowsAt(place, this.size, this.#options.batchSize, this.#options.lastBatch);
  }

  ready(program: Program, _data: DeviceDataset, place: StreamOrigin, seed: number): void {
    const { program: last, place: own } = this.#follows ?? {};
    const follows =
      program === last && own?.step === place.step && own.epoch === place.epoch && own.place === place.place;
    // Only the CPU knows that another program ran, an epoch ended early, or a checkpoint was loaded.
    if (!follows) program.reset(place.step, seed, place);
    const after = place.place + this.#rowsAt(place.place);
    const turns = Math.floor(after / this.size);
    this.#follows = {
      program,
      place: { step: place.step + 1, epoch: place.epoch + turns, place: after % this.size },
    };
  }

  destroy(): void {
    this.#data.destroy();
  }
}

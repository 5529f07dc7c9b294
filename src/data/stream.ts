import { ArgumentError } from '../errors.ts';
import { checkOptions, describe } from '../options.ts';
import type { OptionTable } from '../options.ts';
import type { Values } from './arrays.ts';
import { checkDataset } from './checks.ts';
import { dataset } from './dataset.ts';
import type { DatasetOptions } from './dataset.ts';
import { OpenStream } from './openStream.ts';
import { isDataset } from './requireDataset.ts';
import type { Dataset } from './types.ts';
import { copyOf } from './views.ts';

/**
 * The samples of one batch: a data set, or arrays in any form that `dataset` takes. `predict` needs no `y`, and leaves it
 * out where it is there.
 */
export type StreamBatch =
  | Dataset
  | {
      readonly x: Values | readonly Values[];
      readonly y?: Values | readonly Values[];
      /** Of the samples, in the loss. */
      readonly weights?: Values;
    };

/** Batches that come one after the other. */
export type Batches = AsyncIterable<StreamBatch> | Iterable<StreamBatch>;

export interface StreamOptions extends Pick<
  Partial<DatasetOptions>,
  'name' | 'inputShape' | 'targetShape' | 'classNames'
> {
  /** Batches that are fetched while the GPU computes, at least 1. Default 2. */
  prefetch?: number;
}

const streamOptions: OptionTable<StreamOptions> = {
  name: true,
  inputShape: true,
  targetShape: true,
  classNames: true,
  prefetch: true,
};

/** Batches that are made as they are needed: see `streamed`. */
export class Stream {
  readonly name: string;
  /** Whether it can be run only once, because it was made from an iterator and not from a function. */
  readonly once: boolean;
  readonly #make: (epoch: number) => Batches | Promise<Batches>;
  readonly #options: StreamOptions;
  #opened = false;

  /** See `streamed`. */
  constructor(source: Batches | ((epoch: number) => Batches | Promise<Batches>), options: StreamOptions) {
    checkOptions('streamed', options, streamOptions, 'makeBatches, ');
    const { name = 'stream', prefetch = 2 } = options;
    if (!Number.isSafeInteger(prefetch) || prefetch < 1) {
      throw new ArgumentError(
        `streamed: prefetch is ${describe(prefetch)}; it must be a whole number of at least 1`,
      );
    }
    this.name = name;
    this.#options = { ...options, prefetch };
    if (typeof source === 'function') {
      this.#make = source;
      this.once = false;
      return;
    }
    if (!isIterable(source)) throw notIterable(name, source);
    this.#make = () => source;
    this.once = 'next' in source; // an iterator, such as a generator's object: its first run uses it up
  }

  /**
   * Starts a pass over its batches.
   *
   * @param epoch what the function is called with
   * @param targets whether batches must have targets
   * @throws ArgumentError if it can be run only once, and has been
   */
  open(epoch: number, targets: boolean): OpenStream {
    if (this.once && this.#opened) {
      throw new ArgumentError(
        `stream '${this.name}': its iterator can be run only once; pass a function that makes a new one for each epoch, streamed((epoch) => …)`,
      );
    }
    this.#opened = true;
    const start = async () => iteratorOf(this.name, await this.#make(epoch));
    return new OpenStream(
      start,
      (value, place) => this.#batch(value, place, targets),
      this.#options.prefetch!,
      this.name,
    );
  }

  /** A checked copy of the batch: a generator may fill the same arrays again. */
  #batch(value: unknown, place: number, targets: boolean): Dataset {
    const name = `${this.name} batch ${place}`;
    if (isDataset(value)) {
      checkDataset(value);
      return copyOf(value);
    }
    if (typeof value !== 'object' || value === null || !('x' in value)) {
      throw new ArgumentError(
        `stream '${this.name}': batch ${place} is ${describe(value)}; each must be a data set or arrays { x, y }`,
      );
    }
    const { x, y, weights, ...others } = value as Exclude<StreamBatch, Dataset>;
    checkOptions(`stream '${this.name}': batch ${place}`, others, {});
    const { inputShape, targetShape, classNames } = this.#options;
    if (inputShape === undefined) {
      throw new ArgumentError(
        `stream '${this.name}': its batches are arrays, so it needs the shape of one sample: streamed(makeBatches, { inputShape: [28, 28, 1] })`,
      );
    }
    if (y === undefined && targets) {
      throw new ArgumentError(`stream '${this.name}': batch ${place} has no targets; give it { x, y }`);
    }
    const own = targets ? { y: y!, targetShape, weights, classNames } : { y: x, targetShape: inputShape };
    return copyOf(dataset({ name, x, inputShape, ...own }));
  }
}

const isIterable = (value: unknown): value is Batches =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

function iteratorOf(name: string, batches: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  if (!isIterable(batches)) throw notIterable(name, batches);
  const make: unknown =
    Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator] : batches[Symbol.iterator];
  const iterator: unknown = typeof make === 'function' ? make.call(batches) : make;
  if (typeof (iterator as Partial<Iterator<unknown>> | null | undefined)?.next === 'function') {
    return iterator as AsyncIterator<unknown> | Iterator<unknown>;
  }
  throw new ArgumentError(
    `stream '${name}': the iterator of its batches is ${describe(iterator)}, without a method next(); give a generator, or an array`,
  );
}

const notIterable = (name: string, batches: unknown) =>
  new ArgumentError(
    `stream '${name}': its batches are ${describe(batches)}; give a generator, an array or anything else to iterate over, or a function that makes one`,
  );

/**
 * Data that come in batches: from files, from a network, or made as they are needed. `fit`, `evaluate`, `predict` and
 * `train` take it in place of a data set, and hold `prefetch` batches of it at a time, never the whole.
 *
 * ```ts
 * import { readdir, readFile } from 'node:fs/promises';
 *
 * async function* batches(epoch) { // a folder of files of 64 grey images each, and their labels
 *   for (const file of (await readdir('images')).sort(() => Math.random() - 0.5)) {
 *     yield { x: await readFile(`images/${file}`), y: await readFile(`labels/${file}`) };
 *   }
 * }
 * await model.fit(streamed(batches, { inputShape: [28, 28, 1] }), { epochs: 5 });
 * ```
 *
 * Batches may be of different sizes, and are checked as `dataset` checks; all must have the types and shapes of the first
 * one. They are copied when they come, so a generator may fill the same arrays again. Each is a training step, in the order
 * of the stream: `shuffle` has no effect, and `batchSize` and `lastBatch` are refused. A run with `resume` leaves out as many
 * samples of the epoch as it has done before. When training ends early, the generator's `return` is called.
 *
 * @param makeBatches is called at the beginning of each epoch with its number, and for each evaluation with 0. Instead of
 *   a function, batches to iterate over; a generator that has been called already can be run for one epoch.
 * @param options `inputShape` and so on: as those of `dataset`, where batches are arrays
 * @throws ArgumentError if an option is out of range, or there is nothing to iterate over
 */
export function streamed(
  makeBatches: Batches | ((epoch: number) => Batches | Promise<Batches>),
  options: StreamOptions = {},
): Stream {
  return new Stream(makeBatches, options);
}

/** What `fit`, `evaluate` and `train` take: samples in memory, or in batches. */
export type TrainingData = Dataset | Stream | AsyncIterable<StreamBatch>;

/** Data that come in batches as a stream; undefined for others. */
export function asStream(data: unknown): Stream | undefined {
  if (data instanceof Stream) return data;
  const asynchronous = typeof data === 'object' && data !== null && Symbol.asyncIterator in data;
  return asynchronous ? streamed(data as AsyncIterable<StreamBatch>) : undefined;
}

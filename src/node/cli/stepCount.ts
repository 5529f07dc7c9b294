import type { StreamOrigin } from '../../data/permutation.ts';
import type { Settings } from './settings.ts';

/**
 * Steps at the end of a run: every epoch ends in a smaller batch where the batch size does not divide the samples.
 *
 * @param clock how far the training has come, maybe with another batch size
 * @param size samples of an epoch
 */
export function lastStep(
  clock: StreamOrigin,
  { epochs = 1, steps, batchSize }: Pick<Settings, 'epochs' | 'steps' | 'batchSize'>,
  size: number,
): number {
  if (steps !== undefined) return Math.max(clock.step, steps);
  const batches = (samples: number) => Math.max(0, Math.ceil(samples / batchSize));
  const [whole, part] = [Math.floor(epochs), Math.ceil((epochs % 1) * size)];
  if (clock.epoch >= whole) return clock.step + (clock.epoch === whole ? batches(part - clock.place) : 0);
  const between = (whole - clock.epoch - 1) * batches(size);
  return clock.step + batches(size - clock.place) + between + batches(part);
}

/** Steps of an epoch under way: those that are left, and about as many as were done. */
export function stepsOfEpoch(
  { place }: StreamOrigin,
  batchSize: number,
  size: number,
): { readonly done: number; readonly total: number } {
  const done = Math.ceil(place / batchSize);
  return { done, total: done + Math.ceil((size - place) / batchSize) };
}

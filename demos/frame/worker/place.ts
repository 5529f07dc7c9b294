import type { Position } from '../protocol.ts';

/**
 * Where a training stands after some steps: in epochs, and in the run under way, of `epochs` each.
 *
 * @param size samples of an epoch; undefined while they are not there
 */
export function placeOf(
  step: number,
  { epochs, batchSize, size }: { epochs?: number; batchSize: number; size?: number },
): Pick<Position, 'epoch' | 'epochs' | 'part'> {
  const epoch = size ? (step * batchSize) / size : 0;
  const perRun = epochs && size ? Math.ceil(size / batchSize) * epochs : undefined;
  const before = perRun ? Math.floor(Math.max(0, step - 1) / perRun) : 0;
  const until = epochs && epochs * (1 + before);
  return {
    epoch: Math.min(epoch, until ?? Infinity),
    epochs: until,
    part: perRun && (step - before * perRun) / perRun,
  };
}

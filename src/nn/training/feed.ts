import type { Dataset } from '../../data/dataset.ts';
import type { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { Program } from '../../runtime/program.ts';
import type { Lifetime } from './lifetime.ts';

/** A program and the rows that it gathers its batch from. */
export interface Fed {
  readonly program: Program;
  readonly data: DeviceDataset;
  readonly rows: number;
}

/** A data set in one piece, or those of a stream. */
export type Batches = Iterable<Dataset> | AsyncIterable<Dataset>;

/** What happens with a step: what is added to its submit, and what follows it. */
export interface Around {
  readonly encode?: (encoder: GPUCommandEncoder) => void;
  readonly submitted?: () => void;
}

/**
 * Steps a program through batches of any size, or until an abort. Where fewer samples are left than it has rows, the rest
 * of the rows is ignored.
 *
 * @param before awaited before a step on `count` samples
 * @returns the number of steps
 */
export async function feed(
  { program, data, rows }: Fed,
  batches: Batches,
  { lifetime, signal }: { readonly lifetime: Lifetime; readonly signal?: AbortSignal },
  before: (step: number, count: number) => Promise<Around>,
): Promise<number> {
  program.reset(0);
  let step = 0;
  let filled = rows;
  for await (const batch of batches) {
    for (let from = 0; from < batch.size; from += rows) {
      if (signal?.aborted) return step;
      const count = Math.min(rows, batch.size - from);
      const { encode, submitted } = await before(step, count);
      lifetime.check();
      data.write(batch, from, count);
      if (count !== filled) program.fill(count);
      filled = count;
      const running = program.step(encode);
      submitted?.();
      if (running) await lifetime.race(running);
      step++;
    }
  }
  return step;
}

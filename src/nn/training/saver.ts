import type { StreamOrigin } from '../../data/permutation.ts';
import type { Counters, DueFile } from './counters.ts';
import { collectCheckpoint, takeTurn } from './encodeCheckpoint.ts';
import type { Task } from './task.ts';
import type { Run } from './wholeRun.ts';

/** When a training saves what. */
export class Saver {
  readonly #task: Task;
  readonly #run: Run;
  readonly #counters: Counters | undefined;

  constructor(task: Task, run: Run, counters: Counters | undefined) {
    this.#task = task;
    this.#run = run;
    this.#counters = counters;
  }

  /**
   * After a step, or after the end of an epoch: saves what is due.
   *
   * @param epoch that the step was in
   * @param last whether it was the last of the epoch
   * @param stepped false where only the end of the epoch was left to report
   */
  async after({ epoch }: Pick<StreamOrigin, 'epoch'>, last: boolean, stepped = true): Promise<void> {
    const { clock, lifetime } = this.#task.state;
    const run = this.#run;
    const due = this.#counters?.dueFiles(clock, epoch - run.firstEpoch, stepped) ?? [];
    const files = due.length > 0 ? await lifetime.race(run.newFiles(due, clock)) : [];
    const isDue = stepped && run.isDue(clock, last);
    if (isDue || files.length > 0) await this.save(isDue, files);
  }

  /** Has the run keep a checkpoint of now, and callbacks their files. */
  async save(keep = true, files: readonly DueFile[] = []): Promise<void> {
    const { state, saved } = this.#task;
    const release = await takeTurn(this.#task);
    try {
      const contents = await state.lifetime.race(collectCheckpoint(saved));
      for (const file of files) this.#run.takeFile(file, saved, contents);
      if (keep) this.#run.take(saved, contents);
    } finally {
      release();
    }
  }
}

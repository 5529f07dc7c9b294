import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { isRate } from '../../runtime/ranges.ts';
import type { Callback } from './callback.ts';

/**
 * Sets the learning rate before each epoch (Keras's LearningRateScheduler).
 *
 * ```ts
 * learningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * Math.exp(-0.1)))
 * ```
 *
 * A rate for each step is a schedule of the optimizer, whose factors multiply what is set here.
 *
 * @param schedule from the number of the epoch, from 0 in this training (in the model's life with `resume`), and the rate so
 *   far to the new one
 * @throws ArgumentError if it is not a function; when it gives no rate, the training ends with one
 */
export function learningRateScheduler(
  schedule: (epoch: number, learningRate: number) => number,
): Pick<Required<Callback>, 'onEpochBegin'> {
  if (typeof schedule !== 'function') {
    throw new ArgumentError(
      `learningRateScheduler: takes a function (epoch, learningRate) => …, but was given ${describe(schedule)}`,
    );
  }
  return {
    onEpochBegin(epoch, run) {
      const rate: unknown = schedule(epoch - run.firstEpoch, run.learningRate);
      if (!isRate(rate as number)) {
        throw new ArgumentError(
          `learningRateScheduler: the function gave ${describe(rate)} for epoch ${epoch - run.firstEpoch}; it must give a finite number of at least 0`,
        );
      }
      run.learningRate = rate as number;
    },
  };
}

import type { NumericError } from '../../errors.ts';
import { faultError } from '../../runtime/guard.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import type { Task } from './task.ts';
import type { StepValues } from './values.ts';

/** The error of a training whose step was not made, because something was NaN or infinite. */
export function stepNotMade(task: Task, { fault, notFinite }: RingEntry, values: StepValues): NumericError {
  const bad = Object.keys(values).filter((name) => !Number.isFinite(values[name]));
  const { advice = `Lower the learning rate (now ${task.learningRate})` } = task;
  const names = bad.length > 0 ? bad : notFinite;
  return faultError(task.name, fault!, names, `${advice}, or look for extreme values in the data.`);
}

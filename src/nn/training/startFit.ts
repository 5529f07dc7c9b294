import type { TrainingData } from '../../data/stream.ts';
import { checkSignal } from '../../options.ts';
import type { Compiled } from './compiled.ts';
import type { Fit, FitHost, FitOptions } from './fit.ts';
import { TrainingRun } from './run.ts';
import { part } from '../../part.ts';

/** Starts training; see `Model.fit`. @param options after `splitData` */
export function startFit(first: Compiled, data: TrainingData, options: FitOptions, host: FitHost): Fit {
  checkSignal(first.network.name, options.signal);
  return new TrainingRun(
    async (queue, signal) => {
      const { runFit } = await part('The part of wgrad that trains', () => import('./runFit.ts')); // applications that only predict do without
      return runFit(first, data, { ...options, signal }, host, queue);
    },
    options.signal,
    () => host.onEnd(),
  );
}

import type { TrainingData } from '../../data/stream.ts';
import { checkSignal } from '../../options.ts';
import { TrainingRun } from '../training/run.ts';
import type { GanFit, GanFitHost, GanFitOptions } from './fit.ts';
import type { CompiledGan } from './networks.ts';
import { part } from '../../part.ts';

/** Starts training; see `Gan.fit`. */
export function startGanFit(
  first: CompiledGan,
  data: TrainingData,
  options: GanFitOptions,
  host: GanFitHost,
): GanFit {
  checkSignal(first.networks.name, options.signal);
  return new TrainingRun(
    async (queue, signal) => {
      const { runGanFit } = await part('The part of wgrad that trains', () => import('./runFit.ts')); // applications that only draw do without
      return runGanFit(first, data, { ...options, signal }, host, queue);
    },
    options.signal,
    () => host.onEnd(),
  );
}

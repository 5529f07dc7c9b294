import type { TrainingData } from '../../data/stream.ts';
import { monitoredValues } from '../callbacks/monitor.ts';
import { validationName } from '../registry.ts';
import { callbackList } from './callbackList.ts';
import { checkFit } from './checks.ts';
import type { Compiled } from './compiled.ts';
import { Counters } from './counters.ts';
import type { Evaluation } from './evaluateOptions.ts';
import type { FitHost, FitOptions } from './fit.ts';
import { FitTask } from './fitTask.ts';
import { runRecovering } from './recovery.ts';
import { checkRun } from './run.ts';
import { runLoop } from './runLoop.ts';
import { openSource } from './source.ts';
import { sourceOf } from './sourceOf.ts';
import { checkValidation, isValidated } from './validation.ts';
import type { History, StepValues } from './values.ts';
import type { Run } from './wholeRun.ts';

/** Trains until it is done or the signal is aborted; see `Model.fit`. @param queue takes the values of its steps */
export async function runFit(
  first: Compiled,
  data: TrainingData,
  options: FitOptions & { readonly signal: AbortSignal },
  host: FitHost,
  queue: (values: readonly StepValues[]) => void,
): Promise<History> {
  const { name } = first.network;
  const { signal, validationData, validationBatchSize, validationSteps, validationFrequency } = options;
  const batchSize = checkRun(name, data, options);
  checkValidation(name, options);
  const { counting, files, told, endsOnNaN } = callbackList(name, options);
  const values = monitoredValues(first.objective.values, validationData !== undefined);
  const rows = validationBatchSize ?? (Number.isFinite(batchSize) ? batchSize : undefined);
  const validate =
    validationData &&
    (async () =>
      validated(await host.evaluate(validationData, { signal, batchSize: rows, steps: validationSteps })));
  const onSteps = (values: readonly StepValues[]) => {
    queue(values);
    return options.onSteps?.(values);
  };
  const work = async (compiled: Compiled, run: Run) => {
    const task = new FitTask(compiled, options);
    await run.begin(task.saved, signal);
    await checkFit(compiled, options);
    const counters = new Counters(counting, values);
    compiled.state.batchSize = Number.isFinite(batchSize) ? batchSize : undefined;
    const source = await openSource(compiled, name, () =>
      sourceOf(compiled.gpu.device, data, { ...options, batchSize, check: (batch) => task.check(batch) }),
    );
    const validates = (index: number) => isValidated(index, validationFrequency);
    const hooks = { counters, told, endsOnNaN, validate, validates, onReady: options.onReady };
    return runLoop(task, source, { ...options, batchSize, onSteps }, run, hooks);
  };
  return runRecovering(name, first, data, { ...options, files }, { work, move: host.recover });
}

/** `validationLoss`, …: the numbers of an evaluation. */
function validated(validation: Evaluation): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [name, value] of Object.entries(validation)) {
    if (typeof value === 'number') named[validationName(name)] = value;
  }
  return named;
}

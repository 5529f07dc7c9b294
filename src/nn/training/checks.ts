import { inputsOf, targetsOf } from '../../data/dataset.ts';
import type { DataField, Dataset } from '../../data/dataset.ts';
import { ArgumentError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { targetKinds } from './batch.ts';
import { EarlyStopping, monitoredValues, ReduceOnPlateau } from './callbacks.ts';
import type { EarlyStoppingOptions, ReduceOnPlateauOptions } from './callbacks.ts';
import { checkTargets } from './checkData.ts';
import { trainedOutputs } from './compiled.ts';
import type { Compiled } from './compiled.ts';
import { checkFields, fieldUses } from './fieldChecks.ts';

/** The options of a training that are looked at before its first step. */
export interface CheckedOptions {
  readonly validationData?: Dataset;
  readonly earlyStopping?: EarlyStoppingOptions;
  readonly reduceOnPlateau?: ReduceOnPlateauOptions;
}

export interface Callbacks {
  readonly early?: EarlyStopping;
  readonly plateau?: ReduceOnPlateau;
}

/** The options that are functions. */
const CALLED = ['onCompile', 'onReady', 'beforeStep', 'onSteps', 'onEpoch'];

/**
 * Whatever can be known of the options before the first step: the callbacks, what they monitor, and whether the
 * validation data fit the model, its losses and its metrics.
 *
 * @throws ArgumentError if an option is out of range, nothing has a monitored name, or a label is no class
 * @throws ShapeError if the validation data do not fit the model or the loss
 */
export function checkFit(compiled: Compiled, options: CheckedOptions): Callbacks {
  const { validationData, earlyStopping, reduceOnPlateau } = options;
  for (const name of CALLED) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || typeof value === 'function') continue;
    throw new ArgumentError(`${compiled.network.name}: ${name} is ${String(value)}; it must be a function`);
  }
  if (validationData) checkSamples(compiled, validationData);
  const values = monitoredValues(compiled.objective.values, validationData !== undefined);
  return {
    early: earlyStopping && new EarlyStopping(earlyStopping, values),
    plateau: reduceOnPlateau && new ReduceOnPlateau(reduceOnPlateau, values),
  };
}

/** Evaluates the model on a data set as far as shapes go, and looks at its labels. */
function checkSamples({ network, objective }: Compiled, data: Dataset): void {
  checkTargets(network, objective, data);
  const batch = (field: DataField, dtype: Tensor['dtype']) => input('batch', [2, ...field.shape], dtype);
  const inputs = inputsOf(data).map((field, i) => batch(field, network.inputs[i].dtype));
  const kinds = targetKinds(data, trainedOutputs(network, objective));
  const targets = targetsOf(data).map((field, i) => batch(field, kinds[i] === 'labels' ? 'i32' : 'f32'));
  const outputs = network.callAll(inputs, { training: false });
  const values = objective.compute(outputs, targets);
  checkFields(network.name, data, fieldUses({ inputs, targets, kinds }, [...values, ...outputs]));
}

import { inputsOf, targetsOf } from '../../data/dataset.ts';
import type { DataField, Dataset } from '../../data/dataset.ts';
import { ArgumentError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { targetKinds } from './batch.ts';
import { EarlyStopping, monitoredValues, ReduceOnPlateau } from './callbacks.ts';
import type { EarlyStoppingOptions, ReduceOnPlateauOptions } from './callbacks.ts';
import { checkFields, fieldUses } from './fieldChecks.ts';
import type { Model } from '../model.ts';

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
export function checkFit(model: Model, options: CheckedOptions): Callbacks {
  const { validationData, earlyStopping, reduceOnPlateau } = options;
  for (const name of CALLED) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || typeof value === 'function') continue;
    throw new ArgumentError(`${model.name}: ${name} is ${String(value)}; it must be a function`);
  }
  if (validationData) checkSamples(model, validationData);
  const values = monitoredValues(model.compiled.objective.values, validationData !== undefined);
  return {
    early: earlyStopping && new EarlyStopping(earlyStopping, values),
    plateau: reduceOnPlateau && new ReduceOnPlateau(reduceOnPlateau, values),
  };
}

/** Evaluates the model on a data set as far as shapes go, and looks at its labels. */
function checkSamples(model: Model, data: Dataset): void {
  model.checkTargets(data);
  const batch = (field: DataField, dtype: Tensor['dtype']) => input('batch', [2, ...field.shape], dtype);
  const inputs = inputsOf(data).map((field, i) => batch(field, model.inputs[i].dtype));
  const { objective } = model.compiled;
  const kinds = targetKinds(
    data,
    objective.goals.map(({ place }) => model.outputs[place]),
  );
  const targets = targetsOf(data).map((field, i) => batch(field, kinds[i] === 'labels' ? 'i32' : 'f32'));
  const outputs = model.callAll(inputs, { training: false });
  const values = objective.compute(outputs, targets);
  checkFields(model.name, data, fieldUses({ inputs, targets, kinds }, [...values, ...outputs]));
}

import { inputsOf, targetsOf } from '../../data/dataset.ts';
import type { DataField, Dataset } from '../../data/dataset.ts';
import { emptyStream } from '../../data/openStream.ts';
import { asStream } from '../../data/stream.ts';
import type { Stream, TrainingData } from '../../data/stream.ts';
import { ArgumentError } from '../../errors.ts';
import { checkFlag, describe } from '../../options.ts';
import { input } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { targetKinds } from './batch.ts';
import { checkTargets } from './checkData.ts';
import { trainedOutputs } from './compiled.ts';
import type { Compiled } from './compiled.ts';
import { ABORTED, untilAborted } from './abort.ts';
import { checkFields, fieldUses } from './fieldChecks.ts';
import { requireRuns } from './run.ts';

/** The options of a training that are looked at before its first step. */
export interface CheckedOptions {
  readonly validationData?: TrainingData;
  readonly epochs?: number;
  readonly steps?: number;
  readonly signal?: AbortSignal;
}

/** The options that are functions. */
const CALLED = ['onCompile', 'onReady', 'beforeStep', 'onSteps', 'onEpoch', 'onRecover'];

/** The options that are true or false. */
const FLAGS = ['shuffle', 'resume', 'keepSteps'];

/** @throws ArgumentError if an option that is to be called is not a function, or a switch is neither true nor false */
export function checkCalled(name: string, options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const option of CALLED) callable(`${name}: ${option}`, given[option]);
  for (const option of FLAGS) checkFlag(name, option, given[option]);
}

/** @throws ArgumentError unless it is a function, or there is none */
export function callable<F>(what: string, value: F): F {
  if (value === undefined || typeof value === 'function') return value;
  throw new ArgumentError(`${what} is ${describe(value)}; it must be a function`);
}

/**
 * Whatever can be known of the options before the first step: whether the validation data fit the model, its losses and
 * its metrics.
 *
 * @throws ArgumentError if an option is out of range, or a label is not a class
 * @throws ShapeError if the validation data do not fit the model or the loss
 */
export async function checkFit(compiled: Compiled, options: CheckedOptions): Promise<void> {
  const { validationData } = options;
  checkCalled(compiled.network.name, options);
  const stream = asStream(validationData);
  if (stream) await checkStream(compiled, stream, options);
  else if (validationData) checkSamples(compiled, validationData as Dataset);
}

/** Checks the first batch, if reading it consumes nothing. */
async function checkStream(
  compiled: Compiled,
  stream: Stream,
  { epochs = 1, steps, signal }: CheckedOptions,
): Promise<void> {
  requireRuns(compiled.network.name, stream, steps === undefined ? epochs : 1);
  if (stream.once) return;
  const batches = stream.open(0, true);
  try {
    const first = await untilAborted(compiled.state.lifetime.race(batches.peek()), signal);
    if (first === ABORTED) return;
    if (!first) throw emptyStream(stream.name, 0);
    checkSamples(compiled, first);
  } finally {
    await untilAborted(batches.close(), signal);
  }
}

/** Evaluates the model on a data set as far as shapes go, and looks at its labels. */
function checkSamples(compiled: Compiled, data: Dataset): void {
  const { network, objective } = compiled;
  checkTargets(network, objective, data);
  const batch = (field: DataField, dtype: Tensor['dtype']) => input('batch', [2, ...field.shape], dtype);
  const inputs = inputsOf(data).map((field, i) => batch(field, network.inputs[i].dtype));
  const kinds = targetKinds(data, trainedOutputs(network, objective));
  const targets = targetsOf(data).map((field, i) => batch(field, kinds[i] === 'labels' ? 'i32' : 'f32'));
  const { outputs, losses } = network.callWithLosses(inputs);
  const { values } = objective.compute(outputs, targets, 'training', { penalties: losses });
  const results = [...values.map(({ tensor }) => tensor), ...outputs];
  const uses = fieldUses({ inputs, targets, kinds }, results, compiled);
  checkFields(network.name, data, uses);
}

import { ArgumentError } from '../../errors.ts';
import { checkOptions, describe, settle } from '../../options.ts';
import { isTensor } from '../../ops/core/node.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { requireGraph } from './takes.ts';
import type { LossFunction } from './targets.ts';

/**
 * How the values of a batch become its loss (Keras's `reduction`), where v are the values, one for each sample and position,
 * and w the weights of samples and classes:
 *
 * - `mean`, also called `sumOverBatchSize`: Σ w v / number of values. Values that a mask or `ignoreClass` leaves out do not
 *   count.
 * - `meanWithSampleWeight`: Σ w v / Σ w.
 * - `sum`: Σ w v.
 *
 * Keras's spelling with underscores is taken, too.
 */
export type Reduction =
  | 'mean'
  | 'sumOverBatchSize'
  | 'sum_over_batch_size'
  | 'meanWithSampleWeight'
  | 'mean_with_sample_weight'
  | 'sum';

const reductions = {
  mean: 'mean',
  sumOverBatchSize: 'mean',
  sum_over_batch_size: 'mean',
  meanWithSampleWeight: 'meanWithSampleWeight',
  mean_with_sample_weight: 'meanWithSampleWeight',
  sum: 'sum',
} as const satisfies Record<Reduction, string>;

export type SettledReduction = (typeof reductions)[Reduction];

/** What every loss takes besides its own options, as in `losses.huber({ delta: 2, reduction: 'sum' })`. */
export interface LossOptions {
  /** Default `mean`. */
  reduction?: Reduction;
  /** In messages, and among the values of a step where it is a metric. Default: the name of the loss. */
  name?: string;
}

/**
 * A loss of wgrad's own: a function of predictions and targets; called with options alone, it gives the loss with these
 * options, as `compile` takes it: `loss: losses.huber({ delta: 2 })`.
 */
export interface NamedLoss<O extends object = object> {
  (prediction: Tensor, target: Tensor, options?: O): Tensor;
  (options?: O & LossOptions): LossFunction;
}

/** Options with their defaults. */
export type Settings<O> = { readonly [K in keyof O]-?: Exclude<O[K], undefined> };

/** What is known about a loss function. */
export interface LossInfo {
  readonly name: string;
  readonly reduction: SettledReduction;
  /** Its name with the options that were given. */
  readonly text: string;
}

const infos = new WeakMap<LossFunction, LossInfo>();

/** Of a loss of wgrad's own, with or without options; undefined for other functions. */
export const lossInfoOf = (loss: LossFunction): LossInfo | undefined => infos.get(loss);

/**
 * A loss by its name.
 *
 * @param defaults of its options; null where there is none
 * @param compute values per sample, [N]; it throws an ArgumentError where an option is out of range
 * @param check the same of the options, before there is a graph
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineLoss<O extends object>(
  name: string,
  defaults: Settings<O>,
  compute: (prediction: Tensor, target: Tensor, options: Settings<O>) => Tensor,
  check: (options: Settings<O>) => void = () => {},
): NamedLoss<O> {
  const settled = (given: object | undefined): Settings<O> => {
    const own = settle(name, given, defaults as never) as unknown as Settings<O>;
    check(own);
    return own;
  };
  const ofGraph = (prediction: Tensor, target: Tensor, options?: object): Tensor => {
    requireGraph(name, prediction);
    checkOptions(name, options, defaults as never, 'prediction, target, ');
    return compute(prediction, target, settled(options));
  };
  const withOptions = (options: (object & LossOptions) | undefined): LossFunction => {
    checkOptions(name, options, { ...defaults, reduction: true, name: true });
    const { reduction = 'mean', name: own = name, ...rest } = options ?? {};
    const settings = settled(rest);
    const made: LossFunction = (prediction, target) => {
      requireGraph(name, prediction);
      return compute(prediction, target, settings);
    };
    const shown = Object.entries({ ...rest, ...(options?.reduction && { reduction }) });
    const text =
      shown.length > 0 ? `${own} (${shown.map(([key, v]) => `${key}: ${String(v)}`).join(', ')})` : own;
    return known(made, { name: own, reduction: reductionOf(name, reduction), text });
  };
  const loss = (...given: [unknown, unknown?, object?]): Tensor | LossFunction =>
    given.length > 1 || isTensor(given[0])
      ? ofGraph(given[0] as Tensor, given[1] as Tensor, given[2])
      : withOptions(given[0] as (object & LossOptions) | undefined);
  return known(loss as never, { name, reduction: 'mean', text: name }) as unknown as NamedLoss<O>;
}

/** Notes what a loss function is, and gives it its name, which a minifier would shorten. */
function known(loss: LossFunction, info: LossInfo): LossFunction {
  infos.set(loss, info);
  return Object.defineProperty(loss, 'name', { value: info.name });
}

function reductionOf(name: string, reduction: unknown): SettledReduction {
  if (typeof reduction === 'string' && Object.hasOwn(reductions, reduction)) {
    return reductions[reduction as Reduction];
  }
  if (reduction === 'none' || reduction === null) {
    throw new ArgumentError(
      `${name}: there is no reduction "none", since a training minimises one number; for values per sample call losses.${name}(prediction, target), or read them with model.evaluator().inspect(data)`,
    );
  }
  throw new ArgumentError(
    `${name}: reduction is ${describe(reduction)}; choose one of mean, sumOverBatchSize, meanWithSampleWeight, sum`,
  );
}

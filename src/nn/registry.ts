import { ArgumentError } from '../errors.ts';
import type { LossFunction } from './losses.ts';
import { lossInfoOf } from './losses/define.ts';
import type { LossInfo } from './losses/define.ts';
import { accuracy } from './metrics.ts';
import type { Metric, MetricFunction } from './metrics.ts';
import type { Losses, Metrics, Optimizers } from './named.ts';
import type { Optimizer } from './optimizers.ts';
import { part } from '../part.ts';

/** A metric by name, as a graph function from predictions and targets to one value per sample, or as a `Metric`. */
export type MetricSpec = MetricName | MetricFunction | Metric;

export type LossName = keyof Losses | keyof typeof shortLosses;
/** Every loss is a metric, too: its mean over the samples. */
export type MetricName = keyof Metrics | LossName | 'acc';
export type OptimizerName = keyof Optimizers;

/** Other names that are accepted, too: Keras's short ones. */
const shortLosses = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  bce: 'binaryCrossentropy',
  kld: 'kullbackLeiblerDivergence',
  klDivergence: 'kullbackLeiblerDivergence',
  logcosh: 'logCosh',
} as const satisfies Record<string, keyof Losses>;

/** Everything that has a name: another script, which applications without names do not load. */
let loaded: typeof import('./named.ts') | undefined;

export async function loadNames(): Promise<void> {
  loaded ??= await part('The table of names', () => import('./named.ts'));
}

export type MaybePromise<T> = T | Promise<T>;

/** Thrown where a name is asked for before they are loaded. */
class NamesWanted extends Error {}

function named(): typeof import('./named.ts') {
  if (loaded) return loaded;
  throw new NamesWanted('await loadNames() before names are looked up');
}

/** What some work gives that may look up names: at once if they are not needed or loaded, else it is done again with them. */
export function withNames<T>(work: () => T): MaybePromise<T> {
  try {
    return work();
  } catch (error) {
    if (error instanceof NamesWanted) return loadNames().then(work);
    throw error;
  }
}

export const lossOf = (loss: LossName | LossFunction): LossFunction =>
  typeof loss === 'function' ? loss : named().lossNamed(whole(loss));

/** The full name of a short one. */
const whole = (name: string): string =>
  Object.hasOwn(shortLosses, name) ? shortLosses[name as keyof typeof shortLosses] : name;

/** What a loss is called, with its options; '' for a function without a name. */
export const lossNameOf = (loss: LossName | LossFunction): string =>
  typeof loss === 'function' ? (lossInfoOf(loss)?.text ?? loss.name) : whole(loss);

/**
 * A metric by name, as an object, or as a function: wgrad's own by their names, others by the function's. What is asked for by
 * a short name is called by it, as in Keras.
 *
 * @throws ArgumentError if there is none of that name, or a function has no name
 */
export function metricOf(spec: MetricSpec): Metric {
  if (typeof spec === 'object' && spec !== null && typeof spec.compute === 'function' && spec.name)
    return checked(spec);
  if (typeof spec !== 'function') {
    const full = spec === 'acc' ? 'accuracy' : whole(spec as string);
    const metric = named().metricNamed(full);
    return full === spec ? metric : { ...metric, name: spec as string };
  }
  if (spec === accuracy) return { name: 'accuracy', better: 'higher', compute: accuracy };
  const loss = lossInfoOf(spec);
  if (loss) return ofLoss(loss, spec);
  const maker = named().metricMaker(spec);
  if (maker) throw new ArgumentError(`metrics.${maker} makes a metric; call it: metrics.${maker}()`);
  if (spec.name) return { name: spec.name, compute: spec };
  throw new ArgumentError(
    "A metric is a function without a name; give it one: { name: 'myMetric', compute: (prediction, target) => … }",
  );
}

function ofLoss({ name, reduction }: LossInfo, compute: MetricFunction): Metric {
  if (reduction === 'mean') return { name, better: 'lower', compute };
  throw new ArgumentError(`metric "${name}": is a mean over samples; leave out its reduction`);
}

function checked(metric: Metric): Metric {
  if (metric.better === undefined || metric.better === 'higher' || metric.better === 'lower') return metric;
  throw new ArgumentError(
    `metric "${metric.name}": better is "${String(metric.better)}"; choose 'higher' or 'lower'`,
  );
}

export function optimizerOf(optimizer: OptimizerName | Optimizer): Optimizer {
  if (typeof optimizer === 'object' && typeof optimizer?.update === 'function') return optimizer;
  if (typeof optimizer === 'function') {
    const name = named().optimizerMaker(optimizer) ?? 'adam';
    throw new ArgumentError(`The optimizer is the function that makes one; call it: optimizer: ${name}()`);
  }
  return named().optimizerNamed(optimizer as string);
}

/** Values of a step that have their name already. */
const TAKEN = ['loss', 'output', 'epoch', 'step'];

/** `validationLoss`: what the value of a step is called over the validation data. */
export const validationName = (name: string) => `validation${name[0].toUpperCase()}${name.slice(1)}`;

/** Throws an ArgumentError where two values of a step or an epoch would have one name. */
export function checkMetricNames(model: string, names: readonly string[]): void {
  const validation = ['loss', ...names].map(validationName);
  const clash = names.find((name) => validation.includes(name));
  if (clash !== undefined) {
    throw new ArgumentError(
      `${model}: a value is named "${clash}", as another one is over the validation data; give the output or the metric another name`,
    );
  }
  const twice = names.find((name, i) => TAKEN.includes(name) || names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new ArgumentError(
    `${model}: the name of metric "${twice}" is taken, by another metric or by one of ${TAKEN.join(', ')}; pass each metric once, as a function with a name of its own`,
  );
}

import { ArgumentError, ShapeError } from '../errors.ts';
import { checkFlag, describe } from '../options.ts';
import { perSample } from '../ops/loss/accuracy.ts';
import { add, multiply, scale } from '../ops/elementwise/elementwise.ts';
import { MAX_METRICS } from '../ops/dataset/effects.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import type { LossFunction } from './losses.ts';
import {
  checkMeaning,
  claimsAbout,
  possibleTargets,
  requireResult,
  settleMeaning,
  tellMeaning,
  UnknownMeaning,
  WrongResult,
} from './meaning.ts';
import type { Meaning } from './meaning.ts';
import type { Metric } from './metrics.ts';
import type { Network } from './network.ts';
import { checkMetricNames, lossNameOf, lossOf, metricOf } from './registry.ts';
import type { LossName, MetricSpec } from './registry.ts';

/** A loss by name, or a graph function from predictions and targets to one value per sample, [N]. */
export type LossSpec = LossName | LossFunction;

export interface ObjectiveOptions {
  /**
   * A name, or a graph function from predictions and targets to one value per sample. For a model with several outputs one
   * for all, a list in their order, or a record by their names; null leaves an output untrained and takes no targets.
   */
  loss: LossSpec | readonly (LossSpec | null)[] | Readonly<Record<string, LossSpec | null>>;
  /** Factors of the outputs' losses in the total, in their order or by name; default 1. */
  lossWeights?: readonly number[] | Readonly<Record<string, number>>;
  /** Of a model with several outputs by their names. A step records at most twelve values, the losses included. */
  metrics?: readonly MetricSpec[] | Readonly<Record<string, MetricSpec | readonly MetricSpec[]>>;
  /**
   * Whether a loss is refused that takes logits where the last activation gives probabilities, or the other way round.
   * Default true; `false` for who means it.
   */
  checkLoss?: boolean;
}

/** A value of the steps and epochs, as callbacks know it. */
export type RecordedValue = Pick<Metric, 'name' | 'value' | 'better' | 'matrix'> & {
  /** Of the loss: which functions it is made of. */
  readonly of?: string;
};

/** What is asked of one output. */
interface Goal {
  /** Place among the outputs. */
  readonly place: number;
  readonly name: string;
  readonly loss: LossFunction;
  readonly weight: number;
  readonly metrics: readonly Metric[];
  /** What the output gives, for metrics; and where it is, for messages. */
  readonly known: { readonly meaning: Meaning; readonly where: string };
}

/** The losses and metrics of a model: what to minimise, and what to record. */
export class Objective {
  /** The trained outputs. */
  readonly goals: readonly Goal[];
  /** What each step records: the total loss, with several outputs each one's loss, then the metrics. */
  readonly values: readonly RecordedValue[];
  readonly #model: string;

  /**
   * @param options left out, there is nothing to compute: the model only predicts
   * @throws ArgumentError if there is no such loss, metric or output, an output is left out, values have one name, a loss
   *   contradicts what its output gives, or a metric would have to guess what it gives
   */
  constructor(network: Network, options?: ObjectiveOptions) {
    const { name: model, outputs } = network;
    this.#model = model;
    if (!options) {
      this.goals = [];
      this.values = [];
      return;
    }
    checkFlag(model, 'checkLoss', options.checkLoss);
    const tensors = network.trace();
    const names = outputs.map(({ name }) => name);
    const losses = perOutput<LossSpec>(model, 'loss', names, options.loss, { shared: isLoss(options.loss) });
    const weights = perOutput<number>(model, 'lossWeights', names, options.lossWeights, { optional: true });
    const metrics = metricsPerOutput(model, names, options.metrics ?? []);
    this.goals = names.flatMap((name, place) => {
      const loss = losses[place];
      const weight = weights[place] ?? 1;
      if (typeof weight !== 'number' || !(weight >= 0 && weight < Infinity)) {
        throw new ArgumentError(
          `${model}: the loss weight of output "${name}" is ${describe(weight)}; it must be a finite number of at least 0`,
        );
      }
      if (loss) {
        const own = { place, name, loss: lossOf(loss), weight, metrics: metrics[place] };
        const known = settle(model, own, tensors[place], options.checkLoss ?? true);
        return [{ ...own, known }];
      }
      if (metrics[place].length === 0) return [];
      throw new ArgumentError(
        `${model}: output "${name}" has metrics and no loss, so there are no targets for it; give it a loss, or drop its metrics`,
      );
    });
    if (this.goals.length === 0) throw new ArgumentError(`${model}: no output has a loss; give one at least`);
    const several = outputs.length > 1;
    const own = this.goals.flatMap(({ name, metrics: list }) =>
      list.map((metric) => ({ ...named(metric), name: several ? joined(name, metric.name) : metric.name })),
    );
    const lossNames = several
      ? this.goals.map(({ name }) => ({ name: joined(name, 'loss'), better: 'lower' as const }))
      : [];
    const functions = this.goals.map(({ place, weight }) => lossText(losses[place]!, weight));
    this.values = [{ name: 'loss', better: 'lower', of: functions.join(' + ') }, ...lossNames, ...own];
    checkMetricNames(
      model,
      [...lossNames, ...own].map(({ name }) => name),
    );
    if (this.values.length > MAX_METRICS) {
      throw new ArgumentError(
        `${model}: ${own.length} metrics; a step records at most ${MAX_METRICS - 1 - lossNames.length} besides the ${several ? 'losses' : 'loss'}`,
      );
    }
  }

  /**
   * The tensors of `values` on a batch, the first being what to minimise: for each sample the sum of the losses, times
   * `weights` [N] where they are given, and of the `penalties`, which are not weighted (Keras). Nor are metrics.
   *
   * @param penalties values per sample, [N], or single numbers, as `network.callWithLosses` gives them
   */
  compute(
    outputs: readonly Tensor[],
    targets: readonly Tensor[],
    weights?: Tensor,
    penalties: readonly Tensor[] = [],
  ): Tensor[] {
    const losses = this.goals.map(({ place, loss, name }, i) => {
      const own = loss(outputs[place], targets[i]);
      requireResult(`${this.#model}: the loss of output "${name}"`, own);
      const values = this.#perSample(name, own, outputs[place]);
      return weights ? multiply(values, weights) : values;
    });
    const total = losses
      .map((loss, i) => (this.goals[i].weight === 1 ? loss : scale(loss, this.goals[i].weight)))
      .concat(penalties)
      .reduce(add);
    for (const { place, known } of this.goals) tellMeaning(outputs[place], known);
    const metrics = this.goals.flatMap(({ place, metrics: list }, i) =>
      list.map((metric) => {
        const own = metric.compute(outputs[place], targets[i]);
        requireResult(`${this.#model}: metric "${metric.name}"`, own);
        return own;
      }),
    );
    const several = this.values.length > 1 + metrics.length;
    return [total, ...(several ? losses : []), ...metrics];
  }

  #perSample(output: string, loss: Tensor, { shape: [batch] }: Tensor): Tensor {
    if (loss.shape[0] === batch) return perSample(loss);
    throw new ShapeError(
      `${this.#model}: the loss of output "${output}" gives ${formatShape(loss.shape)}, but it must give one value for each of the ${batch} samples of a batch, [${batch}]`,
    );
  }
}

/** A loss for people, and to know it again. */
const lossText = (loss: LossSpec, weight: number): string =>
  `${weight === 1 ? '' : `${weight} `}${lossNameOf(loss) || 'a function'}`;

const isLoss = (loss: ObjectiveOptions['loss']): boolean =>
  typeof loss === 'string' || typeof loss === 'function';

const joined = (output: string, name: string) => `${output}${name[0].toUpperCase()}${name.slice(1)}`;

/** What callbacks and records need of a metric, without losing a `this` that the value may need. */
const named = (metric: Metric): RecordedValue => ({
  name: metric.name,
  better: metric.better,
  matrix: metric.matrix,
  ...(metric.value && { value: (means: Float64Array, count: number) => metric.value!(means, count) }),
});

/**
 * What an output gives, after holding it against its loss, and trying the metrics: those that need to know.
 *
 * @throws ArgumentError if the loss contradicts it, or a metric cannot do without knowing
 */
function settle(
  model: string,
  { name, loss, metrics }: Pick<Goal, 'name' | 'loss' | 'metrics'>,
  output: Tensor,
  checkLoss: boolean,
): Goal['known'] {
  const where = `${model}: output "${name}" (${output.node.label})`;
  const claims = claimsAbout(where, output, loss);
  if (checkLoss) checkMeaning(where, output, claims);
  const known = { meaning: settleMeaning(output, claims), where };
  tellMeaning(output, known);
  for (const metric of metrics) {
    for (const target of possibleTargets(output)) {
      try {
        requireResult(`${where}: metric "${metric.name}"`, metric.compute(output, target));
        break;
      } catch (error) {
        if (error instanceof UnknownMeaning || error instanceof WrongResult) throw error;
        // another kind of target may do; whether the data set's does, fit will see
      }
    }
  }
  return known;
}

/** An option for each output, given as one for all (`shared`), as a list, or by name. */
function perOutput<T>(
  model: string,
  option: string,
  names: readonly string[],
  given: unknown,
  { shared = false, optional = false },
): (T | null | undefined)[] {
  if (shared) return names.map(() => given as T);
  const outputs = names.map((name) => `"${name}"`).join(', ');
  if (Array.isArray(given)) {
    if (given.length === names.length) return given;
    throw new ArgumentError(
      `${model}: ${option} has ${given.length} entries, but the model has ${names.length} outputs, ${outputs}; give one for each`,
    );
  }
  if (given === undefined || given === null || typeof given !== 'object' || Symbol.iterator in given) {
    if (given === undefined && optional) return names.map(() => undefined);
    throw new ArgumentError(
      `${model}: ${option} is ${describe(given)}; give ${option === 'metrics' ? "a list, metrics: ['accuracy']" : 'one'}, a list with one for each output, or a record by output: ${outputs}`,
    );
  }
  const record = given as Record<string, T | null>;
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ArgumentError(
      `${model}: ${option} is for an output "${unknown}", but the outputs are ${outputs}`,
    );
  }
  const own = (name: string) => (Object.hasOwn(record, name) ? record[name] : undefined);
  const missing = names.find((name) => own(name) === undefined);
  if (missing !== undefined && !optional) {
    throw new ArgumentError(
      `${model}: ${option} has nothing for output "${missing}"; add it, or null for an output that is not trained`,
    );
  }
  return names.map(own);
}

function metricsPerOutput(
  model: string,
  names: readonly string[],
  given: NonNullable<ObjectiveOptions['metrics']>,
): Metric[][] {
  if (!Array.isArray(given)) {
    const lists = perOutput<MetricSpec | readonly MetricSpec[]>(model, 'metrics', names, given, {
      optional: true,
    });
    return lists.map((list) => [list ?? []].flat().map((metric) => metricOf(metric as MetricSpec)));
  }
  if (given.length > 0 && names.length > 1) {
    throw new ArgumentError(
      `${model}: the model has several outputs; give the metrics by output, for example metrics: { ${names[0]}: [...] }`,
    );
  }
  return names.map(() => given.map((metric: MetricSpec) => metricOf(metric)));
}

import { ArgumentError } from '../errors.ts';
import { checkFlag, describe } from '../options.ts';
import { add, scale } from '../ops/elementwise/elementwise.ts';
import type { Tensor } from '../ops/core/op.ts';
import type { LossFunction } from './losses.ts';
import { lossInfoOf } from './losses/define.ts';
import type { SettledReduction } from './losses/define.ts';
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
import { lossTerm, metricRecording, sumOf } from './recording.ts';
import type { Recording } from './recording.ts';
import { metricsPerOutput, perOutput } from './perOutput.ts';
import type { MetricSpecs } from './perOutput.ts';
import { checkMetricNames, lossNameOf, lossOf } from './registry.ts';
import type { LossName } from './registry.ts';
import { rowsFor } from './steps.ts';

/**
 * A loss by name, one with options (`losses.huber({ delta: 2 })`), or a graph function from predictions and targets to one
 * value per sample, [N].
 */
export type LossSpec = LossName | LossFunction;

export interface ObjectiveOptions {
  /**
   * A name, a loss with options, or a graph function from predictions and targets to one value per sample. For a model with
   * several outputs one for all, a list in their order, or a record by their names; null leaves an output untrained and takes
   * no targets. Where an output has a mask, or steps have weights, losses and metrics see each step as a sample.
   */
  loss: LossSpec | readonly (LossSpec | null)[] | Readonly<Record<string, LossSpec | null>>;
  /** Factors of the outputs' losses in the total, in their order or by name; default 1. */
  lossWeights?: readonly number[] | Readonly<Record<string, number>>;
  /** They count all samples alike, whatever their weights, but leave out what an output's mask leaves out. */
  metrics?: MetricSpecs;
  /**
   * Metrics that weigh samples and classes as the loss does (Keras's `weighted_metrics`). Where one of `metrics` has the same
   * name, it is `weightedAccuracy`, say.
   */
  weightedMetrics?: MetricSpecs;
  /**
   * Whether a loss is refused that takes logits where the last activation gives probabilities, or the other way round.
   * Default true; `false` allows it.
   */
  checkLoss?: boolean;
}

/** A value of the steps and epochs, as callbacks know it. */
export interface ValueInfo extends Pick<Metric, 'name' | 'better' | 'matrix'> {
  /** Of the loss: which functions it is made of. */
  readonly of?: string;
}

/** A value of `values` on a batch. */
export type Computed = ValueInfo & Recording;

/** A metric of an output. */
interface OutputMetric {
  readonly metric: Metric;
  readonly name: string;
  readonly weighted: boolean;
}

/** The loss and metrics of one output. */
interface Goal {
  /** Place among the outputs. */
  readonly place: number;
  readonly name: string;
  readonly loss: LossFunction;
  readonly reduction: SettledReduction;
  readonly weight: number;
  readonly metrics: readonly OutputMetric[];
  /** What the output gives, for metrics; and where it is, for messages. */
  readonly known: { readonly meaning: Meaning; readonly where: string };
}

/** The losses and metrics of a model: what to minimise, and what to record. */
export class Objective {
  /** The trained outputs. */
  readonly goals: readonly Goal[];
  /** What each step records: the total loss, with several outputs each one's loss, then the metrics. */
  readonly values: readonly ValueInfo[];
  readonly #model: string;
  /** Whether the network has several outputs: then each one's loss is a value, too. */
  readonly #several: boolean = false;

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
    const plain = metricsPerOutput(model, 'metrics', names, options.metrics ?? []);
    const weighted = metricsPerOutput(model, 'weightedMetrics', names, options.weightedMetrics ?? []);
    const metrics = names.map((_, i) => [
      ...plain[i].map((metric) => ({ metric, name: metric.name, weighted: false })),
      ...weighted[i].map((metric) => ({ metric, name: distinct(metric, plain[i]), weighted: true })),
    ]);
    this.goals = names.flatMap((name, place) => {
      const loss = losses[place];
      const weight = weights[place] ?? 1;
      if (typeof weight !== 'number' || !(weight >= 0 && weight < Infinity)) {
        throw new ArgumentError(
          `${model}: the loss weight of output "${name}" is ${describe(weight)}; it must be a finite number of at least 0`,
        );
      }
      if (loss) {
        const made = lossOf(loss);
        const { reduction = 'mean' } = lossInfoOf(made) ?? {};
        const own = { place, name, loss: made, reduction, weight, metrics: metrics[place] };
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
      list.map(({ metric: { better, matrix }, name: metric }) => ({
        name: several ? joined(name, metric) : metric,
        better,
        matrix,
      })),
    );
    this.#several = several;
    const lossNames = several
      ? this.goals.map(({ name }) => ({ name: joined(name, 'loss'), better: 'lower' as const }))
      : [];
    const functions = this.goals.map(({ place, weight }) => lossText(losses[place]!, weight));
    this.values = [{ name: 'loss', better: 'lower', of: functions.join(' + ') }, ...lossNames, ...own];
    checkMetricNames(
      model,
      [...lossNames, ...own].map(({ name }) => name),
    );
  }

  /**
   * What `values` are on a batch, and `loss`, whose mean over the batch is to be minimised: for each sample the sum of the
   * losses, times `weights` where they are given, divided as their reductions say, and of the `penalties`, which are neither
   * weighted nor divided (Keras).
   *
   * @param mode `training` records the batch's losses as they are minimised; `evaluation` what the losses of all batches
   *   together follow from; `samples` losses of the samples, divided by nothing
   * @param weights of samples, [N], or of their steps, [N, steps]
   * @param penalties values per sample, [N], or single numbers, as `network.callWithLosses` gives them
   */
  compute(
    outputs: readonly Tensor[],
    targets: readonly Tensor[],
    mode: 'training' | 'evaluation' | 'samples',
    { weights, penalties = [] }: { readonly weights?: Tensor; readonly penalties?: readonly Tensor[] } = {},
  ): { readonly loss: Tensor; readonly values: readonly Computed[] } {
    const model = this.#model;
    const several = this.#several;
    const rowsOf = (own?: Tensor) =>
      this.goals.map(({ place, name }, i) =>
        rowsFor(`${model}: output "${name}"`, outputs[place], targets[i], own),
      );
    const [rows, alike] = [rowsOf(weights), rowsOf()];
    const terms = this.goals.map(({ loss, reduction, name, weight }, i) => {
      const term = lossTerm(`${model}: the loss of output "${name}"`, loss, reduction, rows[i]);
      const tensor = mode === 'samples' ? term.perSample : term.reduced;
      return { ...term, weight, recording: mode === 'evaluation' ? term.recording : { tensor } };
    });
    const added = penalties.map((tensor) => ({ weight: 1, recording: { tensor } }));
    const loss = terms
      .map(({ reduced, weight }) => (weight === 1 ? reduced : scale(reduced, weight)))
      .concat(penalties)
      .reduce(add);
    const metrics = this.goals.flatMap(({ place, known, metrics: list }, i) => {
      tellMeaning(outputs[place], known);
      return list.map(({ metric, weighted }) => {
        const own = weighted ? rows[i] : alike[i];
        return metricRecording(`${model}: metric "${metric.name}"`, metric, own, mode === 'samples');
      });
    });
    const recordings = [
      sumOf([...terms, ...added]),
      ...(several ? terms.map(({ recording }) => recording) : []),
      ...metrics,
    ];
    return { loss, values: this.values.map((value, k) => ({ ...value, ...recordings[k] })) };
  }
}

/** A loss as text, to display and to recognise it. */
const lossText = (loss: LossSpec, weight: number): string =>
  `${weight === 1 ? '' : `${weight} `}${lossNameOf(loss) || 'a function'}`;

const isLoss = (loss: ObjectiveOptions['loss']): boolean =>
  typeof loss === 'string' || typeof loss === 'function';

const joined = (output: string, name: string) => `${output}${name[0].toUpperCase()}${name.slice(1)}`;

/** The name of a weighted metric beside others. */
const distinct = ({ name }: Metric, others: readonly Metric[]): string =>
  others.some((other) => other.name === name) ? joined('weighted', name) : name;

/**
 * The kind of an output's values, after checking it with its loss, and trying the metrics: for those that need to know it.
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
  for (const { metric } of metrics) {
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

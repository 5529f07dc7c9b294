import { ArgumentError } from '../../errors.ts';
import type { Recorded } from '../../runtime/ring.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';

/** A metric that is the mean of one value per sample: predictions and targets of a batch to [N]. */
export type MetricFunction = (prediction: Tensor, target: Tensor) => Tensor;

/**
 * A metric: on the GPU a row of columns per sample, of which the sums are kept; on the CPU a value of the columns' means.
 * As the means are those of all samples, the value of an epoch or of an evaluation is exact, and not a mean over batches.
 * The precision, say, has the columns "truly positive" and "predicted positive", and is the quotient of their means.
 */
export interface Metric {
  /** Its name among the values of a step; one whose value is a matrix should end in `Matrix`. */
  readonly name: string;
  /** Whether a higher or a lower value is better: for callbacks that monitor it. */
  readonly better?: 'higher' | 'lower';
  /** Whether its value is a list or a matrix, which cannot be monitored. Default false. */
  readonly matrix?: boolean;
  /** Predictions and targets of a batch, as the loss gets them, to [N] or [N, columns]. */
  compute(prediction: Tensor, target: Tensor): Tensor;
  /**
   * The value, given the columns' means over `count` samples; the mean of the means by default. A list or a matrix is given
   * by `evaluate` and left out of the values of steps and epochs.
   *
   * @param count of samples, the sum of their weights where they have some
   * @param unweighted how many samples there are, where they have weights
   */
  value?(means: Float64Array, count: number, unweighted?: number): number | number[] | number[][];
}

/** [N, M, columns] → [N, columns]: means over what a sample has several of. */
export function rowsOf(values: Tensor): Tensor {
  const [samples, positions, columns] = values.shape;
  return positions === 1 ? reshape(values, [samples, columns]) : reduceMean(values, { axes: [1] });
}

/** [N, ...] → [N, M, 1], to be broadcast against columns. */
export function asColumn(values: Tensor): Tensor {
  return reshape(values, [values.shape[0], sizeOf(values.shape.slice(1)), 1]);
}

/** A value that steps record: a metric, or several in the columns of one, by their names. */
export interface RecordedValue {
  readonly name: string;
  /** Of a loss: which functions it is made of, as far as they have names. */
  readonly of?: string;
  value?(
    means: Float64Array,
    count: number,
  ): number | number[] | number[][] | Readonly<Record<string, number>>;
  /** The value over several steps is the mean of the steps' values, weighted by their rows; default: of all rows together. */
  readonly batchwise?: boolean;
}

/** What `Totals` has added up, for a checkpoint: of each value the columns' sums, and the rows. */
export interface TotalsState {
  /** What was added up: the values' names, a loss with its functions. */
  readonly names: readonly string[];
  readonly sums: readonly (readonly number[])[];
  readonly counts: readonly number[];
}

/** Adds up what steps have recorded, in float64. */
export class Totals {
  readonly #metrics: readonly RecordedValue[];
  #sums: Float64Array[] = [];
  #counts: number[] = [];

  constructor(metrics: readonly RecordedValue[]) {
    this.#metrics = metrics;
  }

  /** What one step recorded, in the order of the metrics. */
  add(recorded: readonly Recorded[]): this {
    recorded.forEach(({ sums: given, count }, k) => {
      const { value, batchwise } = this.#metrics[k];
      const sums = batchwise
        ? [
            (value!(
              Float64Array.from(given, (sum) => sum / count),
              count,
            ) as number) * count,
          ]
        : given;
      const own = (this.#sums[k] ??= new Float64Array(sums.length));
      sums.forEach((sum, column) => (own[column] += sum));
      this.#counts[k] = (this.#counts[k] ?? 0) + count;
    });
    return this;
  }

  /** The values by name: numbers, and where asked for matrices too. */
  values(matrices: 'with matrices' | 'numbers' = 'numbers'): Record<string, number> {
    const entries = this.#metrics.flatMap(({ name, value, batchwise }, k): [string, unknown][] => {
      const count = this.#counts[k] ?? 0;
      const means = (this.#sums[k] ?? new Float64Array(1)).map((sum) => sum / count);
      const own =
        value && !batchwise ? value(means, count) : means.reduce((sum, mean) => sum + mean / means.length, 0);
      return typeof own === 'number' || Array.isArray(own) ? [[name, own]] : Object.entries(own);
    });
    const wanted = entries.filter(([, value]) => matrices === 'with matrices' || typeof value === 'number');
    return Object.fromEntries(wanted) as Record<string, number>;
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.#counts.length === 0;
  }

  get #names(): string[] {
    return this.#metrics.map(({ name, of }) => (of === undefined ? name : `${name} (${of})`));
  }

  get state(): TotalsState {
    return { names: this.#names, sums: this.#sums.map((sums) => [...sums]), counts: [...this.#counts] };
  }

  /**
   * Continues from what `state` gave.
   *
   * @param columns of each value now
   * @throws ArgumentError if other values were added up
   */
  restore({ names, sums, counts }: TotalsState, columns: readonly number[]): void {
    if (counts.length === 0) return;
    const described = (list: readonly string[], widths: readonly number[]) =>
      list.map((name, i) => (widths[i] > 1 ? `${name} of ${widths[i]} columns` : name)).join(', ');
    const [before, now] = [
      described(names, sums.map(({ length }) => length)),
      described(this.#names, columns),
    ]; // prettier-ignore
    if (before !== now) {
      throw new ArgumentError(
        `resume: the current epoch has recorded ${before}, but this training records ${now}; compile with the loss and the metrics that it was saved with, or begin a new epoch without resume`,
      );
    }
    this.#sums = sums.map((own) => Float64Array.from(own));
    this.#counts = [...counts];
  }

  clear(): void {
    this.#sums = [];
    this.#counts = [];
  }
}

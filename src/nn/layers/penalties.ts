import { ArgumentError } from '../../errors.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe } from '../../options.ts';
import { activityPenalty, namedRegularizer, weightPenalty } from '../regularizers.ts';
import type { RegularizerSpec } from '../regularizers.ts';

/** What a layer adds to the loss each time it is called: a graph function of its output and its inputs. */
export type LayerLoss = (output: Tensor, inputs: readonly Tensor[]) => Tensor;

/** What a layer adds to the loss: by regularizers of its weights and of its output, and by functions. */
export class Penalties {
  /** Its form in a config. */
  readonly activityRegularizer: RegularizerSpec | undefined;
  readonly #weights = new Map<Variable, RegularizerSpec>();
  readonly #losses: LayerLoss[] = [];

  constructor(activityRegularizer: RegularizerSpec | undefined, layer: string) {
    this.activityRegularizer = activityRegularizer && namedRegularizer(activityRegularizer, layer);
  }

  /** Adds the penalty of a weight. */
  charge(weight: Variable, regularizer: RegularizerSpec): void {
    this.#weights.set(weight, regularizer);
  }

  /** Adds the penalties of all weights of another layer. */
  chargeWeightsOf(within: Penalties): void {
    for (const [weight, regularizer] of within.#weights) this.charge(weight, regularizer);
  }

  forgetWeights(): void {
    this.#weights.clear();
  }

  /** @throws ArgumentError if it is not a function */
  add(loss: LayerLoss, layer: string): void {
    if (typeof loss !== 'function') {
      throw new ArgumentError(
        `${layer}: addLoss was given ${describe(loss)}; give a function of the output, such as (y) => ops.reduceSum(ops.square(y), { axes: [1] })`,
      );
    }
    this.#losses.push(loss);
  }

  /** What a call of the layer adds. */
  ofCall(layer: string, output: Tensor, inputs: readonly Tensor[]): Tensor[] {
    const { activityRegularizer } = this;
    return [
      ...(activityRegularizer ? [activityPenalty(activityRegularizer, output, layer)] : []),
      ...this.#losses.map((loss) => loss(output, inputs)),
    ];
  }

  /** What its weights add, single numbers. */
  ofWeights(): Tensor[] {
    return [...this.#weights].map(([weight, regularizer]) =>
      weightPenalty(regularizer, read(weight), weight.name),
    );
  }
}

import { ArgumentError, ShapeError } from '../../errors.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { scale } from '../../ops/elementwise/elementwise.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { describe } from '../../options.ts';
import { masked, maskOf } from '../masks.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { CallContext, LayerConfig, LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

class TimeDistributed extends Layer {
  override readonly type = 'timeDistributed';
  protected override readonly passesMask = true;
  readonly #layer: Layer;

  constructor(layer: Layer, options: LayerOptions) {
    super(options, options);
    this.#layer = layer;
  }

  override get config(): LayerConfig {
    const { type, config } = this.#layer;
    return { ...super.config, layer: { type, config: { ...config, name: config.name || type } } };
  }

  protected override createWeights(inputShape: Shape): void {
    if (inputShape.length < 2) {
      throw new ShapeError(
        `${this.name || this.type}: expects samples of rank 2 or more (steps, …), got shape ${formatShape(inputShape)}; insert a reshape layer before it`,
      );
    }
    this.buildWithin(this.#layer, [inputShape.slice(1)]);
  }

  protected override compute(x: Tensor, context: CallContext): Tensor {
    const mask = maskOf(x);
    const steps = masked(merged(x), mask && merged(mask));
    const frozen = new Set(this.isFrozen(context) ? [this.#layer] : []);
    const losses: Tensor[] = [];
    const y = this.#layer.call(steps, { ...context, frozen, losses });
    const [batch, count] = x.shape;
    // Of addLoss: Keras calls the layer for one step after the other, and each call adds its mean over the batch.
    const ofSteps = (loss: Tensor) =>
      loss.shape.length === 0 ? scale(loss, count) : reduceSum(reshape(loss, [batch, count]), { axes: [1] });
    context.losses?.push(...losses.map(ofSteps));
    return reshape(y, [batch, count, ...y.shape.slice(1)]);
  }

  override describe(): string {
    return [this.#layer.type, this.#layer.describe()].filter(Boolean).join(' ');
  }
}

/** [batch, steps, …] → [batch · steps, …] */
const merged = (x: Tensor): Tensor => reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);

/**
 * A layer applied to each step by itself, with the same weights, as Keras's TimeDistributed: [steps, …] → [steps, …]. All
 * steps of a batch are computed at once, as further samples. A batch normalization therefore has one mean over all steps,
 * where Keras has one for each step. Weights have the names that they have in the layer, and its regularizers of them count. An
 * activityRegularizer belongs to the outer layer: Keras ignores one of the inner layer.
 *
 * `trainable` is that of the inner layer by default, and replaces it.
 *
 * @throws ArgumentError if it is not a layer, or, when the model is made, has an activityRegularizer; ShapeError if samples have
 *   no steps
 */
export function timeDistributed(layer: Layer, options: LayerOptions = {}): Layer {
  if (!(layer instanceof Layer)) {
    throw new ArgumentError(
      `timeDistributed: takes a layer, timeDistributed(dense({ units: 10 })), but was given ${describe(layer)}`,
    );
  }
  const defaults = { ...layerDefaults, trainable: layer.trainable };
  return new TimeDistributed(layer, settleLayer('timeDistributed', options, defaults));
}

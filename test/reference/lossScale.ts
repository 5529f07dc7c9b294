/** What Keras's LossScaleOptimizer keeps, and how its steps change it. */
export class LossScaled {
  scale: number;
  finiteSteps = 0;
  /** Steps whose update was made. */
  updates = 0;
  readonly #growthSteps: number;

  constructor(scale: number, growthSteps: number) {
    this.scale = scale;
    this.#growthSteps = growthSteps;
  }

  /**
   * One step.
   *
   * @param gradients of the scaled loss
   * @param update called with the gradients of the loss, where all are finite
   */
  step(gradients: Float64Array, update: (gradients: Float64Array) => void): void {
    const { scale } = this;
    if (!gradients.every(Number.isFinite)) {
      this.scale = scale / 2;
      this.finiteSteps = 0;
      return;
    }
    update(gradients.map((gradient) => gradient / scale));
    this.updates++;
    this.finiteSteps++;
    if (this.finiteSteps < this.#growthSteps) return;
    this.scale = scale * 2;
    this.finiteSteps = 0;
  }
}

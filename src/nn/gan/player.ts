import { ArgumentError } from '../../errors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Minimizer, MinimizerOptions } from '../../runtime/minimizer.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Layer } from '../layers/layer.ts';
import type { Network } from '../network.ts';
import type { Optimizer } from '../optimizers.ts';
import type { SavedPart } from '../training/checkpoint.ts';

/**
 * One of the two networks with its optimizer. The optimizer counts its own updates, on the GPU: Adam's correction depends
 * on their number, which is smaller than that of the steps if the network was not trained in some.
 */
export class Player implements SavedPart {
  readonly role: 'generator' | 'discriminator';
  readonly network: Network;
  /** Its updates, apart from the steps. */
  readonly counts = true;
  readonly optimizer: Optimizer;
  readonly minimizer: Minimizer;
  /** The layers that were frozen when the GAN was compiled. */
  readonly frozen: ReadonlySet<Layer>;
  readonly #gpu: Gpu;
  #updates = 0;

  constructor(
    gpu: Gpu,
    role: Player['role'],
    network: Network,
    optimizer: Optimizer,
    options: Pick<MinimizerOptions, 'lossScale'>,
  ) {
    this.#gpu = gpu;
    this.role = role;
    this.network = network;
    this.optimizer = optimizer;
    this.frozen = network.frozenLayers;
    if (network.trainableVariables.length === 0) {
      throw new ArgumentError(
        `${network.name}: no layer has trainable weights, so there is nothing to train`,
      );
    }
    this.minimizer = gpu.minimizer(network.trainableVariables, optimizer, {
      ...options,
      ownCount: true,
    });
  }

  /** What its tensors in a checkpoint begin with. */
  get prefix(): string {
    return `${this.role}.`;
  }

  get variables(): ReadonlyMap<Variable, string> {
    return this.network.variableKeys();
  }

  get trained(): readonly Variable[] {
    return this.minimizer.variables;
  }

  /** Updates that have been submitted; with scaled losses also those that were skipped. */
  get updates(): number {
    return this.#updates;
  }

  /** Counts an update that has been submitted; the GPU counts by itself. */
  updated(): void {
    this.#updates++;
  }

  /** Takes the count from the GPU, where a step that was not made does not count. */
  async recount(): Promise<void> {
    this.#updates = await this.minimizer.readCount();
  }

  /** Sets the count here and on the GPU. */
  set updates(count: number) {
    this.#updates = count;
    this.minimizer.writeCount(count);
  }

  get learningRate(): number {
    return this.minimizer.shownRate(this.#updates);
  }

  set learningRate(value: number) {
    if (!Number.isFinite(Math.fround(value)) || value < 0) {
      throw new ArgumentError(
        `${this.network.name}: the learning rate must be a finite number of at least 0, not ${value}`,
      );
    }
    this.minimizer.learningRate = value;
  }

  destroy(): void {
    this.#gpu.release(this.minimizer);
  }
}

import type { Device } from '../device/device.ts';
import { ArgumentError } from '../errors.ts';
import { input } from '../ops/core/leaves.ts';
import { LateKernels } from '../ops/core/late.ts';
import type { LowerContext, Operand, Resource, Tensor } from '../ops/core/op.ts';
import { describe, settle } from '../options.ts';
import type { Location } from './location.ts';

/**
 * How a loss is scaled before it is differentiated, so that f16 holds small gradients: Keras's LossScaleOptimizer. After a
 * step with a gradient that is NaN or infinite, whose update is skipped, the scale is halved.
 */
export interface LossScaleOptions {
  /** The first scale, from 1 to 2¹²⁶. Default 32,768 = 2¹⁵. */
  readonly initialScale?: number;
  /** The scale is doubled after so many steps in a row with finite gradients, at least 1. Default 2,000. */
  readonly dynamicGrowthSteps?: number;
}

/** Where a scale has come to. */
export interface LossScaleState {
  readonly scale: number;
  /** Steps with finite gradients since it was changed. */
  readonly finiteSteps: number;
}

/** The largest one: f32 holds its inverse as a normal number. */
const MOST = 2 ** 126;
/** f32 counts so far without rounding. */
const MOST_STEPS = 2 ** 24;

export const isLossScale = (value: number): boolean => value > 0 && value <= MOST;
export const isFiniteSteps = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= MOST_STEPS;

/** @throws ArgumentError if an option is unknown or out of range */
export function settleLossScale(caller: string, given: LossScaleOptions): Required<LossScaleOptions> {
  const options = settle(`${caller}: lossScale`, given, {
    initialScale: 2 ** 15,
    dynamicGrowthSteps: 2000,
  });
  const { initialScale, dynamicGrowthSteps } = options;
  if (!(typeof initialScale === 'number' && initialScale >= 1 && initialScale <= MOST)) {
    throw new ArgumentError(
      `${caller}: lossScale.initialScale is ${describe(initialScale)}; it must be a number from 1 to 2¹²⁶, such as 32768`,
    );
  }
  if (!isFiniteSteps(dynamicGrowthSteps) || dynamicGrowthSteps < 1) {
    throw new ArgumentError(
      `${caller}: lossScale.dynamicGrowthSteps is ${describe(dynamicGrowthSteps)}; it must be a whole number from 1 to 2²⁴`,
    );
  }
  return options;
}

const kernels = /* @__PURE__ */ new LateKernels(
  'scaled losses',
  async () => (await import('../ops/optimizer/lossScale.ts')).unscale,
);

/** The scale of a minimizer's loss: on the GPU, which changes it. */
export class LossScale {
  /** The scale, as a tensor of programs. */
  readonly tensor: Tensor = input('loss scale', []);
  /** f32 [4]: the scale, finite steps since it was changed, whether the update is skipped, 0. */
  readonly state: Resource = { resource: 'loss scale', shape: [4], dtype: 'f32' };
  readonly location: Location;
  readonly growthSteps: number;
  readonly #initial: LossScaleState;
  readonly #device: Device;

  constructor(device: Device, location: Location, options: Required<LossScaleOptions>) {
    this.#device = device;
    this.location = location;
    this.growthSteps = options.dynamicGrowthSteps;
    this.#initial = { scale: options.initialScale, finiteSteps: 0 };
    this.write();
  }

  /** Before the trial of an update: the gradients of the scaled loss become those of the loss. */
  unscale(gradients: readonly Operand[], context: LowerContext): void {
    kernels.value(gradients, this.state, context);
  }

  async read(): Promise<LossScaleState> {
    const { buffer, offset } = this.location;
    const [scale, finiteSteps] = new Float32Array(await this.#device.read(buffer, offset, 8));
    return { scale, finiteSteps };
  }

  /** Default: it begins again. */
  write({ scale, finiteSteps }: LossScaleState = this.#initial): void {
    const { buffer, offset } = this.location;
    this.#device.write(buffer, offset, Float32Array.of(scale, finiteSteps, 0, 0));
  }
}

import type { Device } from '../device/device.ts';
import { AdapterError, ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { settleLossScale } from './lossScale.ts';
import type { LossScaleOptions } from './lossScale.ts';

/**
 * `f32` computes in 32 bits throughout. `mixed` rounds what matrix products and convolutions multiply to f16 (three decimal
 * digits, up to ±65,504), stores as f16 what nothing else reads, and adds the products in f32; all else stays f32: variables,
 * sums, the optimizers. On every adapter the same products are rounded: those for which a GPU's tiles in workgroup memory pay.
 */
export type Precision = 'f32' | 'mixed';

export const PRECISIONS: readonly Precision[] = ['f32', 'mixed'];

export interface PrecisionOptions {
  /** Default 'f32'. Mixed precision needs the feature `shader-f16`. */
  precision?: Precision;
  /** How losses are scaled before they are differentiated; false: not at all. Default: in mixed precision, by Keras's rule. */
  lossScale?: LossScaleOptions | false;
}

export const precisionOptions: OptionTable<PrecisionOptions> = { precision: true, lossScale: true };

/** Precision options, checked. */
export interface SettledPrecision {
  readonly precision: Precision;
  readonly lossScale: Required<LossScaleOptions> | undefined;
}

/** @throws ArgumentError if a value is none that it can be */
export function settlePrecision(
  caller: string,
  { precision = 'f32', lossScale = precision === 'mixed' ? {} : false }: PrecisionOptions,
): SettledPrecision {
  if (!PRECISIONS.includes(precision)) {
    throw new ArgumentError(
      `${caller}: precision is ${describe(precision)}; choose f32, or mixed, which multiplies numbers of 16 bits`,
    );
  }
  return { precision, lossScale: lossScale === false ? undefined : settleLossScale(caller, lossScale) };
}

/** @throws AdapterError if it is to compute with f16, and the device cannot */
export function requirePrecision(
  caller: string,
  precision: Precision,
  { features, description }: Device,
): void {
  if (precision === 'f32' || features.has('shader-f16')) return;
  throw new AdapterError(
    `${caller}: mixed precision needs the WebGPU feature shader-f16, which the device on ${description} does not have; leave precision out to compute in f32, use another adapter, or, if the device is your own, request it with requiredFeatures: ['shader-f16']`,
  );
}

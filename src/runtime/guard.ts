import type { Device } from '../device/device.ts';
import { NumericError } from '../errors.ts';
import type { Resource } from '../ops/core/op.ts';
import { FAULT_KINDS, GUARD_LAYOUT, NO_FAULT, PLACE_BITS } from '../ops/optimizer/faults.ts';
import type { Location } from './location.ts';
import type { Run } from './variables.ts';

/** Why a step of training was not made. */
export interface Fault {
  /** The step, which neither changed nor counted anything. */
  readonly step: number;
  /** What is NaN or infinite: a weight, a gradient, or a value that the update would have written; undefined if only recorded values are. */
  readonly kind?: (typeof FAULT_KINDS)[number];
  /** The variable's name. */
  readonly variable?: string;
}

/**
 * Keeps NaN and infinities out of the weights of one or several programs that train. Each step is first tried: if a
 * weight, a gradient, a recorded value, or a value that an optimizer or a moving statistic would get is NaN or infinite,
 * the step is not made. Weights, moments, averages, moving statistics and counters of all variables and optimizers keep
 * their values. The steps after it are not made either, until the host has read the guard and cleared it.
 */
export class StepGuard {
  static readonly bytes = 16;
  readonly resource: Resource = { resource: 'guard', shape: [4], dtype: 'u32' };
  readonly location: Location;
  readonly #device: Device;
  /** Which place of a fault belongs to which range of variables. */
  readonly #places: { readonly run: Run; readonly first: number }[] = [];
  #nextPlace = 0;

  constructor(device: Device) {
    this.#device = device;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const { bytes } = StepGuard;
    this.location = { buffer: device.createBuffer('guard', bytes, usage), offset: 0, bytes };
  }

  /** The number of a range's first vec4f in the words of faults. */
  place(run: Run): number {
    const known = this.#places.find((place) => isSameRange(place.run, run));
    if (known) return known.first;
    const first = this.#nextPlace;
    this.#places.push({ run, first });
    this.#nextPlace += run.bytes / 16;
    return first;
  }

  /** Adds a copy of it to a submit. */
  copy(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void {
    encoder.copyBufferToBuffer(this.location.buffer, 0, target, offset, StepGuard.bytes);
  }

  /** Decodes its words: undefined if every step was made. */
  decode(words: Uint32Array): Fault | undefined {
    if (words[GUARD_LAYOUT.stopped] === 0) return undefined;
    const step = words[GUARD_LAYOUT.step];
    const fault = words[GUARD_LAYOUT.fault];
    if (fault === NO_FAULT) return { step };
    const place = fault % 2 ** PLACE_BITS;
    const { run, first } = this.#places.findLast((own) => own.first <= place)!;
    const bytes = run.offset + (place - first) * 16;
    const variable = run.variables.findLast((_, i) => run.offsets[i] <= bytes)!;
    return { step, kind: FAULT_KINDS[Math.floor(fault / 2 ** PLACE_BITS)], variable: variable.name };
  }

  async read(): Promise<Fault | undefined> {
    return this.decode(new Uint32Array(await this.#device.read(this.location.buffer, 0, StepGuard.bytes)));
  }

  /** Lets steps be made again. */
  clear(): void {
    this.#device.write(this.location.buffer, 0, new Uint32Array(4));
  }

  destroy(): void {
    this.location.buffer.destroy();
  }
}

const isSameRange = (a: Location, b: Location): boolean =>
  a.buffer === b.buffer && a.offset === b.offset && a.bytes === b.bytes;

/**
 * @param name of the model or program
 * @param values names of recorded values that are NaN or infinite
 * @param advice what to do about it
 */
export function faultError(
  name: string,
  { step, kind, variable }: Fault,
  values: readonly string[] = [],
  advice = 'Lower the learning rate, or look for extreme values in the data.',
): NumericError {
  const was = kind === 'weight' ? [`the weight ${variable} was`] : [];
  const became = [...(kind && kind !== 'weight' ? [`the ${kind} of ${variable}`] : []), ...values].join(
    ' and ',
  );
  const causes = [...was, ...(became ? [`${became} became`] : [])];
  return new NumericError(
    `${name}: ${causes.join(' and ')} NaN or infinite at step ${step}. The step was not made: the weights are those from before it. ${advice}`,
    { step, variable },
  );
}

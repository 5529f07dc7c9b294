import { KernelError } from '../../errors.ts';
import { part } from '../../part.ts';

/**
 * The lowering of an op that few programs have, a script of its own: applications whose programs do not have the op never
 * load it. `gpu.compile` loads it where a program does.
 */
export class LateLowering<F> {
  readonly #op: string;
  readonly #load: () => Promise<F>;
  #lower: F | undefined;

  constructor(op: string, load: () => Promise<F>) {
    this.#op = op;
    this.#load = load;
  }

  get isLoaded(): boolean {
    return this.#lower !== undefined;
  }

  /** @throws EnvironmentError if the script is not there */
  async load(): Promise<void> {
    this.#lower ??= await part(`The kernels of ${this.#op}`, this.#load);
  }

  /** @throws MissingKernels if it is not loaded */
  get lower(): F {
    if (this.#lower === undefined) throw new MissingKernels([this]);
    return this.#lower;
  }

  toString(): string {
    return this.#op;
  }
}

/** A graph was to be lowered before the kernels of some of its ops were loaded. */
export class MissingKernels extends KernelError {
  readonly #missing: readonly LateLowering<unknown>[];

  constructor(missing: readonly LateLowering<unknown>[]) {
    super(`The kernels of ${missing.join(', ')} are not loaded yet; gpu.compile loads those of a program.`);
    this.#missing = missing;
  }

  async load(): Promise<void> {
    await Promise.all(this.#missing.map((late) => late.load()));
  }
}

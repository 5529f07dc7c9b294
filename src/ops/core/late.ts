import { KernelError } from '../../errors.ts';
import { part } from '../../part.ts';

/**
 * Kernels of an op that few programs have, with what plans them if that is much: a script of its own. Applications whose
 * programs do not have the op never load it; `gpu.compile` loads it where a program does.
 */
export class LateKernels<T> {
  readonly #op: string;
  readonly #load: () => Promise<T>;
  #value: T | undefined;

  constructor(op: string, load: () => Promise<T>) {
    this.#op = op;
    this.#load = load;
  }

  get isLoaded(): boolean {
    return this.#value !== undefined;
  }

  /** @throws EnvironmentError if the script is not there */
  async load(): Promise<void> {
    this.#value ??= await part(`The script that computes ${this.#op}`, this.#load);
  }

  /** @throws MissingKernels if they are not loaded */
  get value(): T {
    if (this.#value === undefined) throw new MissingKernels([this]);
    return this.#value;
  }

  toString(): string {
    return this.#op;
  }
}

/** A graph was to be lowered before the kernels of some of its ops were loaded. */
export class MissingKernels extends KernelError {
  readonly #missing: readonly LateKernels<unknown>[];

  constructor(missing: readonly LateKernels<unknown>[]) {
    super(`The kernels of ${missing.join(', ')} are not loaded yet; gpu.compile loads those of a program.`);
    this.#missing = missing;
  }

  async load(): Promise<void> {
    await Promise.all(this.#missing.map((late) => late.load()));
  }
}

/** What some lowering gives, as soon as all kernels that it needs are loaded. It may be begun several times. */
export async function withKernels<T>(lower: () => T): Promise<T> {
  while (true) {
    try {
      return lower();
    } catch (error) {
      if (!(error instanceof MissingKernels)) throw error;
      await error.load();
    }
  }
}

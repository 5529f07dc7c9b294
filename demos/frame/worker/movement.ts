import type { Gpu, Variable } from '../../../src/index.ts';

/** How far groups of weights move from one look to the next. A look reads all of them back. */
export class Movement<Name extends string> {
  readonly #gpu: Gpu;
  readonly #groups: Readonly<Record<Name, readonly Variable[]>>;
  #before: { readonly step: number; readonly values: Record<Name, Float32Array[]> } | undefined;

  constructor(gpu: Gpu, groups: Readonly<Record<Name, readonly Variable[]>>) {
    this.#gpu = gpu;
    this.#groups = groups;
  }

  /** The weights are others: the next look is a first one. */
  forget(): void {
    this.#before = undefined;
  }

  /** Root mean square of each group's differences since the last look; undefined at the first, and where no step was done. */
  async look(step: number): Promise<Record<Name, number> | undefined> {
    const before = this.#before;
    if (before?.step === step) return undefined;
    const names = Object.keys(this.#groups) as Name[];
    const values = await this.#gpu.variables.readAll(names.flatMap((name) => this.#groups[name]));
    const each = <T>(of: (name: Name) => T) =>
      Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
    const now = each((name) => this.#groups[name].map((variable) => values.get(variable)!));
    this.#before = { step, values: now };
    return before && each((name) => distance(before.values[name], now[name]));
  }
}

function distance(before: readonly Float32Array[], now: readonly Float32Array[]): number {
  let sum = 0;
  let size = 0;
  now.forEach((values, which) => {
    size += values.length;
    for (let i = 0; i < values.length; i++) sum += (values[i] - before[which][i]) ** 2;
  });
  return Math.sqrt(sum / Math.max(size, 1));
}

/** Worked numbers as the page shows them: plain data, which is computed when the site is built. */
export interface ShownElements {
  readonly kind: 'elements';
  readonly title: string;
  readonly buffers: readonly {
    readonly name: string;
    readonly note: string;
    readonly shape: readonly number[];
    readonly isFilter: boolean;
    readonly writes: boolean;
    readonly values: readonly number[];
  }[];
  /** The buffer whose elements are chosen. */
  readonly output: string;
  /** Of each of them how it came about, and what was read for it. */
  readonly elements: readonly {
    readonly told: string;
    readonly reads: readonly (readonly [buffer: string, word: number])[];
  }[];
}

export interface ShownLevels {
  readonly kind: 'levels';
  readonly title: string;
  /** The numbers of each level. */
  readonly rows: readonly (readonly number[])[];
  readonly told: string;
}

export interface ShownSteps {
  readonly kind: 'steps';
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly number[])[];
  readonly told: string;
}

export type Shown = ShownElements | ShownLevels | ShownSteps;

import type { Baselines } from '../../src/models/airline.ts';

/** Months of the series, and those of its first part, which are for training. */
export const MONTHS = 144;
export const TRAINING_MONTHS = 115;
/** The first month that is forecast: with a year before it, whatever of that the network sees. */
export const FIRST = 12;
/** Forecast months, and those of them that are for training. */
export const WINDOWS = MONTHS - FIRST;
export const TRAINING_WINDOWS = TRAINING_MONTHS - FIRST;
/** Texels down the picture of a gate, for all units; there is one across for each month. */
export const GATE_TEXELS = 16;

/** What the kernels of each cell keep of a step, in this order, by the names of their panels. */
export const KEPT = {
  lstm: ['input', 'forget', 'candidate', 'output', 'cell'],
  gru: ['update', 'reset', 'candidate', 'product', 'before'],
} as const;
/** Sums of each cell that an activation is applied to. */
export const GATES = { lstm: 4, gru: 3 } as const;

/** What the page calls: nothing. Panels: those of `cellView`. */
export type Calls = Record<never, never>;

/** The numbers of the window before one month, all of the last look. */
export interface Opened {
  readonly month: number;
  /** The months of the window as the network gets them. */
  readonly inputs: Float32Array;
  /** [steps, 5, units]: what KEPT names. */
  readonly kept: Float32Array;
  /** [steps, gates, units]: x W + b, and h U (with the GRU's second bias), which are added up. */
  readonly fromInput: Float32Array;
  readonly fromState: Float32Array;
  /** [steps, units]: h after each step. */
  readonly hidden: Float32Array;
}

export type Tells = {
  model: {
    readonly cell: keyof typeof KEPT;
    readonly units: number;
    readonly steps: number;
    readonly parameters: number;
  };
  series: { readonly values: readonly number[]; readonly year: number; readonly baselines: Baselines };
  /** Thousand passengers, of each month from FIRST on. */
  forecasts: readonly number[];
  opened: Opened;
};

import type { Toy } from '../toys/toy.ts';
import type { Computed } from './compute.ts';
import { written } from './written.ts';

/** A small computation whose numbers are shown, all of them computed by the kernel. */
interface Example {
  readonly title: string;
  readonly toy: Toy;
}

/** An element of the result at a time, with the elements that it was made of. */
export interface ByElement extends Example {
  readonly kind: 'elements';
  /** The buffer whose elements are chosen. */
  readonly output: string;
  /** Buffers that are not shown: tables, counters. */
  readonly hidden?: readonly string[];
  /** How an element came about, in a sentence. */
  tell(at: Told): string;
}

/** The workgroup's memory level by level, as a tree leaves it. */
export interface ByLevel extends Example {
  readonly kind: 'levels';
  readonly memory: string;
  /** How many of its elements count at each level, the first one included. */
  readonly counts: readonly number[];
  tell(computed: Computed): string;
}

/** The same kernel run several times, each with what the run before has left. */
export interface BySteps extends Example {
  readonly kind: 'steps';
  readonly steps: number;
  readonly head: readonly string[];
  /** What the buffers hold before step i, where it is not what the last one left. */
  before(values: Values, step: number): Partial<Values>;
  /** A line of the table, from what lay in the buffers before and after. */
  row(before: Values, after: Values, step: number): readonly number[];
  tell(rows: readonly (readonly number[])[]): string;
}

export type Values = Readonly<Record<string, ArrayLike<number>>>;
export type Worked = ByElement | ByLevel | BySteps;

/** An element of the result, and what it was made of. */
export interface Told {
  readonly values: Values;
  readonly element: number;
  /** The result at it. */
  readonly value: number;
  /** The numbers of a buffer that were read for it, in that order. */
  read(buffer: string): readonly number[];
}

/** `2`, but `(−2)` behind a sign. */
export const inSum = (value: number): string => (value < 0 ? `(${written(value)})` : written(value));

/** `2 · 3 + 4 · (−1)`: pairs of numbers multiplied and added up. */
export const products = (left: readonly number[], right: readonly number[]): string =>
  left.map((value, i) => `${inSum(value)} · ${inSum(right[i])}`).join(' + ');

import type { Point } from './points.ts';

/** The network is evaluated at this many places along each side of the plane. */
export const GRID = 100;

/** What the page calls. Panels: field, and for each hidden layer layer:<number>. */
export type Calls = {
  /** A click: see `edited`. */
  edit(at: Point): void;
};

export type Tells = {
  model: { readonly layers: number; readonly units: number; readonly parameters: number };
  /** The present training points. */
  learns: readonly Point[];
};

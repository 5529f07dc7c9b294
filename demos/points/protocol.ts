import type { PlanePoint } from '../shared/planePoints.ts';

/** The network is evaluated at this many places along each side of the plane. */
export const GRID = 100;

/** What the page calls. Panels: those of `planeSources`. */
export type Calls = {
  /** A click: see `edited`. */
  edit(at: PlanePoint): void;
};

export type Tells = {
  model: { readonly layers: number; readonly units: number; readonly parameters: number };
  /** The present training points. */
  learns: readonly PlanePoint[];
};

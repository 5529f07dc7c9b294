import { pointSet } from '../shared/planePoints.ts';
import type { PlanePoint, Shape } from '../shared/planePoints.ts';

export interface Points {
  /** The training points; the reader may add and remove some. */
  train: readonly PlanePoint[];
  /** Test points of the same shape, which the network is not trained on. */
  readonly test: readonly PlanePoint[];
}

/** Points for a setting; the same for the same seed. */
export const pointsOf = (shape: Shape, noise: number, seed: number): Points => ({
  train: pointSet({ shape, count: 200, noise, seed, stream: 0 }),
  test: pointSet({ shape, count: 400, noise, seed, stream: 1 }),
});

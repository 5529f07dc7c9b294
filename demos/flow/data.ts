import { take } from '../../src/index.ts';
import type { Dataset } from '../../src/index.ts';
import {
  drawnToy,
  entropyOf,
  gaussianNll,
  kernelNll,
  PLANE_TOYS,
  planeData,
  pointsOf,
} from '../../src/models/planeToys.ts';
import type { PlaneToy } from '../../src/models/planeToys.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { heart } from './heart.ts';
import type { References } from './protocol.ts';
import type { settings } from './settings.ts';

/** What is learned, and points of it. */
export interface PlaneSets {
  readonly toy: PlaneToy;
  /** Places that the network puts noise around, in each step another one. */
  readonly train: Dataset;
  readonly test: Dataset;
}

const TESTS = 4096;
/** Points that the references are measured on, and centres of their densities. */
const MEASURED = { points: 1000, centres: 4000 };

/** What the reader has drawn; it is kept when the network or the GPU is replaced. */
let drawn: Float32Array | undefined;
export function keepDrawing(points: Float32Array): void {
  drawn = points;
}

type Wanted = Pick<ValuesOf<typeof settings>, 'toy' | 'seed'>;

export const toyOf = ({ toy }: Pick<Wanted, 'toy'>): PlaneToy =>
  toy === 'drawn' ? drawnToy(drawn ?? heart()) : PLANE_TOYS[toy];

export function planeSets({ toy, seed }: Wanted): PlaneSets {
  const own = toyOf({ toy });
  const { train, test } = planeData(own, { seed });
  return { toy: own, train, test: take(test, 0, TESTS) };
}

export function referencesOf(toy: PlaneToy): References {
  const points = pointsOf(toy, MEASURED.points, 0, 10);
  return {
    entropy: entropyOf(toy, points, MEASURED.centres),
    gaussian: gaussianNll(points),
    kernel: kernelNll(toy, points, MEASURED.centres),
  };
}

import { at, fromFunction, zeros } from './array.ts';
import type { Array64 } from './array.ts';

// Zel'dovich fields one by one, wave by wave and particle by particle, in float64.

const [CELLS, CUT_OFF, DISPLACEMENT] = [28, 7, 2.5];

interface Wave {
  /** Wave numbers times 2π / cells. */
  readonly ky: number;
  readonly kx: number;
  readonly sineY: boolean;
  readonly sineX: boolean;
  readonly amplitude: number;
  /** Where its noise is, in [modes, modes]. */
  readonly row: number;
  readonly column: number;
}

function waves(): Wave[] {
  const found: Wave[] = [];
  const per = CUT_OFF + 1;
  for (let row = 0; row < 2 * per; row++)
    for (let column = 0; column < 2 * per; column++) {
      const [y, x] = [row % per, column % per];
      const k = Math.sqrt(y * y + x * x);
      if (k === 0 || k > CUT_OFF) continue;
      const unit = (2 * Math.PI) / CELLS;
      const amplitude = (y * x === 0 ? Math.sqrt(0.5) : 1) / k ** 3;
      found.push({
        ky: unit * y,
        kx: unit * x,
        sineY: row >= per,
        sineX: column >= per,
        amplitude,
        row,
        column,
      });
    }
  return found;
}

const wave = (sine: boolean, phase: number) => (sine ? Math.sin(phase) : Math.cos(phase));
const slope = (sine: boolean, k: number, phase: number) => k * (sine ? Math.cos(phase) : -Math.sin(phase));

/** ∇φ at (y, x), of one field's noise. */
function gradient(
  all: readonly Wave[],
  noise: (row: number, column: number) => number,
  y: number,
  x: number,
) {
  let [down, right] = [0, 0];
  for (const { ky, kx, sineY, sineX, amplitude, row, column } of all) {
    const own = amplitude * noise(row, column);
    down += own * slope(sineY, ky, ky * y) * wave(sineX, kx * x);
    right += own * wave(sineY, ky * y) * slope(sineX, kx, kx * x);
  }
  return [down, right];
}

/** The factor that brings the root mean square of ∂φ/∂x, over all places and all noise, to what it shall be. */
function scaleOf(all: readonly Wave[]): number {
  const places = 4 * CELLS;
  let sum = 0;
  for (let i = 0; i < places; i++)
    for (const { ky, kx, sineY, sineX, amplitude } of all) {
      const at = (i / places) * CELLS;
      // The variance is the same everywhere: along a diagonal all phases come.
      sum += (amplitude * wave(sineY, ky * at) * slope(sineX, kx, kx * at)) ** 2;
    }
  return DISPLACEMENT / Math.sqrt(sum / places);
}

/** log(1 + n) / 4 of each noise [modes, modes]. */
export function zeldovichFields(noise: Array64): Array64 {
  const [fields] = noise.shape;
  const all = waves();
  const factor = scaleOf(all);
  const counts = zeros([fields, CELLS, CELLS, 1]);
  for (let field = 0; field < fields; field++)
    for (let i = 0; i < 2 * CELLS; i++)
      for (let j = 0; j < 2 * CELLS; j++) {
        const [qy, qx] = [(i + 0.5) / 2, (j + 0.5) / 2];
        const [down, right] = gradient(all, (row, column) => at(noise, field, row, column), qy, qx);
        // In units of cells, from the first centre.
        const [y, x] = [qy - factor * down - 0.5, qx - factor * right - 0.5];
        for (const row of [Math.floor(y), Math.floor(y) + 1])
          for (const column of [Math.floor(x), Math.floor(x) + 1]) {
            const inside = (cell: number) => ((cell % CELLS) + CELLS) % CELLS;
            const share = (1 - Math.abs(y - row)) * (1 - Math.abs(x - column));
            counts.data[(field * CELLS + inside(row)) * CELLS + inside(column)] += share;
          }
      }
  return fromFunction(counts.shape, (...place) => Math.log(1 + at(counts, ...place)) / 4);
}

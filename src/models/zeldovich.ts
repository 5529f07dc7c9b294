import { dataset } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { constant } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  abs,
  floor,
  log,
  maximum,
  multiply,
  scale,
  shift,
  subtract,
} from '../ops/elementwise/elementwise.ts';
import { matmul } from '../ops/matmul/anyRank.ts';
import { reshape } from '../ops/movement/movement.ts';
import { randomNormal } from '../ops/random/random.ts';
import type { Gpu } from '../runtime/session.ts';

/** Cells on a side of a field, which is periodic. */
export const FIELD_SIZE = 28;
/** Particles on a side: 2 × 2 in each cell before they move. */
const PARTICLES = 2 * FIELD_SIZE;
/** The largest wave number, half of what the grid holds: sheets are drawn by the motion, not by the noise. */
const CUT_OFF = FIELD_SIZE / 4;
/** Numbers of a row of modes: cosines and sines of the wave numbers from 0 to the cut-off. */
export const FIELD_MODES = 2 * (CUT_OFF + 1);
/** Root of the mean square of the displacement along an axis, in cells. */
const DISPLACEMENT = 2.5;

const waveNumber = (mode: number): number => mode % (CUT_OFF + 1);

/** cos kq and sin kq of the particles' places q, or their derivatives by q, [particles, modes]. */
function waves(derivative: boolean): Tensor {
  const values = new Float32Array(PARTICLES * FIELD_MODES);
  for (let particle = 0; particle < PARTICLES; particle++) {
    for (let mode = 0; mode < FIELD_MODES; mode++) {
      const k = (2 * Math.PI * waveNumber(mode)) / FIELD_SIZE;
      const phase = k * latticePlace(particle);
      const isSine = mode > CUT_OFF;
      const value = derivative
        ? k * (isSine ? Math.cos(phase) : -Math.sin(phase))
        : isSine
          ? Math.sin(phase)
          : Math.cos(phase);
      values[particle * FIELD_MODES + mode] = value;
    }
  }
  return constant(values, [PARTICLES, FIELD_MODES]);
}

const latticePlace = (particle: number): number => (particle + 0.5) / 2;

/**
 * Deviations of the potential's modes, [modes, modes]. The density shall have the spectrum k⁻², and is k² times the potential, so the
 * potential's modes have k⁻³. A pair of wave numbers stands for two waves, (ky, kx) and (ky, −kx), but on the axes for one: there it
 * has half the variance, so that no direction is preferred.
 */
function amplitudes(): Float32Array {
  const values = new Float32Array(FIELD_MODES ** 2);
  let meanSquare = 0; // of the displacement along x: the sum of all modes' means of (wave in y · slope in x)²
  values.forEach((_, i) => {
    const [row, column] = [Math.floor(i / FIELD_MODES), i % FIELD_MODES];
    const [ky, kx] = [row, column].map(waveNumber);
    const k = Math.hypot(ky, kx);
    if (k === 0 || k > CUT_OFF) return;
    values[i] = k ** -3 * (ky === 0 || kx === 0 ? Math.SQRT1_2 : 1);
    const meanWave = ky > 0 ? 1 / 2 : Number(row === 0); // cos² of 0 is 1, sin² is 0
    meanSquare += values[i] ** 2 * meanWave * (((2 * Math.PI * kx) / FIELD_SIZE) ** 2 / 2);
  });
  return values.map((value) => (value * DISPLACEMENT) / Math.sqrt(meanSquare));
}

/** How much of a particle each cell gets along an axis, [fields, particles², cells]: the hat function around the cell's centre. */
function shares(places: Tensor): Tensor {
  const centres = constant(Float32Array.from({ length: FIELD_SIZE }, (_, cell) => cell + 0.5));
  const distance = subtract(reshape(places, [places.shape[0], PARTICLES ** 2, 1]), centres);
  const turns = floor(shift(scale(distance, 1 / FIELD_SIZE), 0.5)); // the grid is periodic
  return maximum(shift(scale(abs(subtract(distance, scale(turns, FIELD_SIZE))), -1), 1), 0);
}

/**
 * Matter that has fallen into sheets and knots, as in the universe at large, by the approximation of Zel'dovich (1970): each particle
 * moves along a straight line, down the slope of a Gaussian random potential φ at the place q where it began,
 *
 *   x = q − ∇φ(q),
 *
 * and the density is high where many meet. φ is a sum of waves with random amplitudes, which two matrix products make of the noise; its
 * slopes are the same with derivatives of the waves. Each particle is shared among the four cells around it (cloud in cell), which is
 * a matrix product again: n[y, x] = Σ over particles of share(y) · share(x).
 *
 * @param noise N(0, 1), [fields, FIELD_MODES, FIELD_MODES]
 * @returns log(1 + n) / 4 with n in particles per cell, 4 on average: [fields, 28, 28, 1], 0 in voids, seldom above 1
 */
export function zeldovichFields(noise: Tensor): Tensor {
  const [fields] = noise.shape;
  const modes = multiply(noise, constant(amplitudes(), [FIELD_MODES, FIELD_MODES]));
  const [wave, slope] = [waves(false), waves(true)];
  const start = Float32Array.from({ length: PARTICLES }, (_, particle) => latticePlace(particle));
  const moved = (q: Tensor, left: Tensor, right: Tensor) =>
    subtract(q, matmul(matmul(left, modes), right, { transposeB: true }));
  const y = moved(constant(start, [PARTICLES, 1]), slope, wave);
  const x = moved(constant(start, [1, PARTICLES]), wave, slope);
  const count = matmul(shares(y), shares(x), { transposeA: true });
  const images = scale(log(shift(count, 1)), 1 / 4);
  return reshape(images, [fields, FIELD_SIZE, FIELD_SIZE, 1]);
}

/** Fields that are drawn at once: what they take on the GPU stays below 64 MiB. */
const AT_ONCE = 50;

/**
 * Draws fields on the GPU, to be learned: [28, 28, 1] each, without labels.
 *
 * @param options.count how many; default 7,000
 * @param options.seed of the noise; default 0
 * @param options.onProgress called with the fields done
 */
export async function drawFields(
  gpu: Gpu,
  options: { count?: number; seed?: number; signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<Dataset> {
  const { count = 7000, seed = 0, signal, onProgress } = options;
  const atOnce = Math.min(AT_ONCE, count);
  const program = await gpu.compile(
    () => ({ fields: zeldovichFields(randomNormal([atOnce, FIELD_MODES, FIELD_MODES])) }),
    { label: 'zeldovich', seed },
  );
  try {
    const x = new Float32Array(count * FIELD_SIZE ** 2);
    for (let done = 0; done < count; done += atOnce) {
      signal?.throwIfAborted();
      await program.step(); // other noise each time
      const fields = (await program.read('fields')) as Float32Array;
      x.set(fields.subarray(0, x.length - done * FIELD_SIZE ** 2), done * FIELD_SIZE ** 2);
      onProgress?.(Math.min(count, done + atOnce));
    }
    const shape = [FIELD_SIZE, FIELD_SIZE, 1];
    return dataset({ name: "Zel'dovich fields", x, y: x, inputShape: shape, targetShape: shape });
  } finally {
    program.destroy();
  }
}

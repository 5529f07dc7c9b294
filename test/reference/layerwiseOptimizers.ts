import { adam, type Optimizer } from './optimizers.ts';

/** Optimizers that look at each variable as a whole, one after the other in one vector. Keras's defaults and conventions. */

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
const norm = (values: Float64Array) => Math.sqrt(sumOf(values.map((value) => value ** 2)));

/** A rule for each variable, made by `make`. */
function each(
  shapes: readonly (readonly number[])[],
  make: (shape: readonly number[], index: number) => Optimizer,
): Optimizer {
  const rules = shapes.map(make);
  return {
    state: {},
    step(w, g, factor) {
      let offset = 0;
      shapes.forEach((shape, i) => {
        const end = offset + sizeOf(shape);
        rules[i].step(w.subarray(offset, end), g.subarray(offset, end), factor);
        offset = end;
      });
    },
  };
}

/**
 * m and v as in Adam, u = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε);  w ← w − η ‖w‖ / ‖u‖ · u, where the ratio is 1 if a norm
 * is 0. You et al. 2020, Algorithm 2.
 */
export const lamb = (
  shapes: readonly (readonly number[])[],
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = {},
): Optimizer =>
  each(shapes, (shape) => {
    const [m, v] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))];
    let t = 0;
    return {
      state: {},
      step(w, g, factor = 1) {
        t++;
        g.forEach((value, i) => {
          m[i] = beta1 * m[i] + (1 - beta1) * value;
          v[i] = beta2 * v[i] + (1 - beta2) * value ** 2;
        });
        const u = m.map(
          (value, i) => value / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon),
        );
        const ratio = norm(w) > 0 && norm(u) > 0 ? norm(w) / norm(u) : 1;
        u.forEach((value, i) => (w[i] -= learningRate * factor * ratio * value));
      },
    };
  });

/**
 * Means R over columns and C over rows of the last two dimensions, of g² + ε₁, moving with β₂ = 1 − tᵖ;
 * v = R C / mean(R);  u = g / √v;  w ← w − max(ε₂, RMS(w)) min(η, 1/√t) u / max(1, RMS(u) / d).
 * Shazeer & Stern 2018, Algorithm 4.
 */
export const adafactor = (
  shapes: readonly (readonly number[])[],
  { learningRate = 0.001, beta2Decay = -0.8, epsilon1 = 1e-30, epsilon2 = 1e-3, clipThreshold = 1 } = {},
): Optimizer =>
  each(shapes, (shape) => {
    const size = sizeOf(shape);
    const [rows, columns] = shape.length < 2 ? [size, 1] : shape.slice(-2);
    const [R, C] = [new Float64Array(size / columns), new Float64Array(size / rows)];
    const placeOf = (i: number) => {
      const [matrix, inner] = [Math.floor(i / (rows * columns)), i % (rows * columns)];
      return {
        matrix,
        row: matrix * rows + Math.floor(inner / columns),
        column: matrix * columns + (inner % columns),
      };
    };
    let t = 0;
    return {
      state: {},
      step(w, g, factor = 1) {
        const beta2 = 1 - (++t) ** beta2Decay;
        for (const means of [R, C]) means.forEach((value, i) => (means[i] = beta2 * value));
        g.forEach((value, i) => {
          const { row, column } = placeOf(i);
          R[row] += ((1 - beta2) * (value ** 2 + epsilon1)) / columns;
          C[column] += ((1 - beta2) * (value ** 2 + epsilon1)) / rows;
        });
        const u = g.map((value, i) => {
          const { matrix, row, column } = placeOf(i);
          if (shape.length < 2) return value / Math.sqrt(R[row]);
          const mean = sumOf(R.subarray(matrix * rows, (matrix + 1) * rows)) / rows;
          return value / Math.sqrt((R[row] * C[column]) / mean);
        });
        const rms = (values: Float64Array) => norm(values) / Math.sqrt(size);
        const rate = Math.max(epsilon2, rms(w)) * Math.min(learningRate * factor, 1 / Math.sqrt(t));
        const shortened = Math.max(1, rms(u) / clipThreshold);
        u.forEach((value, i) => (w[i] -= (rate * value) / shortened));
      },
    };
  });

/** The product of matrices given by rows. */
const product = (a: number[][], b: number[][]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
const transposed = (a: number[][]) => a[0].map((_, j) => a.map((row) => row[j]));

/** Newton–Schulz: each singular value s of x / ‖x‖ becomes a s + b s³ + c s⁵, again and again. */
export function orthogonalized(
  given: number[][],
  steps: number,
  [a, b, c]: readonly [number, number, number],
): number[][] {
  const length = Math.sqrt(given.flat().reduce((sum, value) => sum + value ** 2, 0)) + 1e-7;
  let x = given.map((row) => row.map((value) => value / length));
  if (x.length > x[0].length) x = transposed(x);
  for (let step = 0; step < steps; step++) {
    const square = product(x, transposed(x));
    const fourth = product(square, square);
    const factor = square.map((row, i) => row.map((value, j) => b * value + c * fourth[i][j]));
    const rest = product(factor, x);
    x = x.map((row, i) => row.map((value, j) => a * value + rest[i][j]));
  }
  return given.length > given[0].length ? transposed(x) : x;
}

/**
 * Of a matrix m ← μ m + g;  w ← w − η s O of g + μ m (or of m), s = rmsRate √max(rows, columns); of anything else, and of
 * what is excluded, Adam. Jordan et al. 2024; Liu et al. 2025.
 */
export const muon = (
  shapes: readonly (readonly number[])[],
  {
    learningRate = 0.001,
    momentum = 0.95,
    nsSteps = 5,
    nesterov = true,
    rmsRate = 0.2,
    isExcluded = undefined as ((index: number) => boolean) | undefined,
  } = {},
): Optimizer =>
  each(shapes, (shape, index) => {
    if (shape.length !== 2 || isExcluded?.(index)) return adam(sizeOf(shape), { learningRate });
    const m = new Float64Array(sizeOf(shape));
    const [rows, columns] = shape;
    return {
      state: {},
      step(w, g, factor = 1) {
        g.forEach((value, i) => (m[i] = momentum * m[i] + value));
        const ahead = nesterov ? g.map((value, i) => value + momentum * m[i]) : m;
        const matrix = Array.from({ length: rows }, (_, i) => [
          ...ahead.subarray(i * columns, (i + 1) * columns),
        ]);
        const direction = orthogonalized(matrix, nsSteps, [3.4445, -4.775, 2.0315]).flat();
        const rate = learningRate * factor * rmsRate * Math.sqrt(Math.max(rows, columns));
        direction.forEach((value, i) => (w[i] -= rate * value));
      },
    };
  });

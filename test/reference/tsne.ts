import { array } from './array.ts';
import type { Array64 } from './array.ts';

/** p(j|i) and β of a row whose entropy is that of the perplexity, by bisection; negative distances are no neighbours. */
export function neighbourProbabilities(
  distances: Array64,
  perplexity: number,
): { p: Array64; betas: number[] } {
  const [rows, columns] = distances.shape;
  const p = new Float64Array(rows * columns);
  const betas: number[] = [];
  for (let i = 0; i < rows; i++) {
    const row = distances.data.slice(i * columns, (i + 1) * columns);
    const real = row.filter((d) => d >= 0);
    const nearest = Math.min(...real);
    const at = (beta: number) => {
      const weights = [...row].map((d) => (d >= 0 ? Math.exp(-beta * (d - nearest)) : 0));
      const total = weights.reduce((sum, w) => sum + w, 0);
      const shares = weights.map((w) => w / total);
      return { shares, entropy: -shares.reduce((sum, q) => sum + (q > 0 ? q * Math.log(q) : 0), 0) };
    };
    let [low, high] = [0, 1];
    const spread = real.some((d) => d > nearest);
    const steps = spread ? 60 : 0;
    for (let step = 0; step < steps && at(high).entropy > Math.log(perplexity); step++) high *= 2;
    for (let step = 0; step < steps; step++) {
      const middle = (low + high) / 2;
      if (at(middle).entropy > Math.log(perplexity)) low = middle;
      else high = middle;
    }
    betas.push(spread ? (low + high) / 2 : 0);
    p.set(at(betas[i]).shares, i * columns);
  }
  return { p: array([rows, columns], p), betas };
}

/** |x_i − x_j|² of all rows, −1 of a row to itself. */
export function squaredDistances(x: Array64): Array64 {
  const [rows, columns] = x.shape;
  const d = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += (x.data[i * columns + k] - x.data[j * columns + k]) ** 2;
      d[i * rows + j] = i === j ? -1 : sum;
    }
  }
  return array([rows, rows], d);
}

/** (p(j|i) + p(i|j)) / 2 rows of all pairs. */
export function joint(p: Array64): Array64 {
  const [rows] = p.shape;
  return array(
    [rows, rows],
    p.data.map((own, place) => (own + p.data[(place % rows) * rows + Math.floor(place / rows)]) / (2 * rows)),
  );
}

const similarity = (y: Array64, i: number, j: number) =>
  1 / (1 + (y.data[2 * i] - y.data[2 * j]) ** 2 + (y.data[2 * i + 1] - y.data[2 * j + 1]) ** 2);

/** Σ_j q² (y_i − y_j) and Σ_j q of each point, over the points j in a range. */
export function repulsion(y: Array64, from = 0, to = y.shape[0]): { force: Array64; weight: Array64 } {
  const [points] = y.shape;
  const [force, weight] = [new Float64Array(2 * points), new Float64Array(points)];
  for (let i = 0; i < points; i++) {
    for (let j = from; j < to; j++) {
      if (i === j) continue;
      const q = similarity(y, i, j);
      weight[i] += q;
      for (const k of [0, 1]) force[2 * i + k] += q * q * (y.data[2 * i + k] - y.data[2 * j + k]);
    }
  }
  return { force: array([points, 2], force), weight: array([points], weight) };
}

/** Σ_j p q (y_i − y_j) and Σ_j p log(p / q) of each point, over all pairs whose p [points, points] is above 0. */
export function attraction(y: Array64, p: Array64): { force: Array64; cost: Array64 } {
  const [points] = y.shape;
  const [force, cost] = [new Float64Array(2 * points), new Float64Array(points)];
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      const own = p.data[i * points + j];
      if (i === j || !(own > 0)) continue;
      const q = similarity(y, i, j);
      cost[i] += own * Math.log(own / q);
      for (const k of [0, 1]) force[2 * i + k] += own * q * (y.data[2 * i + k] - y.data[2 * j + k]);
    }
  }
  return { force: array([points, 2], force), cost: array([points], cost) };
}

/** KL(P ‖ Q) = Σ p log(p / (q / Z)), by its definition. */
export function divergence(y: Array64, p: Array64): number {
  const [points] = y.shape;
  let z = 0;
  for (let i = 0; i < points; i++) for (let j = 0; j < points; j++) if (i !== j) z += similarity(y, i, j);
  let sum = 0;
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      const own = p.data[i * points + j];
      if (i !== j && own > 0) sum += own * Math.log((own * z) / similarity(y, i, j));
    }
  }
  return sum;
}

/** As `attraction`, to the points at neighbours[starts[i]] … of each. */
export function graphAttraction(
  y: Array64,
  starts: Array64,
  neighbours: Array64,
  p: Array64,
): { force: Array64; cost: Array64 } {
  const [points] = y.shape;
  const [force, cost] = [new Float64Array(2 * points), new Float64Array(points)];
  for (let i = 0; i < points; i++) {
    for (let edge = starts.data[i]; edge < starts.data[i + 1]; edge++) {
      const j = neighbours.data[edge];
      const q = similarity(y, i, j);
      cost[i] += p.data[edge] * Math.log(p.data[edge] / q);
      for (const k of [0, 1]) force[2 * i + k] += p.data[edge] * q * (y.data[2 * i + k] - y.data[2 * j + k]);
    }
  }
  return { force: array([points, 2], force), cost: array([points], cost) };
}

/** As `attraction`, of the points from `first` on whose products with all are given, to the points j in a range. */
export function blockAttraction(
  [y, products, norms, scales]: readonly Array64[],
  { first, from, to }: { first: number; from: number; to: number },
): { force: Array64; cost: Array64 } {
  const [points, rows] = products.shape;
  const [force, cost] = [new Float64Array(2 * rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row++) {
    const i = first + row;
    for (let j = from; j < to; j++) {
      const d = Math.max(0, norms.data[i] + norms.data[j] - 2 * products.data[j * rows + row]);
      const near = (k: number) => Math.exp(scales.data[2 * k + 1] - scales.data[2 * k] * d);
      const p = (near(i) + near(j)) / (2 * points);
      if (j === i || p < 1e-36) continue;
      const q = similarity(y, i, j);
      cost[row] += p * Math.log(p / q);
      for (const k of [0, 1]) force[2 * row + k] += p * q * (y.data[2 * i + k] - y.data[2 * j + k]);
    }
  }
  return { force: array([rows, 2], force), cost: array([rows], cost) };
}

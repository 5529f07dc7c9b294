import {
  equal,
  maximum,
  negate,
  scale,
  square,
  where,
  add,
  subtract,
} from '../ops/elementwise/elementwise.ts';
import { constant, input } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { expandDims } from '../ops/movement/rearrange.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import { topK } from '../ops/sort/sort.ts';
import { neighbourProbabilities } from '../ops/tsne/tsne.ts';
import { principalComponents } from './principalComponents.ts';
import type { Gpu } from '../runtime/session.ts';

/** Rows of distances that are computed at once: memory grows with the points, not with the pairs. */
const BLOCK = 256;

interface Search {
  readonly perplexity: number;
  readonly onProgress: (part: number) => void;
}

/** Who is near to whom, symmetric and in compressed rows: the neighbours of point i are at starts[i] … starts[i + 1] − 1. */
export interface CompressedGraph {
  readonly starts: Int32Array;
  readonly neighbours: Int32Array;
  /** p_ij = (p(j|i) + p(i|j)) / (2 points), above 0; all sum to 1. */
  readonly p: Float32Array;
}

/**
 * The rows of x [points, features] along their principal components, those of the largest variance first.
 *
 * @param components at most as many as there are features
 */
export async function alongComponents(
  gpu: Gpu,
  x: Float32Array,
  features: number,
  components: number,
): Promise<Float32Array> {
  const rows = input('x', [x.length / features, features]);
  const program = await gpu.compile(
    () => {
      const { mean, directions } = principalComponents(rows, components);
      return { projected: matmul(subtract(rows, mean), directions) };
    },
    { label: 'principal components' },
  );
  try {
    program.write(rows, x);
    await program.step();
    return (await program.read('projected')) as Float32Array;
  } finally {
    program.destroy();
  }
}

/** Runs a program on the squared distances [BLOCK, points] of one block of rows after the other; of a row to itself −1. */
async function inBlocks(
  gpu: Gpu,
  data: Float32Array,
  features: number,
  define: (distances: Tensor) => Readonly<Record<string, Tensor>>,
  take: (
    first: number,
    count: number,
    read: (name: string) => Promise<Float32Array | Int32Array>,
  ) => Promise<void>,
  onProgress: (part: number) => void,
): Promise<void> {
  const points = data.length / features;
  const [all, rows] = [input('all', [points, features]), input('rows', [BLOCK, features])];
  const places = input('places', [BLOCK]); // whole numbers, exact in f32 up to 2²⁴
  const program = await gpu.compile(
    () => {
      const norm = (x: Tensor, axis: number) => expandDims(reduceSum(square(x), { axes: [1] }), axis);
      const products = scale(matmul(rows, all, { transposeB: true }), -2);
      const distances = maximum(add(add(products, norm(rows, 1)), norm(all, 0)), 0);
      const columns = constant(
        Float32Array.from({ length: points }, (_, j) => j),
        [1, points],
      );
      return define(where(equal(expandDims(places, 1), columns), -1, distances));
    },
    { label: 'distances' },
  );
  try {
    program.write(all, data);
    for (let first = 0; first < points; first += BLOCK) {
      const count = Math.min(BLOCK, points - first);
      const own = new Float32Array(BLOCK * features);
      own.set(data.subarray(first * features, (first + count) * features));
      program.write(rows, own);
      program.write(
        places,
        Float32Array.from({ length: BLOCK }, (_, i) => first + i),
      );
      await program.step();
      await take(first, count, (name) => program.read(name) as Promise<Float32Array | Int32Array>);
      onProgress((first + count) / points);
    }
  } finally {
    program.destroy();
  }
}

/** β and s of each row, of which p(j|i) = exp(s − β d_ij) for all other points j: see shaders/tsne/perplexity. */
export async function rowScales(
  gpu: Gpu,
  data: Float32Array,
  features: number,
  { perplexity, onProgress }: Search,
): Promise<Float32Array> {
  const scales = new Float32Array((2 * data.length) / features);
  await inBlocks(
    gpu,
    data,
    features,
    (distances) => ({ scales: neighbourProbabilities(distances, perplexity).scales }),
    async (first, count, read) => scales.set((await read('scales')).subarray(0, 2 * count), 2 * first),
    onProgress,
  );
  return scales;
}

/**
 * The nearest 3 · perplexity + 1 points of each, as many as scikit-learn takes, with how near they are. The search is exact; pairs
 * that only one of the two counts as near belong to both.
 */
export async function neighbourGraph(
  gpu: Gpu,
  data: Float32Array,
  features: number,
  { perplexity, onProgress }: Search,
): Promise<CompressedGraph> {
  const points = data.length / features;
  const count = Math.min(points - 1, Math.floor(3 * perplexity + 1));
  const [nearest, p] = [new Int32Array(points * count), new Float32Array(points * count)];
  await inBlocks(
    gpu,
    data,
    features,
    (distances) => {
      // The point itself, at −1, would be the nearest.
      const far = where(equal(distances, -1), Infinity, distances);
      const { values, indices } = topK(negate(far), count);
      return { indices, p: neighbourProbabilities(negate(values), perplexity).p };
    },
    async (first, rows, read) => {
      nearest.set((await read('indices')).subarray(0, rows * count), first * count);
      p.set((await read('p')).subarray(0, rows * count), first * count);
    },
    onProgress,
  );
  return symmetric(points, nearest, p);
}

/**
 * The graph of both directions: each pair once in the row of either, sorted by neighbour.
 *
 * @param nearest neighbours of each point, as many for each
 * @param p p(j|i) of these
 */
export function symmetric(points: number, nearest: Int32Array, p: Float32Array): CompressedGraph {
  const count = nearest.length / points;
  const lengths = new Int32Array(points + 1);
  for (let edge = 0; edge < nearest.length; edge++) {
    if (p[edge] === 0) continue;
    lengths[Math.floor(edge / count)]++;
    lengths[nearest[edge]]++;
  }
  const places = new Int32Array(points + 1);
  for (let i = 0; i < points; i++) places[i + 1] = places[i] + lengths[i];
  const all = places[points];
  const [others, weights] = [new Int32Array(all), new Float64Array(all)];
  const next = places.slice();
  for (let edge = 0; edge < nearest.length; edge++) {
    if (p[edge] === 0) continue;
    const [i, j] = [Math.floor(edge / count), nearest[edge]];
    for (const [from, to] of [
      [i, j],
      [j, i],
    ]) {
      others[next[from]] = to;
      weights[next[from]++] = p[edge] / (2 * points);
    }
  }
  const starts = new Int32Array(points + 1);
  const [neighbours, joint] = [new Int32Array(all), new Float32Array(all)];
  let end = 0;
  for (let i = 0; i < points; i++) {
    const order = Array.from({ length: places[i + 1] - places[i] }, (_, k) => places[i] + k);
    order.sort((a, b) => others[a] - others[b]);
    for (const place of order) {
      if (end > starts[i] && neighbours[end - 1] === others[place]) joint[end - 1] += weights[place];
      else {
        neighbours[end] = others[place];
        joint[end++] = weights[place];
      }
    }
    starts[i + 1] = end;
  }
  return { starts, neighbours: neighbours.slice(0, end), p: joint.slice(0, end) };
}

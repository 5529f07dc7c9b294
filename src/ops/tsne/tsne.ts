import attractionSource from '../../../shaders/tsne/attraction.wgsl?raw';
import exactSource from '../../../shaders/tsne/attraction_exact.wgsl?raw';
import perplexitySource from '../../../shaders/tsne/perplexity.wgsl?raw';
import naiveSource from '../../../shaders/tsne/repulsion_1_naive.wgsl?raw';
import tiledSource from '../../../shaders/tsne/repulsion_2_tiled.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { apply } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Op, Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup } from '../core/values.ts';
import { square } from '../elementwise/elementwise.ts';
import { matmul } from '../matmul/matmul.ts';
import { concat } from '../movement/concat.ts';
import { slice } from '../movement/movement.ts';
import { reduceSum } from '../reduce/sum.ts';

const kernels = {
  perplexity: { name: 'tsne/perplexity', source: perplexitySource },
  naive: { name: 'tsne/repulsion_1_naive', source: naiveSource },
  tiled: { name: 'tsne/repulsion_2_tiled', source: tiledSource },
  attraction: { name: 'tsne/attraction', source: attractionSource },
  exact: { name: 'tsne/attraction_exact', source: exactSource },
};

/** Steps of the bisection: some to find an upper limit, and one for each binary digit. */
const STEPS = 40;
/** Pairs of points are shared out among so many invocations at least, where there are so many. */
const INVOCATIONS = 16_384;
const MOST_PARTS = 8;
/** Points of a part are a multiple of this, which is one of every tile. */
const PART_UNIT = 256;

type NoAttrs = Record<string, never>;

const force = {
  reason: 'the forces of t-SNE are a gradient already, and no network is trained through them',
};

/** Into how many parts the sums over all points are cut, so that few points give enough invocations, too. */
export function partsOf(points: number): { parts: number; part: number } {
  const wanted = Math.min(MOST_PARTS, Math.max(1, Math.ceil(INVOCATIONS / points)));
  const part = Math.ceil(points / wanted / PART_UNIT) * PART_UNIT;
  return { parts: Math.ceil(points / part), part };
}

const perplexityOp: Op<{ readonly entropy: number }> = {
  name: 'perplexity',
  kind: 'kernel',
  infer: ([{ shape }]) => [
    { shape, dtype: 'f32' },
    { shape: [shape[0], 2], dtype: 'f32' },
  ],
  lower({ inputs: [distances], outputs: [output, scales], attrs: { entropy } }, context) {
    const [rows, columns] = distances.shape;
    const workgroupSize = streamingWorkgroup(context.target, rows);
    const { workgroups, gridX } = linearGrid(rows, workgroupSize);
    context.dispatch({
      kernel: kernels.perplexity,
      constants: {
        ROWS: rows,
        COLUMNS: columns,
        ENTROPY: entropy,
        STEPS,
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      bindings: { distances, output, scales },
      workgroups,
      flops: 8 * STEPS * rows * columns,
    });
  },
  gradient: { reason: 'a bisection has no derivative here' },
};

/** Workgroups for sums over all pairs: points along x, parts along y. */
const pairGrid = (points: number, parts: number, workgroupSize: number): [number, number, number] => [
  Math.ceil(points / workgroupSize),
  parts,
  1,
];

const pairWorkgroup = ({ target }: LowerContext) => (target.software ? 32 : 64);

const repulsionOp: Op<NoAttrs> = {
  name: 'tsneRepulsion',
  kind: 'kernel',
  infer: ([{ shape }]) => {
    const { parts } = partsOf(shape[0]);
    return [
      { shape: [parts, shape[0], 2], dtype: 'f32' },
      { shape: [parts, shape[0]], dtype: 'f32' },
    ];
  },
  lower({ inputs: [places], outputs: [forces, weight] }, context) {
    const [points] = places.shape;
    const { parts, part } = partsOf(points);
    const variants = ['naive', 'tiled'] as const;
    const variant = context.choose('tsneRepulsion', variants, context.target.software ? 'naive' : 'tiled');
    const workgroupSize = pairWorkgroup(context);
    context.dispatch({
      kernel: kernels[variant],
      constants: { POINTS: points, PART: part, PARTS: parts, WORKGROUP_SIZE: workgroupSize },
      bindings: { places, force: forces, weight },
      workgroups: pairGrid(points, parts, workgroupSize),
      flops: 12 * points * points,
    });
  },
  gradient: force,
};

const attractionOp: Op<NoAttrs> = {
  name: 'tsneAttraction',
  kind: 'kernel',
  infer: ([{ shape }]) => [
    { shape, dtype: 'f32' },
    { shape: [shape[0]], dtype: 'f32' },
  ],
  lower({ inputs: [places, starts, neighbours, p], outputs: [forces, cost] }, context) {
    const [points] = places.shape;
    const [edges] = neighbours.shape;
    const workgroupSize = streamingWorkgroup(context.target, points);
    const { workgroups, gridX } = linearGrid(points, workgroupSize);
    context.dispatch({
      kernel: kernels.attraction,
      constants: { POINTS: points, EDGES: edges, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
      bindings: { places, starts, neighbours, p, force: forces, cost },
      workgroups,
      flops: 12 * edges,
    });
  },
  gradient: force,
};

/** Inputs [places, products of a block of rows, norms, scales]. */
const exactOp: Op<{ readonly first: number }> = {
  name: 'tsneExactAttraction',
  kind: 'kernel',
  infer: ([{ shape }, products]) => {
    const { parts } = partsOf(shape[0]);
    const [, rows] = products.shape;
    return [
      { shape: [parts, rows, 2], dtype: 'f32' },
      { shape: [parts, rows], dtype: 'f32' },
    ];
  },
  lower({ inputs: [places, products, norms, scales], outputs: [forces, cost], attrs: { first } }, context) {
    const [points, rows] = products.shape;
    const { parts, part } = partsOf(points);
    const workgroupSize = pairWorkgroup(context);
    context.dispatch({
      kernel: kernels.exact,
      constants: {
        POINTS: points,
        ROWS: rows,
        FIRST: first,
        PART: part,
        PARTS: parts,
        WORKGROUP_SIZE: workgroupSize,
      },
      bindings: { places, products, norms, scales, force: forces, cost },
      workgroups: pairGrid(rows, parts, workgroupSize),
      flops: 30 * points * rows,
    });
  },
  gradient: force,
};

function requirePlaces(name: string, places: Tensor): void {
  requireDtype(name, places, ['f32']);
  if (places.shape.length !== 2 || places.shape[1] !== 2) {
    throw new ShapeError(`${name}: places are [points, 2], got ${formatShape(places.shape)}`);
  }
}

/** The sum over the parts. */
const whole = (x: Tensor): Tensor => reduceSum(x, { axes: [0] });

/**
 * How near each neighbour of each row counts to be, so that exp(entropy) is the perplexity in every row (van der Maaten & Hinton
 * 2008): p = exp(s − β d), which sums to 1 over the row.
 *
 * @param distances f32 [rows, neighbours]: squared distances; a negative one is no neighbour, and gets 0
 * @param perplexity the number of neighbours that a row has in effect: at least 1, and below their number
 * @returns p [rows, neighbours], and scales [rows, 2], which are β and s
 * @throws ShapeError unless the distances are a matrix; ArgumentError unless the perplexity fits
 */
export function neighbourProbabilities(distances: Tensor, perplexity: number): { p: Tensor; scales: Tensor } {
  requireDtype('neighbourProbabilities', distances, ['f32']);
  if (distances.shape.length !== 2) {
    throw new ShapeError(
      `neighbourProbabilities: distances are [rows, neighbours], got ${formatShape(distances.shape)}`,
    );
  }
  const [, columns] = distances.shape;
  if (typeof perplexity !== 'number' || !(perplexity >= 1 && perplexity < columns)) {
    throw new ArgumentError(
      `neighbourProbabilities: the perplexity is ${describe(perplexity)}; it must be at least 1 and below the ${columns} neighbours of a row`,
    );
  }
  const { outputs } = apply(perplexityOp, [distances], { entropy: Math.log(perplexity) }).node;
  return { p: outputs[0], scales: outputs[1] };
}

/**
 * How all points of a map push each other away: of each point Σ_j q² (y_i − y_j), [points, 2], and Σ_j q, [points], with
 * q = 1 / (1 + |y_i − y_j|²). Memory grows with the points, not with the pairs.
 *
 * @param places y, f32 [points, 2]
 * @throws ShapeError if they have another shape
 */
export function tsneRepulsion(places: Tensor): { force: Tensor; weight: Tensor } {
  requirePlaces('tsneRepulsion', places);
  const { outputs } = apply(repulsionOp, [places], {}).node;
  return { force: whole(outputs[0]), weight: whole(outputs[1]) };
}

/** A graph of neighbours in compressed rows: those of point i are at starts[i] … starts[i + 1] − 1. */
export interface NeighbourGraph {
  /** i32 [points + 1] */
  readonly starts: Tensor;
  /** i32 [edges] */
  readonly neighbours: Tensor;
  /** f32 [edges], above 0; the sum of all is 1. */
  readonly p: Tensor;
}

/**
 * How the neighbours of each point pull at it: Σ_j p q (y_i − y_j), [points, 2], and its part of the divergence without log Z,
 * Σ_j p log(p / q), [points].
 *
 * @param places y, f32 [points, 2]
 * @throws ShapeError where the shapes do not fit
 */
export function tsneAttraction(places: Tensor, graph: NeighbourGraph): { force: Tensor; cost: Tensor } {
  requirePlaces('tsneAttraction', places);
  const { starts, neighbours, p } = graph;
  requireDtype('tsneAttraction', starts, ['i32']);
  requireDtype('tsneAttraction', neighbours, ['i32']);
  requireDtype('tsneAttraction', p, ['f32']);
  const [points] = places.shape;
  if (starts.shape.length !== 1 || starts.shape[0] !== points + 1) {
    throw new ShapeError(`tsneAttraction: starts are [${points + 1}], got ${formatShape(starts.shape)}`);
  }
  if (neighbours.shape.length !== 1 || p.shape.length !== 1 || p.shape[0] !== neighbours.shape[0]) {
    throw new ShapeError(
      `tsneAttraction: neighbours ${formatShape(neighbours.shape)} and p ${formatShape(p.shape)} must both be [edges]`,
    );
  }
  const { outputs } = apply(attractionOp, [places, starts, neighbours, p], {}).node;
  return { force: outputs[0], cost: outputs[1] };
}

/** Rows of distances that are computed at once: memory grows with the points, not with the pairs. */
const BLOCK = 256;

/**
 * As `tsneAttraction`, to all points instead of neighbours: p_ij is computed from the data in every step, for blocks of 256 points.
 *
 * @param places y, f32 [points, 2]
 * @param data x, f32 [points, features]
 * @param scales f32 [points, 2], as `neighbourProbabilities` gives them for the distances to all other points
 * @throws ShapeError where the shapes do not fit
 */
export function tsneExactAttraction(
  places: Tensor,
  data: Tensor,
  scales: Tensor,
): { force: Tensor; cost: Tensor } {
  requirePlaces('tsneExactAttraction', places);
  requireDtype('tsneExactAttraction', data, ['f32']);
  requirePlaces('tsneExactAttraction', scales);
  const [points] = places.shape;
  if (data.shape.length !== 2 || data.shape[0] !== points || scales.shape[0] !== points) {
    throw new ShapeError(
      `tsneExactAttraction: data ${formatShape(data.shape)} must be [${points}, features], and scales ${formatShape(scales.shape)} [${points}, 2]`,
    );
  }
  const [, features] = data.shape;
  const norms = reduceSum(square(data), { axes: [1] });
  const blocks: { force: Tensor; cost: Tensor }[] = [];
  for (let first = 0; first < points; first += BLOCK) {
    const rows = slice(data, [first, 0], [Math.min(BLOCK, points - first), features]);
    const products = matmul(data, rows, { transposeB: true });
    const { outputs } = apply(exactOp, [places, products, norms, scales], { first }).node;
    blocks.push({ force: whole(outputs[0]), cost: whole(outputs[1]) });
  }
  const joined = (name: 'force' | 'cost') =>
    blocks.length === 1
      ? blocks[0][name]
      : concat(
          blocks.map((own) => own[name]),
          0,
        );
  return { force: joined('force'), cost: joined('cost') };
}

import muonSource from '../../../shaders/optimizer/muon.wgsl?raw';
import combineSource from '../../../shaders/optimizer/muon_combine.wgsl?raw';
import momentumSource from '../../../shaders/optimizer/muon_momentum.wgsl?raw';
import scaleSource from '../../../shaders/optimizer/muon_scale.wgsl?raw';
import { linearGrid } from '../../ops/core/op.ts';
import type { LowerContext, Operand } from '../../ops/core/op.ts';
import { lowerMatmul } from '../../ops/matmul/kernels.ts';
import { matmulOp } from '../../ops/matmul/matmul.ts';
import { checkFlag, checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Segment } from '../../runtime/optimizerSpec.ts';
import { checked } from './adam.ts';
import { check, checkCount, checkNumber, logarithm } from './checks.ts';
import { commonOptions, NamePatterns, patternsOf } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { directionsOf } from './directions.ts';
import { reduceSegmentNorms } from './norms.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer, Preparation } from './optimizer.ts';

const kernels = {
  momentum: { name: 'optimizer/muon_momentum', source: momentumSource },
  scale: { name: 'optimizer/muon_scale', source: scaleSource },
  combine: { name: 'optimizer/muon_combine', source: combineSource },
  muon: { name: 'optimizer/muon', source: muonSource },
};

export interface MuonOptions extends CommonOptions {
  /** η. Default 0.001. */
  learningRate?: LearningRate;
  /** λ of the matrices: each step also reduces them by the fraction η λ. Default 0.004. */
  weightDecay?: number;
  /** λ of all other variables. Default 0.004. */
  adamWeightDecay?: number;
  /** β₁ of Adam, for all other variables, in [0, 1). Default 0.9. */
  adamBeta1?: number;
  /** β₂ of Adam, in [0, 1). Default 0.999. */
  adamBeta2?: number;
  /** ε of Adam. Default 1e-7. */
  epsilon?: number;
  /** Adam's rate is η times this, at least 0. Default 1. */
  adamLrRatio?: number;
  /** Matrices in whose name one of these is found are Adam's too: texts, as in regular expressions. Default: none. */
  excludeLayers?: readonly (string | RegExp)[];
  /** Whether matrices with `embedding` in their name are Adam's. Default true. */
  excludeEmbeddings?: boolean;
  /** The factor of a singular value s in the iteration's s ← a s + b s³ + c s⁵. Default 3.4445. */
  muonA?: number;
  /** b. Default −4.775. */
  muonB?: number;
  /** c. Default 2.0315. */
  muonC?: number;
  /** μ, the share of the momentum kept from step to step, in [0, 1). Default 0.95. */
  momentum?: number;
  /** Steps of the iteration, from 1 on. Default 5. */
  nsSteps?: number;
  /** Nesterov's momentum instead of the heavy ball's. Default true. */
  nesterov?: boolean;
  /** A matrix steps by this times √max(rows, columns) times the orthogonal one; null: by that alone. Default 0.2. */
  rmsRate?: number | null;
}

const muonOptions: OptionTable<MuonOptions> = {
  learningRate: true,
  adamWeightDecay: true,
  adamBeta1: true,
  adamBeta2: true,
  epsilon: true,
  adamLrRatio: true,
  excludeLayers: true,
  excludeEmbeddings: true,
  muonA: true,
  muonB: true,
  muonC: true,
  momentum: true,
  nsSteps: true,
  nesterov: true,
  rmsRate: true,
  ...commonOptions,
};

/** The settings of the iteration. */
interface Iteration {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly nsSteps: number;
  readonly factors: { readonly A: number; readonly B: number; readonly C: number };
  isMatrix(segment: Segment): boolean;
}

/**
 * Muon (Jordan et al. 2024; Liu et al. 2025): a matrix with momentum m ← μ m + g steps by w ← w − η s O, where O is close to the
 * orthogonal matrix of g + μ m (its singular values made 1): x ← a x + b (x xᵀ) x + c (x xᵀ)² x from
 * x = (g + μ m) / (‖g + μ m‖ + 1e-7) on, `nsSteps` times, and s = rmsRate √max(rows, columns). All other variables (vectors,
 * kernels of convolutions, embeddings and what `excludeLayers` names, such as the last layer) are updated by Adam. Keras's
 * defaults. Each matrix takes four dispatches for each step of the iteration.
 *
 * @throws ArgumentError if an option is out of range
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const name = 'muon';
  checkOptions(name, options, muonOptions);
  const {
    learningRate = 0.001,
    adamWeightDecay = 0.004,
    adamBeta1,
    adamBeta2,
    epsilon: ownEpsilon,
    adamLrRatio = 1,
    excludeLayers,
    excludeEmbeddings = true,
    muonA = 3.4445,
    muonB = -4.775,
    muonC = 2.0315,
    momentum = 0.95,
    nsSteps = 5,
    nesterov = true,
    rmsRate = 0.2,
    weightDecay = 0.004,
    ...common
  } = options;
  const { beta1, beta2, epsilon } = checked(name, {
    beta1: adamBeta1,
    beta2: adamBeta2,
    epsilon: ownEpsilon,
  });
  for (const [option, value] of Object.entries({ adamWeightDecay, adamLrRatio }))
    check(name, option, value, 0);
  for (const [option, value] of Object.entries({ muonA, muonB, muonC })) checkNumber(name, option, value);
  if (rmsRate !== null) check(name, 'rmsRate', rmsRate, 2 ** -126);
  check(name, 'momentum', momentum, 0, 1);
  checkCount(name, 'nsSteps', nsSteps, 1);
  for (const [option, value] of Object.entries({ nesterov, excludeEmbeddings }))
    checkFlag(name, option, value);
  const excluded = excludeLayers && patternsOf(name, excludeLayers, 'excludeLayers');
  const patterns = new NamePatterns(name, 'excludeLayers', excluded);
  const isMatrix = ({ variable }: Segment) =>
    variable.shape.length === 2 &&
    !(excludeEmbeddings && variable.name.toLowerCase().includes('embedding')) &&
    !patterns.isIn(variable.name);
  const scale = (shape: readonly number[]) =>
    rmsRate === null ? 1 : rmsRate * Math.sqrt(Math.max(...shape));
  const iteration = { momentum, nesterov, nsSteps, factors: { A: muonA, B: muonB, C: muonC }, isMatrix };
  return optimizer({
    name,
    kernel: kernels.muon,
    slots: ['mean', 'mean_square'],
    config: {
      learningRate,
      adamWeightDecay,
      adamBeta1: beta1,
      adamBeta2: beta2,
      epsilon,
      adamLrRatio,
      excludeLayers: excluded,
      excludeEmbeddings,
      muonA,
      muonB,
      muonC,
      momentum,
      nsSteps,
      nesterov,
      rmsRate,
    },
    common: { ...common, weightDecay },
    decayOf: (segment) => (isMatrix(segment) ? weightDecay : adamWeightDecay),
    constants: {
      MOMENTUM: momentum,
      RATIO: adamLrRatio,
      ONE_MINUS_BETA_1: 1 - beta1,
      ONE_MINUS_BETA_2: 1 - beta2,
      LOG_BETA_1: logarithm(beta1),
      LOG_BETA_2: logarithm(beta2),
      EPSILON: epsilon,
    },
    flopsPerParameter: 16,
    fields: [
      {
        name: 'scale',
        valueOf: (segment) => (isMatrix(segment) ? scale(segment.variable.shape) : 0),
      },
    ],
    named: [patterns],
    norms: 1,
    functions: (range, { tables }) => ({ scale: `return ${tables.field('scale', range)};` }),
    prepare: (preparation, context) => directions(preparation, iteration, context),
  });
}

function directions(
  preparation: Preparation,
  iteration: Iteration,
  context: LowerContext,
): readonly Readonly<Record<string, Operand>>[] {
  const { ranges, tables, firstNorm, hyper } = preparation;
  const constants = { MOMENTUM: iteration.momentum, NESTEROV: iteration.nesterov };
  const own = { constants, flopsPerParameter: 4, part: 'momentum' };
  const values = directionsOf(preparation, { kernel: kernels.momentum, ...own }, context);
  reduceSegmentNorms({ ranges, hyper, tables, index: firstNorm, values, value: 'gradients[i]' }, context);
  ranges.forEach((range, i) =>
    range.segments.forEach((segment, k) => {
      if (!iteration.isMatrix(segment)) return;
      const record = tables.recordsAt(ranges) + (range.firstSegment + k) * tables.recordWidth + 2 * firstNorm;
      orthogonalize(values[i], hyper, segment, record, iteration, context);
    }),
  );
  return values.map((direction) => ({ direction }));
}

/** Replaces a matrix by one close to the orthogonal one: Newton–Schulz. @param record of its norm in `hyper` */
function orthogonalize(
  direction: Operand,
  hyper: Operand,
  { variable: { shape }, offset, size }: Segment,
  record: number,
  { nsSteps, factors }: Iteration,
  context: LowerContext,
): void {
  const [rows, columns] = shape;
  const isTall = rows > columns; // then xᵀ x is the small product, and multiplies from the right
  const side = Math.min(rows, columns);
  const workgroupSize = 64;
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const place = { SIZE: size, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX };
  const scratch = (name: string) => context.scratch(shape, 'f32', name);
  let x: Operand = scratch('x');
  context.dispatch({
    kernel: kernels.scale,
    constants: { ...place, START: offset, RECORD: record },
    bindings: { direction, hyper, x },
    workgroups,
    flops: 3 * size,
    part: 'scale',
  });
  for (let step = 0; step < nsSteps; step++) {
    const square = context.scratch([side, side], 'f32', 'square');
    const [y, z] = [scratch('y'), scratch('z')];
    const inner = Math.max(rows, columns);
    const product = (a: Operand, b: Operand, c: Operand) => ({ op: matmulOp, inputs: [a, b], outputs: [c] });
    const plain = { batch: 1, transposeA: false, transposeB: false };
    lowerMatmul(
      product(x, x, square),
      { ...plain, M: side, N: side, K: inner, transposeA: isTall, transposeB: !isTall },
      context,
    );
    for (const [from, to] of [
      [x, y],
      [y, z],
    ]) {
      const [a, b] = isTall ? [from, square] : [square, from];
      lowerMatmul(product(a, b, to), { ...plain, M: rows, N: columns, K: side }, context);
    }
    const isLast = step === nsSteps - 1;
    const out: Operand = isLast ? direction : scratch('x');
    context.dispatch({
      kernel: kernels.combine,
      constants: { ...place, ...factors, START: isLast ? offset : 0 },
      bindings: { x, y, z, out },
      workgroups,
      flops: 5 * size,
      part: 'combine',
    });
    x = out;
  }
}

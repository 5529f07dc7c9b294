import adafactorSource from '../../../shaders/optimizer/adafactor.wgsl?raw';
import directionSource from '../../../shaders/optimizer/adafactor_direction.wgsl?raw';
import factorsSource from '../../../shaders/optimizer/adafactor_factors.wgsl?raw';
import rowMeansSource from '../../../shaders/optimizer/adafactor_row_means.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { linearGrid } from '../../ops/core/op.ts';
import type { LowerContext, Operand } from '../../ops/core/op.ts';
import { checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { OptimizerRange, Segment } from '../../runtime/optimizerSpec.ts';
import { check } from './checks.ts';
import { commonOptions } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { reduceSegmentNorms } from './norms.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer, Preparation } from './optimizer.ts';

const kernels = {
  factors: { name: 'optimizer/adafactor_factors', source: factorsSource },
  rowMeans: { name: 'optimizer/adafactor_row_means', source: rowMeansSource },
  direction: { name: 'optimizer/adafactor_direction', source: directionSource },
  adafactor: { name: 'optimizer/adafactor', source: adafactorSource },
};

export interface AdafactorOptions extends CommonOptions {
  /** η, the largest relative step. Default 0.001. */
  learningRate?: LearningRate;
  /** p, below 0: the share of the new mean square in the moving one is tᵖ. Default −0.8. */
  beta2Decay?: number;
  /** ε₁, added to the squared gradients. Default 1e-30. */
  epsilon1?: number;
  /** ε₂, the least root mean square of a variable's weights to which steps are in proportion. Default 0.001. */
  epsilon2?: number;
  /** d: steps whose root mean square is larger are shortened to it; above 0. Default 1. */
  clipThreshold?: number;
}

const adafactorOptions: OptionTable<AdafactorOptions> = {
  learningRate: true,
  beta2Decay: true,
  epsilon1: true,
  epsilon2: true,
  clipThreshold: true,
  ...commonOptions,
};

/** The last two dimensions of a variable are rows and columns; a vector has rows only. */
function shapeOf({ variable: { shape }, size }: Segment) {
  if (shape.length < 2) return { outer: 1, rows: size, columns: 1, isFactored: false };
  const [rows, columns] = shape.slice(-2);
  return { outer: size / (rows * columns), rows, columns, isFactored: true };
}

/**
 * Adafactor (Shazeer & Stern 2018, algorithm 4): the moving mean square of a matrix is remembered by its means over rows
 * and columns, v = rows · columns / mean(rows), of squares g² + ε₁ and with β₂ = 1 − tᵖ; u = g / √v,
 * w ← w − max(ε₂, RMS(w)) min(η, 1/√t) u / max(1, RMS(u) / d), root mean squares of each variable by itself. Keras's defaults;
 * its `relative_step` makes no difference there, since the rate is at most 1/√t in either case. Rows and columns take
 * two slots as large as the weights here, so that it saves no memory, as in Keras.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adafactor(options: AdafactorOptions = {}): Optimizer {
  const name = 'adafactor';
  checkOptions(name, options, adafactorOptions);
  const {
    learningRate = 0.001,
    beta2Decay = -0.8,
    epsilon1 = 1e-30,
    epsilon2 = 1e-3,
    clipThreshold = 1,
    ...common
  } = options;
  if (!(beta2Decay < 0 && beta2Decay >= -10)) {
    throw new ArgumentError(
      `${name}: beta2Decay is ${describe(beta2Decay)}; it must be below 0 and at least -10`,
    );
  }
  for (const [option, value] of Object.entries({ epsilon1, clipThreshold })) {
    check(name, option, value, 2 ** -126);
  }
  check(name, 'epsilon2', epsilon2, 0);
  return optimizer({
    name,
    kernel: kernels.adafactor,
    slots: ['rows', 'columns'],
    config: { learningRate, beta2Decay, epsilon1, epsilon2, clipThreshold },
    common,
    declares: ['learning_rate', 'updated', 'store'],
    constants: { THRESHOLD: clipThreshold, EPSILON: epsilon2 },
    flopsPerParameter: 4,
    fields: [
      { name: 'start', valueOf: ({ offset }) => offset / 64 },
      { name: 'size', valueOf: ({ size }) => size },
      { name: 'rows', valueOf: (segment) => shapeOf(segment).rows },
      {
        name: 'columns',
        valueOf(segment) {
          const { columns, isFactored } = shapeOf(segment);
          return isFactored ? columns : 0;
        },
      },
    ],
    norms: 2,
    functions: (range, { tables, firstNorm, decay }) => ({
      norms: `let at = ${tables.norm(firstNorm, range)};\n  return vec4f(hyper[at], hyper[at + 1u], hyper[at + 2u], hyper[at + 3u]);`,
      decay: `return ${decay ?? '0.0'};`,
      size: `return ${tables.field('size', range)};`,
    }),
    prepare: (preparation, context) => prepare(preparation, { beta2Decay, epsilon1 }, context),
    retains: { rows: 'next_rows', columns: 'next_columns' },
  });
}

function prepare(
  preparation: Preparation,
  settings: { beta2Decay: number; epsilon1: number },
  context: LowerContext,
): readonly Readonly<Record<string, Operand>>[] {
  const { ranges, tables, firstNorm, hyper } = preparation;
  const given = ranges.map((range, i) => {
    const scratch = (name: string) => context.scratch([range.length], 'f32', `${name} ${i}`);
    const memory = {
      next_rows: scratch('next rows'),
      next_columns: scratch('next columns'),
      row_means: scratch('row means'),
      direction: scratch('direction'),
    };
    const end = [...range.segments.slice(1).map(({ offset }) => offset), range.length];
    range.segments.forEach((segment, k) =>
      factors(preparation, range, segment, end[k] - segment.offset, memory, settings, context),
    );
    const workgroupSize = 256;
    const { workgroups, gridX } = linearGrid(range.length / 4, workgroupSize);
    const fields = ['start', 'size', 'rows', 'columns'].map((own) => `u32(${tables.field(own, range)})`);
    context.dispatch({
      kernel: kernels.direction,
      constants: { LENGTH: range.length / 4, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
      functions: {
        ...preparation.functions(range, ['gradient']),
        shape: `return vec4u(${fields.join(', ')});`,
      },
      bindings: { ...preparation.bindings(range), ...memory },
      workgroups,
      flops: 8 * range.length,
      part: 'direction',
    });
    return memory;
  });
  const norms = { ranges, hyper, tables };
  reduceSegmentNorms({ ...norms, index: firstNorm, value: 'parameters[i]' }, context);
  const values = given.map(({ direction }) => direction);
  reduceSegmentNorms({ ...norms, index: firstNorm + 1, values, value: 'gradients[i]' }, context);
  return given;
}

/** The moving means of one variable, over rows and over columns, and the means of those over rows. */
function factors(
  { functions, bindings, counting }: Preparation,
  range: OptimizerRange,
  segment: Segment,
  length: number,
  memory: Readonly<Record<string, Operand>>,
  { beta2Decay, epsilon1 }: { beta2Decay: number; epsilon1: number },
  context: LowerContext,
): void {
  const { outer, rows, columns, isFactored } = shapeOf(segment);
  const workgroupSize = 64;
  const grid = linearGrid(length, workgroupSize);
  const place = { START: segment.offset, OUTER: outer, ROWS: rows, WORKGROUP_SIZE: workgroupSize };
  context.dispatch({
    kernel: kernels.factors,
    constants: {
      ...place,
      ...counting,
      COLUMNS: columns,
      LENGTH: length,
      FACTORED: isFactored,
      POWER: beta2Decay,
      EPSILON: epsilon1,
      GRID_X: grid.gridX,
    },
    functions: functions(range, ['gradient']),
    bindings: { ...bindings(range), ...memory },
    workgroups: grid.workgroups,
    flops: 4 * segment.size,
    part: 'factors',
  });
  if (!isFactored) return;
  const { workgroups, gridX } = linearGrid(outer, workgroupSize);
  context.dispatch({
    kernel: kernels.rowMeans,
    constants: { ...place, GRID_X: gridX },
    bindings: memory,
    workgroups,
    flops: outer * rows,
    part: 'rowMeans',
  });
}

import applySource from '../../../shaders/normalization/apply.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { keepRolled, streamingWorkgroup, valueType } from '../core/values.ts';
import { gradientKernels, pack, viewWidth } from './kernels.ts';
import type { View } from './kernels.ts';

const kernel = { name: 'normalization/apply', source: applySource };

/** What the two kernels that write a number per element have in common. */
function sweep(view: View, target: Target) {
  // Where a row has statistics of its own, what rows share are γ and β.
  const varying = view.rows === 1 && view.outer > 1;
  const { outer, rows } = varying ? { outer: 1, rows: view.outer } : view;
  const width = viewWidth(view);
  const { groups, run, resultWidth } = pack(view, width);
  const channels = groups * run;
  // Enough invocations for every core, and then more rows for each: it loads its channel's numbers once.
  const wanted = target.software ? 1024 : 65536;
  const blocks = Math.min(rows, Math.max(Math.ceil(wanted / (outer * channels)), Math.ceil(rows / 64)));
  const size = outer * channels * blocks;
  const workgroupSize = streamingWorkgroup(target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const constants = {
    SIZE: size,
    CHANNELS: channels,
    GROUPS: groups,
    RUN: run,
    ROWS: rows,
    BLOCKS: blocks,
    VARYING: varying,
    ROLLED: keepRolled(target, Math.ceil(rows / blocks)),
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
  };
  const aliases = {
    Value: valueType('f32', width),
    Stat: valueType('f32', resultWidth),
  };
  return { constants, aliases, workgroups };
}

export interface ApplyOptions {
  readonly view: View;
  readonly epsilon: number;
  readonly input: Operand;
  readonly mean: Operand;
  readonly variance: Operand;
  readonly gamma?: Operand;
  readonly beta?: Operand;
  readonly output: Operand;
}

/** Emits y = γ (x − mean) / √(variance + ε) + β, with the node's epilogue. */
export function lowerApply({ view, epsilon, ...operands }: ApplyOptions, context: LowerContext): void {
  const { gamma, beta, output } = operands;
  const { constants, aliases, workgroups } = sweep(view, context.target);
  context.dispatch({
    kernel,
    part: 'apply',
    constants: {
      ...constants,
      EPSILON: epsilon,
      SCALE: gamma !== undefined,
      CENTER: beta !== undefined,
    },
    aliases,
    bindings: operands as Readonly<Record<string, Operand>>,
    workgroups,
    epilogue: true,
    flops: 3 * sizeOf(output.shape),
  });
}

export interface GradientInputOptions {
  readonly view: View;
  readonly epsilon: number;
  readonly centered: boolean;
  /** The sums contain γ, and `sums` has both: [outer, groups, 2]. */
  readonly scaled: boolean;
  readonly gradient: Operand;
  readonly input: Operand;
  readonly mean: Operand;
  readonly variance: Operand;
  readonly sums: Operand;
  readonly products?: Operand;
  readonly gamma?: Operand;
  readonly output: Operand;
}

/** Emits dx, with the node's epilogue. */
export function lowerGradientInput(options: GradientInputOptions, context: LowerContext): void {
  const { view, epsilon, centered, scaled, gamma, products, ...others } = options;
  const operands = { ...others, ...(products && { products }), ...(gamma && { gamma }) };
  const { constants, aliases, workgroups } = sweep(view, context.target);
  context.dispatch({
    kernel: gradientKernels.value.input,
    constants: {
      ...constants,
      COUNT: view.rows * view.run,
      EPSILON: epsilon,
      CENTERED: centered,
      SCALE: gamma !== undefined,
      SCALED: scaled,
    },
    aliases,
    bindings: operands as Readonly<Record<string, Operand>>,
    workgroups,
    epilogue: true,
    flops: 5 * sizeOf(operands.output.shape),
  });
}

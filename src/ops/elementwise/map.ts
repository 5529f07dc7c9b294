import mapSource from '../../../shaders/elementwise/map.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { expressionBody, filesOf } from '../core/expression.ts';
import type { Expression } from '../core/expression.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op } from '../core/op.ts';
import { sameShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { broadcastShapes, broadcastStrides } from './broadcast.ts';

const kernel = { name: 'elementwise/map', source: mapSource };

/** Bindings `in_0` … `in_5` of the kernel. */
export const MAX_MAP_INPUTS = 6;

export interface MapAttrs {
  readonly expression: Expression;
  readonly shape: Shape;
}

/** A fused chain of elementwise ops; made by the fusion pass, after the gradients. */
export const mapOp: Op<MapAttrs> = {
  name: 'map',
  kind: 'elementwise',
  infer(inputs, { shape }) {
    broadcastShapes('map', [...inputs.map((i) => i.shape), shape]);
    return [{ shape, dtype: 'f32' }];
  },
  lower: (node, context) => lowerMap(node, node.attrs.expression, context),
  gradient: { reason: 'fusion comes after differentiation' },
};

export type Access = 'element' | 'channel' | 'scalar' | 'strided';

/** The cheapest way to read a tensor of `shape` while writing one of `output`. */
export function accessOf(shape: Shape, output: Shape): Access {
  if (sameShape(trimOnes(shape), trimOnes(output))) return 'element';
  if (sizeOf(shape) === 1) return 'scalar';
  const channels = output.at(-1);
  return shape.at(-1) === channels && sizeOf(shape) === channels ? 'channel' : 'strided';
}

function trimOnes(shape: Shape): Shape {
  const first = shape.findIndex((extent) => extent !== 1);
  return first < 0 ? [] : shape.slice(first);
}

/** WGSL text that reads an input of a map or an epilogue. */
export function accessText(name: string, access: Access, width: 1 | 4, strides?: string): string {
  if (access === 'element') return `${name}[index]`;
  if (access === 'channel') return `${name}[channel]`;
  if (access === 'scalar') return width === 4 ? `Value(${name}[0].x)` : `${name}[0]`;
  return `${name}[offset(index, ${strides})]`;
}

export function lowerMap(node: Node, expression: Expression, context: LowerContext): void {
  const [output] = node.outputs;
  if (node.inputs.length > MAX_MAP_INPUTS) {
    throw new ArgumentError(
      `${node.label}: ${node.inputs.length} inputs in one elementwise kernel, which reads at most ${MAX_MAP_INPUTS}; split the expression`,
    );
  }
  const accesses = node.inputs.map(({ shape }) => accessOf(shape, output.shape));
  const size = sizeOf(output.shape);
  const channels = output.shape.at(-1) ?? 1;
  const lanes = accesses.every((a) => a === 'element' || a === 'scalar') ? size : channels;
  const width = output.dtype === 'f32' && lanes % 4 === 0 && !accesses.includes('strided') ? 4 : 1;
  const workgroupSize = streamingWorkgroup(context.target, size / width);
  const { workgroups, gridX } = linearGrid(size / width, workgroupSize);
  const { shape, strides } = collapse(
    output.shape,
    node.inputs.map((i) => i.shape),
  );
  const constants: Record<string, number | number[]> = {
    SIZE: size / width,
    CHANNELS: Math.max(1, Math.floor(channels / width)),
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
    RANK: shape.length,
    SHAPE: shape,
  };
  const texts = node.inputs.map((_, i) => {
    if (accesses[i] === 'strided') constants[`STRIDES_${i}`] = strides[i];
    return accessText(`in_${i}`, accesses[i], width, `STRIDES_${i}`);
  });
  context.dispatch({
    kernel,
    constants,
    aliases: { Value: width === 4 ? 'vec4f' : output.dtype },
    functions: { fused: expressionBody(expression, texts) },
    files: filesOf(expression),
    bindings: { ...Object.fromEntries(node.inputs.map((t, i) => [`in_${i}`, t])), output },
    workgroups,
    flops: expression.steps.length * size,
  });
}

/** Merges neighbouring dimensions that every input walks as one: fewer divisions per element. */
export function collapse(output: Shape, inputs: readonly Shape[]): { shape: number[]; strides: number[][] } {
  const all = inputs.map((shape) => broadcastStrides(shape, output));
  const shape: number[] = [];
  const strides: number[][] = inputs.map(() => []);
  output.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = shape.length - 1;
    const mergeable = last >= 0 && all.every((s, i) => strides[i][last] === s[axis] * extent);
    if (mergeable) {
      shape[last] *= extent;
      all.forEach((s, i) => (strides[i][last] = s[axis]));
    } else {
      shape.push(extent);
      all.forEach((s, i) => strides[i].push(s[axis]));
    }
  });
  return shape.length > 0 ? { shape, strides } : { shape: [1], strides: inputs.map(() => [0]) };
}

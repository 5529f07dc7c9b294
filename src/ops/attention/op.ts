import { ShapeError } from '../../errors.ts';
import { LateKernels } from '../core/late.ts';
import { fill } from '../core/leaves.ts';
import { applyAll } from '../core/node.ts';
import { derivedElsewhere } from '../core/op.ts';
import type { Op } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { inputsOf, sizesOf } from './attrs.ts';
import type { AttentionAttrs, AttentionGradientAttrs } from './attrs.ts';
import { gradientGraph } from './gradientGraph.ts';
import { lowerAttention } from './kernels.ts';

export const gradientKernels = /* @__PURE__ */ new LateKernels(
  'the gradient of attention',
  async () => await import('./gradientKernels.ts'),
);

/** Outputs [output, log of the sum of e^score (for the gradient)]. */
export const attentionOp: Op<AttentionAttrs> = {
  name: 'attention',
  kind: 'kernel',
  infer(specs, attrs) {
    const { query, key, value, bias } = inputsOf(specs, attrs);
    checkShapes(query, key, value);
    const { batch, queries, keys, heads, valueSize } = sizesOf(query, key, value);
    if (bias) {
      requireDtype('attention bias', bias, ['f32']);
      checkBias(bias, [batch, heads, queries, keys]);
    }
    return [
      { shape: [batch, queries, heads, valueSize], dtype: 'f32' },
      { shape: [batch, queries, heads], dtype: 'f32' },
    ];
  },
  lower: lowerAttention,
  gradient({ inputs, outputs: [output, logSum], attrs }, [dy = fill(output.shape, 0), dLogSum]) {
    const { bias } = inputsOf(inputs, attrs);
    const known = [output, logSum, dy, ...(dLogSum ? [dLogSum] : [])];
    const all = applyAll(attentionGradientOp, [...known, ...inputs], { ...attrs, known: known.length });
    return bias ? [...all, gradientGraph(inputs, { output, logSum, dy, dLogSum }, attrs).dBias] : all;
  },
};

/** Of the output, and of logSum: inputs [output, logSum, dL/doutput, dL/dlogSum where there is one], then those of attention. */
export const attentionGradientOp: Op<AttentionGradientAttrs> = {
  name: 'attentionGradient',
  kind: 'kernel',
  late: gradientKernels,
  infer: (specs, { known }) => specs.slice(known, known + 3),
  lower: (node, context) => gradientKernels.value.lowerAttentionGradient(node, context),
  gradient: derivedElsewhere,
};

/** Throws a ShapeError unless query, key and value fit each other. */
export function checkShapes(query: TensorSpec, key: TensorSpec, value: TensorSpec): void {
  for (const [name, spec] of Object.entries({ query, key, value })) {
    requireDtype(`attention ${name}`, spec, ['f32']);
    if (spec.shape.length === 4) continue;
    throw new ShapeError(
      `attention: ${name} ${formatShape(spec.shape)} must be [batch, steps, heads, size]; reshape it, with heads of 1 where there are none`,
    );
  }
  const [q, k, v] = [query, key, value].map(({ shape }) => shape);
  const given = `query ${formatShape(q)}, key ${formatShape(k)} and value ${formatShape(v)}`;
  const problem =
    q[0] !== k[0] || k[0] !== v[0]
      ? `hold ${q[0]}, ${k[0]} and ${v[0]} sequences; they must hold equally many`
      : k[1] !== v[1] || k[2] !== v[2]
        ? 'do not fit: key and value must have the same steps and heads'
        : q[3] !== k[3]
          ? `have sizes of ${q[3]} and ${k[3]}; a query is multiplied with a key, so these must be equal`
          : q[2] % k[2] !== 0
            ? `have ${q[2]} and ${k[2]} heads; the heads of the query must be a multiple of those of the key`
            : undefined;
  if (problem) throw new ShapeError(`attention: ${given} ${problem}`);
}

/** Throws a ShapeError unless a mask or bias broadcasts to the scores. */
export function checkBias({ shape }: TensorSpec, scores: readonly number[]): void {
  const fits = shape.every((extent, i) => extent === 1 || extent === scores[i + 4 - shape.length]);
  if (shape.length <= 4 && fits) return;
  throw new ShapeError(
    `attention: a mask or bias ${formatShape(shape)} must broadcast to the scores [batch, heads, queries, keys], here ${formatShape(scores)}`,
  );
}

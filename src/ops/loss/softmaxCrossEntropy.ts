import rowSource from '../../../shaders/loss/softmax_cross_entropy.wgsl?raw';
import workgroupSource from '../../../shaders/loss/softmax_cross_entropy_workgroup.wgsl?raw';
import { ArgumentError, GradientError, ShapeError } from '../../errors.ts';
import { blockOf } from '../core/blocks.ts';
import { fillValue } from '../core/leaves.ts';
import { applyAll } from '../core/node.ts';
import { derivedElsewhere } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sameShape, sizeOf } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { add, multiply, negate, scale } from '../elementwise/elementwise.ts';
import { reshape } from '../movement/movement.ts';
import { reduceMean } from '../reduce/reduce.ts';
import { rowPlan } from './rowPlan.ts';
import { logSoftmax } from '../softmax/softmax.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

const kernels = {
  row: { name: 'loss/softmax_cross_entropy', source: rowSource },
  workgroup: { name: 'loss/softmax_cross_entropy_workgroup', source: workgroupSource },
};

export interface SoftmaxCrossEntropyAttrs {
  readonly labelSmoothing: number;
}

export interface SoftmaxCrossEntropyOptions {
  /** Fraction of each target that is spread evenly over all classes, in [0, 1). Default 0. */
  labelSmoothing?: number;
}

const crossEntropyOptions: OptionTable<SoftmaxCrossEntropyOptions> = { labelSmoothing: true };

/**
 * Outputs [p − t (logits' shape), loss (without the classes)]. The gradient comes with the loss, from the same
 * maximum and sum; what is left of the gradient rule is a multiplication by dL/dloss.
 */
/* @__NO_SIDE_EFFECTS__ */
function crossEntropyOp(sparse: boolean): Op<SoftmaxCrossEntropyAttrs> {
  const name = sparse ? 'sparseSoftmaxCrossEntropy' : 'softmaxCrossEntropy';
  return {
    name,
    kind: 'kernel',
    fusesEpilogue: true,
    infer([logits, targets], { labelSmoothing }) {
      checkInputs(name, sparse, logits, targets);
      if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
        throw new ArgumentError(
          `${name}: labelSmoothing is ${labelSmoothing}; it must be at least 0 and below 1`,
        );
      }
      return [
        { shape: logits.shape, dtype: 'f32' },
        { shape: logits.shape.slice(0, -1), dtype: 'f32' },
      ];
    },
    lower(node, context) {
      const [logits, targets] = node.inputs;
      const [gradient, loss] = node.outputs;
      const classes = logits.shape.at(-1)!;
      const plan = rowPlan(name, sizeOf(loss.shape), classes, context);
      context.dispatch({
        kernel: kernels[plan.variant],
        constants: {
          ...plan.constants,
          ...(plan.variant === 'row' && { BLOCK: blockOf(classes) }),
          SPARSE: sparse,
          LABEL_SMOOTHING: node.attrs.labelSmoothing,
        },
        bindings: { logits, [sparse ? 'labels' : 'targets']: targets, gradient, loss },
        workgroups: plan.workgroups,
        epilogue: true,
        flops: 10 * sizeOf(logits.shape),
      });
    },
    // dL/dx = (T p − t) dL/dloss;  dL/dt_j = −((1 − s) log p_j + s mean_k log p_k) dL/dloss
    gradient({ inputs, outputs, attrs, label }, [second, dLoss]) {
      if (second) {
        throw new GradientError(
          `${label}: ${name} has no second derivative here, because ${derivedElsewhere.reason}`,
        );
      }
      if (!dLoss) return [];
      const scaled = (perClass: Tensor) => {
        const factor = fillValue(dLoss);
        return factor === undefined
          ? multiply(perClass, reshape(dLoss, [...dLoss.shape, 1]))
          : scale(perClass, factor);
      };
      return [
        scaled(outputs[0]),
        sparse ? undefined : scaled(targetGradient(inputs[0], attrs.labelSmoothing)),
      ];
    },
  };
}

/** −((1 − s) log p + s mean log p) for each class. */
function targetGradient(logits: Tensor, smoothing: number): Tensor {
  const logProbabilities = logSoftmax(logits);
  if (smoothing === 0) return negate(logProbabilities);
  const mean = reduceMean(logProbabilities, { axes: [-1], keepDims: true });
  return negate(add(scale(logProbabilities, 1 - smoothing), scale(mean, smoothing)));
}

function checkInputs(name: string, sparse: boolean, logits: TensorSpec, targets: TensorSpec): void {
  if (logits.dtype !== 'f32') throw new ArgumentError(`${name}: the logits must be f32, not ${logits.dtype}`);
  if (logits.shape.length < 1) {
    throw new ShapeError(
      `${name}: the logits need a dimension of classes, [N, classes], but [] is a single number; reshape them`,
    );
  }
  if (targets.dtype !== (sparse ? 'i32' : 'f32')) {
    throw new ArgumentError(
      sparse
        ? `${name}: labels must be i32 class indices, not ${targets.dtype}; for f32 distributions use softmaxCrossEntropy`
        : `${name}: targets must be f32 distributions, not ${targets.dtype}; for class indices use sparseSoftmaxCrossEntropy`,
    );
  }
  const expected = sparse ? logits.shape.slice(0, -1) : logits.shape;
  if (!sameShape(targets.shape, expected)) {
    throw new ShapeError(
      `${name}: logits ${formatShape(logits.shape)} need ${sparse ? 'labels' : 'targets'} of shape ` +
        `${formatShape(expected)}, got ${formatShape(targets.shape)}`,
    );
  }
}

export const softmaxCrossEntropyOp = crossEntropyOp(false);
export const sparseSoftmaxCrossEntropyOp = crossEntropyOp(true);

/**
 * Softmax cross-entropy of logits [..., classes] against distributions of the same shape:
 * −Σ_c t_c log softmax(x)_c per sample, shape [...]. Finite and exact to f32 for logits up to ±1e30, and for logits of
 * −Infinity whose target is 0. A sample with a NaN or Infinity among its logits is NaN.
 *
 * @throws ShapeError if the shapes differ
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  checkOptions('softmaxCrossEntropy', options, crossEntropyOptions, 'logits, targets, ');
  const { labelSmoothing = 0 } = options;
  return applyAll(softmaxCrossEntropyOp, [logits, targets], { labelSmoothing })[1];
}

/**
 * Softmax cross-entropy of logits [..., classes] against class indices [...] (i32): −log softmax(x)_label per
 * sample, shape [...]. A label outside 0 … classes − 1 masks its sample: loss 0 and gradient 0 (NaN if a logit is NaN).
 * Logits of −Infinity beside the label add nothing; the label's own makes the loss Infinity.
 *
 * @throws ShapeError if the labels' shape is not that of the logits without the classes
 */
export function sparseSoftmaxCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  checkOptions('sparseSoftmaxCrossEntropy', options, crossEntropyOptions, 'logits, labels, ');
  const { labelSmoothing = 0 } = options;
  return applyAll(sparseSoftmaxCrossEntropyOp, [logits, labels], { labelSmoothing })[1];
}

import type { DataField, Dataset } from '../../data/dataset.ts';
import { targetsOf } from '../../data/dataset.ts';
import type { DeviceDataset, DeviceField } from '../../runtime/deviceDataset.ts';
import { ArgumentError } from '../../errors.ts';
import { topologicalOrder } from '../../graph/traverse.ts';
import { categoricalAccuracyOp } from '../../ops/loss/accuracy.ts';
import { oneHotOp } from '../../ops/movement/gather.ts';
import { gatherAugmented } from '../../ops/dataset/gatherAugmented.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import { gatherBatch, gatherLabelledBatch } from '../../ops/dataset/gatherBatch.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { sparseSoftmaxCrossEntropyOp } from '../../ops/loss/softmaxCrossEntropy.ts';
import { sameShape } from '../../ops/core/shape.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import type { DType, Shape } from '../../ops/core/shape.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import type { Compiled } from '../model.ts';

/** The current step's batch. */
export interface Batch {
  /** [batch, ...inputShape], normalised. */
  readonly inputs: Tensor[];
  /** Labels as i32 [batch], others as f32 [batch, ...targetShape]. */
  readonly targets: Tensor[];
  /** Of the samples, [batch]; undefined where all count the same. */
  readonly weights?: Tensor;
}

export interface GatherOptions {
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** What the model's inputs are made of; numbers (f32) by default. */
  readonly inputs?: readonly { readonly dtype: DType }[];
  /** False gathers the inputs alone. Default true. */
  readonly targets?: boolean;
  /** How the images of the (first) input are changed; targets never are, not even those that are the inputs. */
  readonly augment?: AugmentOptions;
}

/** Adds the gathering of the current step's batch to a program. */
export function gather(
  g: GraphBuilder,
  data: DeviceDataset,
  { inputScale, inputOffset }: Pick<Compiled, 'inputScale' | 'inputOffset'>,
  { batchSize, shuffle, inputs: ports, targets: wanted = true, augment }: GatherOptions,
): Batch {
  const { dataset } = data;
  const fields = new Set([
    ...data.inputs,
    ...(wanted ? data.targets : []),
    ...(wanted && data.weights ? [data.weights] : []),
  ]);
  for (const { tensor, location } of fields) g.buffers.set(tensor, location);
  const raw = ({ tensor: source }: DeviceField) => ({ source, batchSize, shuffle });
  const bytes = ({ tensor }: DeviceField) => tensor.dtype === 'u8';
  const normalised = (field: DeviceField, dtype: DType = 'f32') =>
    dtype === 'i32'
      ? { ...raw(field), dtype }
      : {
          ...raw(field),
          scale: inputScale ?? (bytes(field) ? 1 / 255 : 1),
          offset: inputOffset,
          dtype: 'f32' as const,
        };

  const batches = new Map<DeviceField, Tensor>();
  // Labels come in the dispatch that gathers the first input.
  const place = wanted ? targetsOf(dataset).findIndex(isLabel) : -1;
  const merged = place >= 0 && !data.inputs.includes(data.targets[place]) ? data.targets[place] : undefined;
  const inputs = data.inputs.map((field, i) => {
    const options = normalised(field, ports?.[i].dtype);
    if (augment && i === 0) {
      const [batch, labels] = gatherAugmented({ ...options, augment, labels: merged?.tensor });
      if (merged) batches.set(merged, labels);
      return batch;
    }
    let batch = batches.get(field);
    if (!batch && i === 0 && merged) {
      const both = gatherLabelledBatch({ ...options, labels: merged.tensor });
      batches.set(merged, both[1]);
      batch = both[0];
    }
    batch ??= gatherBatch(options);
    batches.set(field, batch);
    return batch;
  });
  const targets = !wanted
    ? []
    : targetsOf(dataset).map((own, i) => {
        const field = data.targets[i];
        const batch = batches.get(field);
        if (batch) return shaped(batch, own.shape);
        if (isLabel(own)) return gatherBatch({ ...raw(field), dtype: 'i32' });
        const scaled = bytes(field) || data.inputs.includes(field);
        return gatherBatch(scaled ? normalised(field) : { ...raw(field), dtype: 'f32' });
      });
  const weights = wanted && data.weights ? gatherBatch({ ...raw(data.weights), dtype: 'f32' }) : undefined;
  return { inputs, targets, weights };
}

/** Whole numbers, one per sample: class indices. */
export const isLabel = ({ data, shape }: DataField) => shape.length === 0 && !(data instanceof Float32Array);

/** Targets that are inputs may have another shape: a flat image, say. */
function shaped(batch: Tensor, sample: Shape): Tensor {
  const shape = [batch.shape[0], ...sample];
  return sameShape(shape, batch.shape) ? batch : reshape(batch, shape);
}

/** The number of classes that an op compares labels with, if it does. */
function classesOf({ op, inputs, attrs }: Node, labels: Tensor): number | undefined {
  const compares = op === sparseSoftmaxCrossEntropyOp || op === categoricalAccuracyOp;
  if (compares && inputs[1] === labels) return inputs[0].shape.at(-1)!;
  if (op === oneHotOp && inputs[0] === labels) return attrs.depth;
  return undefined;
}

/**
 * Holds the labels of a data set against the classes that losses and metrics compare them with: the kernels let a
 * sample of another class go by without a word.
 *
 * @throws ArgumentError that names the first label that is none of the classes
 */
export function checkLabels(
  model: string,
  dataset: Dataset,
  targets: readonly Tensor[],
  results: readonly Tensor[],
): void {
  const nodes = topologicalOrder(results);
  targetsOf(dataset).forEach(({ data }, i) => {
    const labels = targets[i];
    if (labels?.dtype !== 'i32') return;
    const classes = Math.min(...nodes.flatMap((node) => classesOf(node, labels) ?? []));
    const index = data.findIndex((label: number) => label < 0 || label >= classes);
    if (index < 0) return;
    throw new ArgumentError(
      `${model}: label ${data[index]} of sample ${index} of data set '${dataset.name}' is none of the ${classes} classes that the model tells apart; labels are whole numbers from 0 to ${classes - 1}: give the last layer more units, or number the labels anew`,
    );
  });
}

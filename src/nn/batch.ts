import type { DeviceDataset } from '../runtime/deviceDataset.ts';
import { ArgumentError } from '../errors.ts';
import { topologicalOrder } from '../graph/traverse.ts';
import { categoricalAccuracyOp } from '../ops/accuracy.ts';
import { gatherBatch, gatherLabelledBatch } from '../ops/gatherBatch.ts';
import type { Op } from '../ops/op.ts';
import { sparseSoftmaxCrossEntropyOp } from '../ops/softmaxCrossEntropy.ts';
import type { Tensor } from '../ops/tensor.ts';
import type { GraphBuilder } from '../runtime/session.ts';
import type { Compiled } from './model.ts';

/** Adds the gathering of the current step's batch to a program: inputs normalised, labels as i32. */
export function gather(
  g: GraphBuilder,
  { dataset, x, y }: DeviceDataset,
  { inputScale, inputOffset }: Pick<Compiled, 'inputScale' | 'inputOffset'>,
  { batchSize, shuffle }: { batchSize: number; shuffle: boolean },
): [x: Tensor, y: Tensor] {
  g.buffers.set(x.tensor, x.location);
  g.buffers.set(y.tensor, y.location);
  const scale = inputScale ?? (x.tensor.dtype === 'u8' ? 1 / 255 : 1);
  const inputs = { source: x.tensor, batchSize, shuffle, scale, offset: inputOffset, dtype: 'f32' as const };
  const isLabel = dataset.y.shape.length === 0 && y.tensor.dtype !== 'f32';
  if (isLabel) return gatherLabelledBatch({ ...inputs, labels: y.tensor });
  const targets = gatherBatch({ source: y.tensor, batchSize, shuffle, dtype: 'f32' });
  return [gatherBatch(inputs), targets];
}

/** Their second input are class indices, which must be among the classes of the first. */
const COMPARING: readonly Op[] = [sparseSoftmaxCrossEntropyOp, categoricalAccuracyOp];

/**
 * Holds the labels of a data set against the classes that losses and metrics compare them with: the kernels let a
 * sample of another class go by without a word.
 *
 * @throws ArgumentError that names the first label that is none of the classes
 */
export function checkLabels(
  model: string,
  { dataset }: DeviceDataset,
  labels: Tensor,
  results: readonly Tensor[],
): void {
  const comparisons = topologicalOrder(results).filter(
    ({ op, inputs }) => COMPARING.includes(op) && inputs[1] === labels,
  );
  if (comparisons.length === 0 || labels.dtype !== 'i32') return;
  const classes = Math.min(...comparisons.map(({ inputs }) => inputs[0].shape.at(-1)!));
  const { data } = dataset.y;
  const index = data.findIndex((label: number) => label < 0 || label >= classes);
  if (index < 0) return;
  throw new ArgumentError(
    `${model}: label ${data[index]} of sample ${index} of data set '${dataset.name}' is none of the ${classes} classes that the model tells apart; labels are whole numbers from 0 to ${classes - 1}: give the last layer more units, or number the labels anew`,
  );
}

import type { DeviceDataset } from '../runtime/deviceDataset.ts';
import { gatherBatch, gatherLabelledBatch } from '../ops/gatherBatch.ts';
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

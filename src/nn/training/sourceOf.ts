import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import type { Device } from '../../device/device.ts';
import type { LastBatch } from './clock.ts';
import { ResidentSource } from './source.ts';
import type { BatchSource } from './source.ts';
import { StreamSource } from './streamSource.ts';

export interface SourceOfOptions {
  readonly batchSize: number;
  readonly lastBatch?: LastBatch;
  readonly shuffle?: boolean;
  /** False leaves targets and weights out. Default true. */
  readonly targets?: boolean;
  /** Throws where a batch of a stream cannot be right. */
  readonly check?: (batch: Dataset) => void;
}

/** Batches of a data set, which is uploaded as a whole, or of a stream. */
export function sourceOf(device: Device, data: TrainingData, options: SourceOfOptions): BatchSource {
  const stream = asStream(data);
  const { batchSize, lastBatch = 'keep', shuffle = true, targets } = options;
  if (stream) return new StreamSource(device, stream, { targets, check: options.check });
  return new ResidentSource(device, data as Dataset, { batchSize, lastBatch, shuffle, targets });
}

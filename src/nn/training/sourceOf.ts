import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import type { Device } from '../../device/device.ts';
import type { LastBatch } from './clock.ts';
import { ResidentSource } from './source.ts';
import type { BatchSource } from './source.ts';
import { SteppedSource } from './steppedSource.ts';
import { StreamSource } from './streamSource.ts';

export interface SourceOfOptions {
  readonly batchSize: number;
  readonly lastBatch?: LastBatch;
  readonly shuffle?: boolean;
  /** Of an epoch; by default an epoch is a pass over the data. */
  readonly stepsPerEpoch?: number;
  /** False leaves targets and weights out. Default true. */
  readonly targets?: boolean;
  /** Throws where a batch of a stream cannot be right. */
  readonly check?: (batch: Dataset) => void;
}

/** Batches of a data set, which is uploaded as a whole, or of a stream. */
export function sourceOf(device: Device, data: TrainingData, options: SourceOfOptions): BatchSource {
  const stream = asStream(data);
  const { batchSize, lastBatch = 'keep', shuffle = true, targets } = options;
  const source = stream
    ? new StreamSource(device, stream, { targets, check: options.check })
    : new ResidentSource(device, data as Dataset, { batchSize, lastBatch, shuffle, targets });
  const { stepsPerEpoch } = options;
  return stepsPerEpoch === undefined ? source : new SteppedSource(source, stepsPerEpoch);
}

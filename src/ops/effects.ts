import advanceSource from '../../shaders/dataset/advance.wgsl?raw';
import collectSource from '../../shaders/dataset/collect.wgsl?raw';
import recordSource from '../../shaders/dataset/record.wgsl?raw';
import { ArgumentError, ShapeError } from '../errors.ts';
import { linearGrid } from './op.ts';
import type { Dispatch, Operand, Target } from './op.ts';
import { formatShape, sameShape, sizeOf } from './tensor.ts';

const kernels = {
  advance: { name: 'dataset/advance', source: advanceSource },
  collect: { name: 'dataset/collect', source: collectSource },
  record: { name: 'dataset/record', source: recordSource },
};

/** Words of one step's entry in the ring. */
export const RING_WORDS = 8;

/** Metrics that one `recordDispatch` can take. */
export const MAX_METRICS = 4;

/** What the words of a ring entry hold; words 0 … 3 are the means (f32). */
export const RING_LAYOUT = {
  /** u32: bit k is set if a value of metric k was NaN or infinite. */
  flags: 4,
  /** u32: the step that wrote the entry. */
  step: 5,
  /** u32: rows of metric 0 in the mean. */
  rows: 6,
} as const;

export interface RecordOptions {
  /** Up to four f32 tensors, each a value per sample [B] or a single one; their means are recorded. */
  metrics: readonly Operand[];
  /** [ringSlots, 8] words, of type f32 or u32. Not needed without metrics. */
  ring?: Operand;
  state: Operand;
  ringSlots?: number;
  target: Pick<Target, 'software'>;
  /**
   * For an evaluation over `size` samples in batches of `batchSize`: metrics of length `batchSize` count only
   * rows with step · batchSize + row < size.
   */
  samples?: { batchSize: number; size: number };
}

/**
 * The last dispatch of a step: writes the means of the metrics to entry `step mod ringSlots` of the ring
 * (see RING_LAYOUT) and advances the step counter. Without metrics it only advances the counter.
 *
 * @throws ArgumentError if there are more than four metrics, or metrics and no ring
 */
export function recordDispatch({
  metrics,
  ring,
  state,
  ringSlots,
  target,
  samples,
}: RecordOptions): Dispatch {
  if (metrics.length === 0) {
    return { kernel: kernels.advance, bindings: { state }, workgroups: [1, 1, 1] };
  }
  if (metrics.length > MAX_METRICS) {
    throw new ArgumentError(`record: ${metrics.length} metrics; one dispatch records at most ${MAX_METRICS}`);
  }
  if (!ring) throw new ArgumentError('record: metrics need a ring buffer to be written to');
  const slots = ringSlots ?? sizeOf(ring.shape) / RING_WORDS;
  if (!Number.isInteger(slots) || slots < 1 || sizeOf(ring.shape) < slots * RING_WORDS) {
    throw new ShapeError(
      `record: a ring of ${slots} slots needs ${slots * RING_WORDS} words, got ${formatShape(ring.shape)}`,
    );
  }
  const lengths = Array.from({ length: MAX_METRICS }, (_, k) =>
    k < metrics.length ? sizeOf(metrics[k].shape) : 1,
  );
  // A CPU adapter runs one lane without barriers; a GPU sums in a tree.
  const workgroupSize = target.software ? 1 : Math.max(...lengths) > 1024 ? 256 : 64;
  return {
    kernel: kernels.record,
    constants: {
      METRICS: metrics.length,
      LENGTHS: lengths,
      RING_SLOTS: slots,
      WORKGROUP_SIZE: workgroupSize,
      LEVELS: Math.log2(workgroupSize),
      ...(samples && { BATCH: samples.batchSize, SIZE: samples.size }),
    },
    bindings: { ...Object.fromEntries(metrics.map((metric, k) => [`metric_${k}`, metric])), ring, state },
    workgroups: [1, 1, 1],
    flops: lengths.reduce((sum, length) => sum + length, 0),
  };
}

export interface CollectOptions {
  /** This step's rows, [B, ...], of any 4-byte type. */
  rows: Operand;
  /** The result over the whole data set, [N, ...], of the same type. */
  collected: Operand;
  state: Operand;
  target: Pick<Target, 'limits'>;
}

/**
 * Copies a step's batch into rows step · B … of a result over the whole data set; rows past its end are left out.
 *
 * @throws ShapeError if the rows' shapes differ
 */
export function collectDispatch({ rows, collected, state, target }: CollectOptions): Dispatch {
  if (!sameShape(rows.shape.slice(1), collected.shape.slice(1)) || rows.shape.length < 1) {
    throw new ShapeError(
      `collect: rows ${formatShape(rows.shape)} do not fit into ${formatShape(collected.shape)}; all but the first extent must be equal`,
    );
  }
  if (rows.dtype !== collected.dtype || rows.dtype === 'u8') {
    throw new ArgumentError(`collect: rows of ${rows.dtype} cannot be collected into ${collected.dtype}`);
  }
  const workgroupSize = 64;
  const size = sizeOf(rows.shape);
  const { workgroups, gridX } = linearGrid(
    size,
    workgroupSize,
    target.limits.maxComputeWorkgroupsPerDimension,
  );
  const [batch] = rows.shape;
  return {
    kernel: kernels.collect,
    constants: {
      SIZE: collected.shape[0],
      BATCH: batch,
      ROW: size / batch,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    bindings: { rows, state, collected },
    workgroups,
  };
}

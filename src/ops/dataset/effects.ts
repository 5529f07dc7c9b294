import recordSource from '../../../shaders/dataset/record.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import type { Dispatch, Operand, Target } from '../core/op.ts';
import { formatShape, sizeOf } from '../core/shape.ts';

const kernel = { name: 'dataset/record', source: recordSource };

/** Metrics that one `recordDispatch` can take. */
export const METRICS_PER_DISPATCH = 6;

/** What the words of a ring entry hold; from `sumsAt` on, the sums of each metric's columns (f32). */
export const RING_LAYOUT = {
  /** u32: the step that wrote the entry. */
  step: 0,
  /** u32: rows of the batch that were filled. */
  rows: 1,
  /** u32: bit k is set if a value of metric k was NaN or infinite; the next word has metrics 6 … 11, and so on. */
  flags: 2,
} as const;

/** Where the sums of so many metrics begin in an entry: behind a word of flags for each dispatch, two at least. */
export const sumsAt = (metrics: number): number =>
  RING_LAYOUT.flags + Math.max(2, Math.ceil(metrics / METRICS_PER_DISPATCH));

/** Columns of a metric [rows, ...columns]; a single number is a row of one. */
export const columnsOf = ({ shape }: Pick<Operand, 'shape'>): number => sizeOf(shape.slice(1));

export interface RecordOptions {
  /** f32 tensors, each with a row per sample, [B, ...columns], or a single value; their columns' sums are recorded. */
  metrics: readonly Operand[];
  /** [slots, words], of type f32 or u32: an entry for each of the latest steps. */
  ring: Operand;
  state: Operand;
  target: Pick<Target, 'software'>;
  /**
   * Rows of a batch: metrics with as many count only those that are filled (see Program.fill). By default those of the
   * first metric.
   */
  batchSize?: number;
  /** Whether the step ends here. Default true. */
  advance?: boolean;
}

/**
 * Writes the sums of the metrics' columns to entry `step mod slots` of the ring (see RING_LAYOUT), notes in the
 * program's state which are NaN or infinite, and advances the step counter. Each six metrics take a dispatch.
 *
 * @throws ArgumentError if there are no metrics
 * @throws ShapeError if the ring's entries are too short
 */
export function recordDispatches({
  metrics,
  ring,
  state,
  target,
  batchSize = metrics[0]?.shape[0] ?? 1,
  advance = true,
}: RecordOptions): Dispatch[] {
  if (metrics.length === 0) throw new ArgumentError('record: 0 metrics; a step records at least one');
  const [slots, words = 1] = ring.shape;
  const needed = sumsAt(metrics.length) + metrics.reduce((sum, metric) => sum + columnsOf(metric), 0);
  if (words < needed) {
    throw new ShapeError(
      `record: these metrics need entries of ${needed} words, but the ring is ${formatShape(ring.shape)}`,
    );
  }
  const dispatches: Dispatch[] = [];
  let offset = sumsAt(metrics.length);
  for (let from = 0; from < metrics.length; from += METRICS_PER_DISPATCH) {
    const own = metrics.slice(from, from + METRICS_PER_DISPATCH);
    const rows = own.map(({ shape }) => shape[0] ?? 1);
    const widths = own.map(columnsOf);
    const offsets = widths.map((width) => (offset += width) - width);
    // A CPU adapter runs one lane without barriers; a GPU sums in a tree, or a column per lane.
    const many = Math.max(...rows) > 1024 || Math.max(...widths) > 64;
    const workgroupSize = target.software ? 1 : many ? 256 : 64;
    const advances = advance && from + METRICS_PER_DISPATCH >= metrics.length;
    const padded = (list: number[]) => Array.from({ length: METRICS_PER_DISPATCH }, (_, k) => list[k] ?? 1);
    dispatches.push({
      kernel: kernel,
      part: metrics.length > METRICS_PER_DISPATCH ? `metrics_${from}` : undefined,
      constants: {
        METRICS: own.length,
        ROWS: padded(rows),
        WIDTHS: padded(widths),
        OFFSETS: padded(offsets),
        ENTRY: words,
        GROUP: from / METRICS_PER_DISPATCH,
        ADVANCE: advances,
        RING_SLOTS: slots,
        WORKGROUP_SIZE: workgroupSize,
        LEVELS: Math.log2(workgroupSize),
        BATCH: batchSize,
      },
      bindings: { ...Object.fromEntries(own.map((metric, k) => [`metric_${k}`, metric])), ring, state },
      workgroups: [1, 1, 1],
      flops: own.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      advances,
    });
  }
  return dispatches;
}

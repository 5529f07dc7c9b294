import elementsSource from '../../../shaders/dataset/gather.wgsl?raw';
import bytesSource from '../../../shaders/dataset/gather_bytes.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { programState } from '../core/leaves.ts';
import { applyAll } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sameShape, sizeOf } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { checkOptions, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

const kernels = {
  elements: { name: 'dataset/gather', source: elementsSource },
  bytes: { name: 'dataset/gather_bytes', source: bytesSource },
};

export interface GatherBatchAttrs {
  readonly batchSize: number;
  readonly size: number;
  readonly shuffled: boolean;
  readonly labelled: boolean;
  readonly scale: number;
  readonly offset: number;
  readonly dtype: 'f32' | 'i32';
  readonly salt: number;
  /** Inputs that hold the samples, one after the other. */
  readonly pieces: number;
}

export const gatherBatchOp: Op<GatherBatchAttrs> = {
  name: 'gatherBatch',
  kind: 'kernel',
  infer(inputs, attrs) {
    checkGather('gatherBatch', inputs, attrs);
    const batch: TensorSpec = { shape: [attrs.batchSize, ...inputs[0].shape.slice(1)], dtype: attrs.dtype };
    return attrs.labelled ? [batch, { shape: [attrs.batchSize], dtype: 'i32' }] : [batch];
  },
  lower({ inputs, outputs: [batch, labels], attrs }, context) {
    const { batchSize, size, shuffled, labelled, scale, offset, dtype, salt, pieces } = attrs;
    const { software, limits } = context.target;
    const [source] = inputs;
    const second = inputs[pieces];
    const sample = sizeOf(source.shape.slice(1));
    const packed = source.dtype === 'u8';
    const words = packed && sample % 4 === 0 && dtype === 'f32';
    const variant = context.choose(
      'gatherBatch',
      words ? ['bytes', 'elements'] : ['elements'],
      words ? 'bytes' : 'elements',
    );
    const width: Width = sample % 4 === 0 && dtype === 'f32' && (variant === 'bytes' || !packed) ? 4 : 1;
    const units = sample / width;
    // Every workgroup computes the permutation once: on a CPU one per sample, on a GPU enough to fill it.
    const workgroupSize = software ? 16 : 64;
    const iterations = Math.min(software ? 64 : 4, Math.ceil(units / workgroupSize));
    const groupsPerSample = Math.ceil(units / (workgroupSize * iterations));
    const grid = linearGrid(batchSize * groupsPerSample, 1, limits.maxComputeWorkgroupsPerDimension);
    for (const { piece, part, ...place } of piecesOf(inputs, attrs)) {
      context.dispatch({
        kernel: kernels[variant],
        constants: {
          SIZE: size,
          BITS: bitsFor(size),
          BATCH: batchSize,
          ...place,
          LABELLED: labelled,
          PACKED_LABELS: labelled && second.dtype === 'u8',
          SHUFFLED: shuffled,
          SALT: salt,
          SCALE: scale,
          OFFSET: offset,
          GROUPS_PER_SAMPLE: groupsPerSample,
          ITERATIONS: iterations,
          SOFTWARE: software,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: grid.gridX,
          ...(variant === 'bytes' ? { WORDS: units } : { SAMPLE: units, PACKED: packed }),
        },
        ...(variant === 'elements' && {
          aliases: {
            Word: valueType('u32', width),
            Element: valueType(dtype, width),
            Source: valueType(source.dtype === 'i32' ? 'i32' : 'f32', width),
          },
        }),
        bindings: {
          source: piece,
          state: inputs.at(-1)!,
          batch,
          ...(labelled && { label_source: second, labels }),
        },
        workgroups: grid.workgroups,
        part,
        flops: 2 * sizeOf(batch.shape),
      });
    }
  },
  gradient: { reason: 'a data set is not a parameter' },
};

/** The inputs that hold samples 0 … size − 1, each with its kernel's constants: a dispatch writes the rows that it owns. */
export function piecesOf(
  inputs: readonly Tensor[],
  { pieces, size }: GatherBatchAttrs,
): { piece: Tensor; part?: string; FIRST: number; COUNT: number }[] {
  let next = 0;
  const all = inputs.slice(0, pieces).map((piece) => {
    const FIRST = next;
    const COUNT = piece.shape[0];
    next += COUNT;
    return { piece, FIRST, COUNT };
  });
  const needed = all.filter(({ FIRST }) => FIRST < size);
  return needed.map((own, k) => ({
    ...own,
    ...(needed.length > 1 && { part: `piece ${k}` }),
  }));
}

/** ⌈log2 size⌉: bits that number the samples. */
export function bitsFor(size: number): number {
  return size <= 1 ? 0 : 32 - Math.clz32(size - 1);
}

/** What gathering asks of a data set and its options; see gatherBatch. */
export function checkGather(
  opName: string,
  inputs: readonly TensorSpec[],
  { batchSize, size, labelled, scale, offset, salt, pieces }: GatherBatchAttrs,
): void {
  const [source, ...others] = inputs.slice(0, pieces);
  const labels = inputs[pieces];
  const samples = inputs.slice(0, pieces).reduce((sum, { shape }) => sum + shape[0], 0);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ArgumentError(`${opName}: batchSize is ${batchSize}; it must be a whole number of at least 1`);
  }
  if (source.shape.length < 1 || source.dtype === 'u32') {
    throw new ShapeError(
      `${opName}: the source must be u8, i32 or f32 samples [N, ...], got ${source.dtype} ${formatShape(source.shape)}`,
    );
  }
  const odd = others.find(
    ({ shape, dtype }) => dtype !== source.dtype || !sameShape(shape.slice(1), source.shape.slice(1)),
  );
  if (odd || (others.length > 0 && labelled)) {
    throw new ShapeError(
      odd
        ? `${opName}: the pieces of a source must be of one type and sample shape, got ${source.dtype} ${formatShape(source.shape)} and ${odd.dtype} ${formatShape(odd.shape)}`
        : `${opName}: a source in several pieces comes without labels; gather them separately`,
    );
  }
  if (!Number.isInteger(size) || size < 1 || size > samples) {
    throw new ArgumentError(
      `${opName}: size is ${size}, but the source holds ${samples} samples; use 1 … ${samples}`,
    );
  }
  if ((size + 1) * (batchSize + 1) >= 2 ** 32) {
    throw new ArgumentError(
      `${opName}: ${size} samples in batches of ${batchSize} overflow 32-bit positions; (size + 1) · (batchSize + 1) must stay below 2^32`,
    );
  }
  if (
    labelled &&
    (labels.shape.length !== 1 || labels.shape[0] < size || !['u8', 'i32'].includes(labels.dtype))
  ) {
    throw new ShapeError(
      `${opName}: the labels must be one u8 or i32 class index for each of the ${size} samples, got ${labels.dtype} ${formatShape(labels.shape)}`,
    );
  }
  if (!Number.isFinite(scale) || !Number.isFinite(offset)) {
    throw new ArgumentError(`${opName}: scale ${scale} and offset ${offset} must be finite`);
  }
  if (!Number.isInteger(salt) || salt < 0 || salt >= 2 ** 32) {
    throw new ArgumentError(`${opName}: salt is ${salt}; it must be a whole number from 0 to 2^32 - 1`);
  }
}

export interface GatherBatchOptions {
  /**
   * The data set on the GPU: an input u8, f32 or i32 [N, ...sample], or several that hold one part of the samples each,
   * in order, where the whole is larger than a binding.
   */
  source: Tensor | readonly Tensor[];
  batchSize: number;
  /** Samples to use, from the first on. Default: all N. */
  size?: number;
  /** A new order in each epoch (the default), or 0, 1, …, size − 1 over and over. */
  shuffle?: boolean;
  /** Result = scale · value + offset. Defaults 1 and 0. */
  scale?: number;
  offset?: number;
  /** Of the result: f32 (default unless the source is i32) or i32. */
  dtype?: 'f32' | 'i32';
  /** Fields gathered with equal salts under one seed stay together; another salt is another order. Default 0. */
  salt?: number;
}

const gatherOptions: OptionTable<GatherBatchOptions & { labels?: Tensor }> = {
  source: required,
  batchSize: required,
  size: true,
  shuffle: true,
  scale: true,
  offset: true,
  dtype: true,
  salt: true,
  labels: true,
};

/** The inputs of a gathering node, and its attributes with their defaults. */
export function gathering(
  options: GatherBatchOptions,
  labels: Tensor | undefined,
): { inputs: readonly Tensor[]; attrs: GatherBatchAttrs } {
  const pieces = Array.isArray(options.source)
    ? (options.source as readonly Tensor[])
    : [options.source as Tensor];
  const samples = pieces.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const { batchSize, size = samples, shuffle = true, scale = 1, offset = 0, salt = 0 } = options;
  const attrs = {
    batchSize,
    size,
    shuffled: shuffle,
    labelled: labels !== undefined,
    scale,
    offset,
    dtype: options.dtype ?? (pieces[0].dtype === 'i32' ? 'i32' : 'f32'),
    salt,
    pieces: pieces.length,
  };
  return { inputs: [...pieces, ...(labels ? [labels] : []), programState()], attrs };
}

function gather(options: GatherBatchOptions, labels: Tensor | undefined): readonly Tensor[] {
  checkOptions(labels ? 'gatherLabelledBatch' : 'gatherBatch', options, gatherOptions);
  const { inputs, attrs } = gathering(options, labels);
  return applyAll(gatherBatchOp, inputs, attrs);
}

/**
 * The batch of the current step, [batchSize, ...sample], from a data set on the GPU.
 *
 * Rows s = step · batchSize + row of all steps form one stream, epoch after epoch: position s mod size of
 * epoch ⌊s / size⌋ (a program's `reset` may begin it elsewhere). Each epoch holds every sample once, in the order of a keyed permutation that the
 * kernel computes itself (shaders/shared/permutation.wgsl); a batch may lie in two epochs.
 *
 * @throws ArgumentError or ShapeError if an option is out of range or the source is no [N, ...] of u8, i32 or f32
 */
export function gatherBatch(options: GatherBatchOptions): Tensor {
  return gather(options, undefined)[0];
}

/** `gatherBatch`, and in the same dispatch the labels of the same samples: i32 [batchSize] from u8 or i32 [N]. */
export function gatherLabelledBatch(
  options: GatherBatchOptions & { labels: Tensor },
): [batch: Tensor, labels: Tensor] {
  const [batch, labels] = gather(options, options?.labels);
  return [batch, labels];
}

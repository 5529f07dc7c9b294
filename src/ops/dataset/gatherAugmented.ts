import augmentedSource from '../../../shaders/dataset/gather_augmented.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { applyAll } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sizeOf } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { nextStream } from '../random/random.ts';
import { bitsFor, checkGather, gathering, piecesOf } from './gatherBatch.ts';
import type { GatherBatchAttrs, GatherBatchOptions } from './gatherBatch.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

const kernel = { name: 'dataset/gather_augmented', source: augmentedSource };

/** How the images of a batch are changed, each randomly and independently; options that are left out change nothing. */
export interface AugmentOptions {
  /** Moves by up to this fraction of height and width, in either direction: 0.1, or [vertical, horizontal]. In [0, 1]. */
  shift?: number | readonly [vertical: number, horizontal: number];
  /** Rotates by up to this many degrees, in either direction. */
  rotate?: number;
  /** Scales by a factor between 1 − this and 1 + this, or between the two given; above 0. */
  scale?: number | readonly [least: number, largest: number];
  /** Mirrors half of the images left to right. */
  flipHorizontal?: boolean;
  /** Mirrors half of the images top to bottom. */
  flipVertical?: boolean;
  /** Standard deviation of the noise added to each value, after normalisation. */
  noise?: number;
  /** Side in pixels of a square that is cut out around a random pixel (DeVries & Taylor 2017). */
  cutout?: number;
  /** The value beyond the edges and in the square, in the data set's own units; default 0. */
  fill?: number;
}

/** AugmentOptions with every value settled. */
interface Augmentation {
  readonly shift: readonly [number, number];
  /** Radians. */
  readonly rotate: number;
  readonly zoom: readonly [number, number];
  readonly flipX: boolean;
  readonly flipY: boolean;
  readonly noise: number;
  readonly cutout: number;
  readonly fill: number;
}

export interface GatherAugmentedAttrs extends GatherBatchAttrs {
  readonly augmentation: Augmentation;
  readonly stream: number;
  readonly noiseStream: number;
}

export const gatherAugmentedOp: Op<GatherAugmentedAttrs> = {
  name: 'gatherAugmented',
  kind: 'kernel',
  infer(inputs, attrs) {
    checkGather('gatherAugmented', inputs, attrs);
    const [source] = inputs;
    if (source.shape.length !== 4 || source.dtype === 'i32') {
      throw new ShapeError(
        `gatherAugmented: works on u8 or f32 images [N, height, width, channels], got ${source.dtype} ${formatShape(source.shape)}; leave augmentation out for other data`,
      );
    }
    const batch: TensorSpec = { shape: [attrs.batchSize, ...source.shape.slice(1)], dtype: 'f32' };
    return attrs.labelled ? [batch, { shape: [attrs.batchSize], dtype: 'i32' }] : [batch];
  },
  lower({ inputs, outputs: [batch, labels], attrs }, context) {
    const { software, limits } = context.target;
    const { shift, rotate, zoom, flipX, flipY, noise, cutout, fill } = attrs.augmentation;
    const [source] = inputs;
    const second = inputs[attrs.pieces];
    const [height, width, channels] = source.shape.slice(1);
    const blocks = Math.ceil((height * width * channels) / 4);
    // Every invocation draws its image's numbers: on a CPU a few of them per image, on a GPU enough to fill it.
    const workgroupSize = software ? 8 : 64;
    const iterations = Math.min(software ? 64 : 4, Math.ceil(blocks / workgroupSize));
    const groupsPerSample = Math.ceil(blocks / (workgroupSize * iterations));
    const groups = attrs.batchSize * groupsPerSample;
    const grid = linearGrid(groups, 1, limits.maxComputeWorkgroupsPerDimension);
    for (const { piece, part, ...place } of piecesOf(inputs, attrs)) {
      context.dispatch({
        kernel,
        constants: {
          SIZE: attrs.size,
          BITS: bitsFor(attrs.size),
          BATCH: attrs.batchSize,
          ...place,
          EXTENT: [height, width],
          CHANNELS: channels,
          PACKED: source.dtype === 'u8',
          LABELLED: attrs.labelled,
          PACKED_LABELS: attrs.labelled && second.dtype === 'u8',
          SHUFFLED: attrs.shuffled,
          SALT: attrs.salt,
          SCALE: attrs.scale,
          OFFSET: attrs.offset,
          STREAM: attrs.stream,
          NOISE_STREAM: attrs.noiseStream,
          MOVED: shift.some((s) => s > 0) || rotate > 0 || zoom.some((z) => z !== 1),
          SHIFT: [shift[0] * height, shift[1] * width],
          ROTATE: rotate,
          ZOOM: [...zoom],
          FLIP_X: flipX,
          FLIP_Y: flipY,
          NOISE: noise,
          CUTOUT: cutout,
          FILL: fill,
          GROUPS_PER_SAMPLE: groupsPerSample,
          ITERATIONS: iterations,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: grid.gridX,
        },
        bindings: {
          source: piece,
          state: inputs.at(-1)!,
          batch,
          ...(attrs.labelled && { label_source: second, labels }),
        },
        workgroups: grid.workgroups,
        part,
        flops: 60 * sizeOf(batch.shape),
      });
    }
  },
  gradient: { reason: 'a data set is not a parameter' },
};

const augmentOptions: OptionTable<AugmentOptions> = {
  shift: true,
  rotate: true,
  scale: true,
  flipHorizontal: true,
  flipVertical: true,
  noise: true,
  cutout: true,
  fill: true,
};

/**
 * Checks how images are to be changed.
 *
 * @throws ArgumentError that names the option and its range
 */
export function checkAugmentation(options: AugmentOptions): Augmentation {
  checkOptions('augment', options, augmentOptions);
  const { shift = 0, rotate = 0, scale = 0, noise = 0, cutout = 0, fill = 0 } = options;
  const shifts: readonly [number, number] = typeof shift === 'number' ? [shift, shift] : shift;
  const zoom: readonly [number, number] = typeof scale === 'number' ? [1 - scale, 1 + scale] : scale;
  const require = (holds: boolean, option: string, value: unknown, range: string) => {
    if (!holds) throw new ArgumentError(`augment: ${option} is ${String(value)}; it must be ${range}`);
  };
  require(shifts.every(
    (s) => s >= 0 && s <= 1,
  ), 'shift', shift, 'a share of the image from 0 to 1, or two of them');
  require(rotate >= 0 && rotate <= 180, 'rotate', rotate, 'an angle from 0 to 180 degrees');
  const scales = zoom[0] > 0 && zoom[1] >= zoom[0] && Number.isFinite(Math.fround(1 / zoom[0] + zoom[1]));
  require(scales, 'scale', scale, 'at least 0 and below 1, or two factors above 0, the smaller first');
  require(noise >= 0 && Number.isFinite(Math.fround(noise)), 'noise', noise, 'a finite number of at least 0');
  require(Number.isInteger(cutout) &&
    cutout >= 0 &&
    cutout < 2 ** 16, 'cutout', cutout, 'a whole number of pixels');
  require(Number.isFinite(Math.fround(fill)), 'fill', fill, 'a finite number');
  return {
    shift: shifts,
    rotate: (rotate * Math.PI) / 180,
    zoom,
    flipX: options.flipHorizontal ?? false,
    flipY: options.flipVertical ?? false,
    noise,
    cutout,
    fill,
  };
}

export interface GatherAugmentedOptions extends Omit<GatherBatchOptions, 'dtype'> {
  augment: AugmentOptions;
  /** Class indices u8 or i32 [N] to gather in the same dispatch. */
  labels?: Tensor;
}

/**
 * `gatherBatch` for images [N, height, width, channels], each randomly changed on the way: shifted, rotated, scaled
 * (read bilinearly), mirrored, with noise and a square cut out. Each step draws other numbers; with the same seed a repeated step draws the same.
 *
 * @returns the batch, f32, and where labels are given those of the same samples, i32 [batchSize]
 * @throws ArgumentError or ShapeError if an option is out of range or the source is not one of images
 */
export function gatherAugmented(options: GatherAugmentedOptions): readonly Tensor[] {
  const { labels, augment } = options;
  const { inputs, attrs } = gathering({ ...options, dtype: 'f32' }, labels);
  const augmentation = checkAugmentation(augment);
  const streams = { stream: nextStream(), noiseStream: nextStream() };
  return applyAll(gatherAugmentedOp, inputs, { ...attrs, augmentation, ...streams });
}

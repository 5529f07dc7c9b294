import imagesCode from '../../shaders/draw/images.wgsl?raw';
import judgedCode from '../../shaders/draw/judged.wgsl?raw';
import tilesCode from '../../shaders/draw/tiles.wgsl?raw';
import type { Kind, Range } from './kind.ts';
import type { PanelLayout } from './panels.ts';

/** How a tensor is cut into images. Strides are in elements. */
export interface Tiling {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly tileStride: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** The image that is drawn first; default 0. */
  readonly first?: number;
}

/** Images of a tensor: `largest` holds the magnitude that gets the full colour. */
export interface TensorSource extends Tiling {
  readonly kind: 'tensor';
  readonly values: Range;
  readonly largest: Range;
  /** Below 1 lifts small values; default 1. */
  readonly gamma?: number;
  /** Draw from paper to ink, as a picture, instead of in the colours of positive and negative. */
  readonly picture?: boolean;
  /** Positive numbers have the colour of right answers, and negative ones that of wrong answers. */
  readonly verdicts?: boolean;
}

/** Images from 0, paper, to 1, ink, with a bar under each for its probability of being real. */
export interface JudgedSource extends Tiling {
  readonly kind: 'judged';
  readonly values: Range;
  readonly opinions: Range;
}

/** Images of a data set of bytes, by their numbers. */
export interface ImagesSource {
  readonly kind: 'images';
  readonly bytes: Range;
  readonly width: number;
  readonly height: number;
  readonly chosen: Uint32Array;
}

export type TileSource = TensorSource | JudgedSource | ImagesSource;

/** One triangle that covers the canvas. */
const COVER = [3, 1] as const;

export const tensor: Kind<TensorSource> = {
  code: tilesCode,
  bindings: ({ values, largest }) => [values, largest],
  describe(source, layout, { paper, ink, negative, zero, positive, right, wrong }, uniform) {
    const { floats, words, colours } = uniform;
    const { width, height, count, tileStride, rowStride, columnStride, first = 0, gamma = 1 } = source;
    const { columns, gap, foot = 0 } = layout;
    floats.set([layout.width, layout.height, ...tileOf(source, layout), width, height, gap, gamma]);
    words.set([columns, count, tileStride, rowStride, columnStride, first], 8);
    floats[14] = foot;
    const signed = source.verdicts ? [wrong, zero, right] : [negative, zero, positive];
    colours(16, source.picture ? [paper, paper, ink] : signed);
  },
  vertices: () => COVER,
};

export const judged: Kind<JudgedSource> = {
  code: judgedCode,
  bindings: ({ values, opinions }) => [values, opinions],
  describe(source, layout, { paper, ink, fake, real }, { floats, words, colours }) {
    const { width, height, count, tileStride, rowStride, columnStride, first = 0 } = source;
    const { columns, gap, foot = 0 } = layout;
    floats.set([...tileOf(source, layout), width, height, gap, foot]);
    words.set([columns, count, tileStride, rowStride, columnStride, first], 6);
    colours(12, [paper, ink, fake, real]);
  },
  vertices: () => COVER,
};

export const images: Kind<ImagesSource> = {
  code: imagesCode,
  bindings: ({ bytes, chosen }, upload) => [bytes, upload(chosen)],
  describe(source, layout, { paper, ink }, { floats, words, colours }) {
    floats.set([...tileOf(source, layout), layout.gap]);
    words.set([layout.columns, source.chosen.length, source.width, source.height], 3);
    colours(8, [paper, ink]);
  },
  vertices: () => COVER,
  still: true,
};

/** Width and height of a tile, in pixels of the canvas. */
function tileOf(
  { width, height }: { width: number; height: number },
  { columns, gap, width: all }: PanelLayout,
): [number, number] {
  const tile = (all + gap) / columns - gap;
  return [tile, (tile * height) / width];
}

/** How images of [height, width, channels] lie in a tensor, one after the other; their first channel is shown. */
export function tilingOf([height, width, channels]: readonly number[], count: number, first = 0): Tiling {
  const [tileStride, rowStride] = [height * width * channels, width * channels];
  return { count, first, width, height, tileStride, rowStride, columnStride: channels };
}

/** Images of [height, width, channels] with their probabilities. */
export const judgedSource = (
  shape: readonly number[],
  values: Range,
  opinions: Range,
  count: number,
  first = 0,
): JudgedSource => ({ kind: 'judged', values, opinions, ...tilingOf(shape, count, first) });

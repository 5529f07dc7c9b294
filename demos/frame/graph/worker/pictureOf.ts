import { tilingOf } from '../../../drawing/tensorTiling.ts';
import type { Tiling } from '../../../drawing/tiles.ts';
import type { StepBinding } from '../stepGraph.ts';
import type { StepPicture } from '../calls.ts';

/** Images that are drawn at most. */
const MOST = 16;

/** How a tensor is drawn, and how many of its elements that takes, from the first on. */
export interface Plan {
  readonly tiling: Tiling;
  readonly elements: number;
  readonly picture: StepPicture;
}

/** Images with several channels are drawn channel by channel, others sample by sample, and filters by their channels. */
export function planOf({ shape, tensor }: Pick<StepBinding, 'shape' | 'tensor'>): Plan {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const isFilter = tensor.startsWith('∇');
  const made = (tiling: Tiling, elements: number, text: string): Plan => {
    const { count: tiles, width, height } = tiling;
    return { tiling, elements, picture: { tiles, width, height, text } };
  };
  if (shape.length !== 4 || isFilter) {
    const tiling = tilingOf(shape, isFilter);
    const text =
      shape.length === 4
        ? `filters: ${tiling.count} of ${shape[2] * shape[3]}, ${shape[0]} × ${shape[1]}`
        : shape.length === 2
          ? `${shape[0]} rows, ${shape[1]} columns`
          : `${size} numbers`;
    return made(tiling, size, text);
  }
  const [samples, height, width, channels] = shape;
  if (channels > 3) {
    const tiling = tilingOf(shape, false);
    return made(tiling, size / samples, `the first sample: ${tiling.count} of ${channels} channels`);
  }
  const count = Math.min(MOST, samples);
  const tileStride = height * width * channels;
  const tiling = { count, width, height, tileStride, rowStride: width * channels, columnStride: channels };
  const which = channels > 1 ? ', first channel' : '';
  return made(tiling, count * tileStride, `${count} of ${samples} samples${which}`);
}

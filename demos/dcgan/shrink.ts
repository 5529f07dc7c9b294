import { ops } from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';

export const shrink = (images: Tensor, side: number): Tensor => ops.resize2d(images, [side, side]);

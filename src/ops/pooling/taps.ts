import { valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';

/** Four taps travel in the bytes of one word where channels come in fours and a tap fits a byte. */
export function tapWidth(channels: number, [height, width]: readonly [number, number]): Width {
  return channels % 4 === 0 && height * width <= 256 ? 4 : 1;
}

/** Types of a kernel that reads or writes winners. */
export const tapAliases = (width: Width) => ({
  Value: valueType('f32', width),
  Tap: valueType('u32', width),
});

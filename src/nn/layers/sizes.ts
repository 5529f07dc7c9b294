import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';

/** The meaning of a sample's three dimensions, for messages. */
export const IMAGE = 'height, width, channels';

export function positiveInteger(layer: string, option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new ArgumentError(
      `${layer}: ${option} must be a whole number of at least 1, not ${describe(value)}`,
    );
  }
  return value;
}

/** A pair of extents given as one number or two: [height, width]. */
export function pair(
  layer: string,
  option: string,
  value: number | readonly [number, number],
): [number, number] {
  const both = Array.isArray(value) ? value : [value, value];
  if (both.length !== 2) {
    throw new ArgumentError(
      `${layer}: ${option} is [${both.join(', ')}]; give one whole number of at least 1, or two: [height, width]`,
    );
  }
  return [positiveInteger(layer, option, both[0]), positiveInteger(layer, option, both[1])];
}

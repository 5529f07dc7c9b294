/** How the filter moves over the image. */
export interface Geometry {
  readonly stride: 1 | 2;
  readonly padding: 'valid' | 'same';
}

/** Sides of the image and of the filter. */
export const SIDE = 7;
export const TAPS = 3;

/** The width of the ring of zeros around the image. */
export const ringOf = ({ padding }: Geometry): number => (padding === 'same' ? 1 : 0);
export const paddedSide = (geometry: Geometry): number => SIDE + 2 * ringOf(geometry);
export const outputSide = (geometry: Geometry): number =>
  Math.floor((paddedSide(geometry) - TAPS) / geometry.stride) + 1;

/** The places in the padded image that the filter lies on for one output, row by row. */
export function windowOf(geometry: Geometry, output: number): number[] {
  const [side, outputs] = [paddedSide(geometry), outputSide(geometry)];
  const [row, column] = [Math.floor(output / outputs), output % outputs].map((at) => at * geometry.stride);
  return Array.from(
    { length: TAPS * TAPS },
    (_, tap) => (row + Math.floor(tap / TAPS)) * side + column + (tap % TAPS),
  );
}

/** Filters to begin with. */
export const FILTERS = {
  left: [-1, 0, 1, -1, 0, 1, -1, 0, 1],
  top: [-1, -1, -1, 0, 0, 0, 1, 1, 1],
  diagonal: [-1, -1, 1, -1, 1, -1, 1, -1, -1],
  blur: Array.from({ length: 9 }, () => 1 / 9),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
} as const;

/** A seven. */
export const IMAGE = ['0000000', '0111110', '0000010', '0000100', '0001000', '0001000', '0000000'].join('');

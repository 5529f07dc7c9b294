import type { Centres, Mapped, Place } from '../drawing/codes.ts';

/** The pixels of an image. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
/** Test images side by side, one of each class if possible; the reader's own digit comes after them. */
export const SHOWN = 10;
export const YOURS = SHOWN;
/** Images from one digit to another, both included. */
export const BETWEEN = 9;

/**
 * What the page calls. Panels: original, noisy, image:<version>, code:<version>, yours:input, yours:<version>,
 * yours:code:<version>, pixels, between; those of codes.ts.
 */
export type Calls = {
  /** The reader's own digit: 28 × 28 bytes of ink. */
  draw(pixels: Uint8Array): void;
  /** The code that is decoded: standard deviations along the axes, MOST_AXES of them. */
  decode(scores: Float32Array): void;
  /** The test image whose code is nearest to a place on the map. */
  nearest(place: Place): Promise<Mapped | undefined>;
};

/** Messages of the worker. */
export type Tells = {
  /** Parameters of one version. */
  model: { readonly parameters: number; readonly bottleneck: number; readonly noisy: boolean };
  /** The digits of the test images that are shown. */
  shown: Uint8Array;
  /** The codes have moved on the map. */
  centres: Centres;
};

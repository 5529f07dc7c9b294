import type { AutoencoderVersion } from '../../src/models/autoencoderVersions.ts';

/** The pixels of an image. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
/** Test images side by side, one of each class where there are such; the reader's own digit comes after them. */
export const SHOWN = 10;
export const YOURS = SHOWN;
/** Images from one digit to another, both included. */
export const BETWEEN = 9;
/** Directions of the code that can be changed, at most. */
export const MOST_AXES = 8;
/** The map of codes and the sliders reach so many standard deviations. */
export const REACH = 3.2;

/** How many numbers of a code stand beside each other, by their number: wide rows fit under a picture. */
export const codeWidth = (size: number): number => (size >= 32 ? 16 : Math.min(size, 8));

/** What is looked at: it changes neither networks nor training. */
export interface Looks {
  /** Numbers of the test images that are shown. */
  readonly shown: Uint32Array;
  /** The walk's ends, by their places. */
  readonly pair: readonly [number, number];
  /** Whose codes are explored. */
  readonly version: AutoencoderVersion;
  /** The code that is decoded: standard deviations along the axes, MOST_AXES of them. */
  readonly scores: Float32Array;
}

/** A test image on the map. */
export interface Mapped {
  readonly image: number;
  readonly digit: number;
  readonly place: readonly [number, number];
  /** 28 × 28 bytes of ink. */
  readonly pixels: Uint8Array;
}

/**
 * What the page calls. Panels: original, noisy, image:<version>, code:<version>, yours:input, yours:<version>,
 * yours:code:<version>, pixels, between, decoded, decoded-code, map.
 */
export type Calls = {
  look(looks: Looks): void;
  /** The reader's own digit: 28 × 28 bytes of ink. */
  draw(pixels: Uint8Array): void;
  /** The test image whose code is nearest to a place on the map. */
  nearest(place: readonly [number, number]): Promise<Mapped | undefined>;
};

/** What the worker tells. */
export type Tells = {
  /** Parameters of one version. */
  model: { readonly parameters: number; readonly bottleneck: number; readonly noisy: boolean };
  /** The digits of the test images. */
  labels: Uint8Array;
  /** Where the classes lie on the map: ten rows of `axes` standard deviations. */
  centres: {
    readonly version: AutoencoderVersion;
    readonly axes: number;
    readonly centres: Float32Array;
    readonly images: number;
  };
};

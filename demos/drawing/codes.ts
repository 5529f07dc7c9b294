/**
 * What a page and its worker say to each other about the codes that a network gives to images: a map of them, and one of
 * them that is decoded. `CodeSpace` computes it in the worker, `createPointMap` and `createLatentSliders` show it. The
 * worker draws the panels 'map', 'decoded' and 'decoded-code'.
 */

/** Directions of a code that can be changed, at most. */
export const MOST_AXES = 8;
/** Map and sliders reach so many standard deviations. */
export const REACH = 3.2;

/** How many numbers of a code stand beside each other, by their number: wide rows fit under a picture. */
export const codeWidth = (size: number): number => (size >= 32 ? 16 : Math.min(size, 8));
/** Height of a code's picture by its width. */
export const codeAspect = (size: number): number => size / codeWidth(size) ** 2;

/** A place on the map, in standard deviations to the right and up. */
export type Place = readonly [x: number, y: number];

/** An image on the map. */
export interface Mapped {
  readonly image: number;
  readonly place: Place;
  /** Its class. */
  readonly label: number;
  /** Bytes of ink, a square. */
  readonly pixels: Uint8Array;
}

/** Where the codes of the classes lie. */
export interface Centres {
  /** A row of standard deviations along the axes for each class. */
  readonly rows: readonly Float32Array[];
  /** Images on the map. */
  readonly images: number;
}

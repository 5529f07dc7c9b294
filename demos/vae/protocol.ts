import type { Mapped, Place } from '../drawing/codes.ts';

/** The pixels of an image. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
/** Digits on each side of the sheet. */
export const SHEET = 13;
/** Codes that are drawn for the reader's digit. */
export const DRAWS = 8;
/** Test images side by side, one of each class if possible; the reader's own digit comes after them. */
export const SHOWN = 10;
export const YOURS = SHOWN;
/** Images from one digit to another, both included. */
export const BETWEEN = 9;
/** The map reaches so far: the prior has three in 10,000 of its codes beyond 3 on either side. */
export const REACH = 3.6;

/** What the page calls. Panels: sheet, chosen, yours, noise, codes, draws, originals, rebuilt, pixels, between; map. */
export type Calls = {
  /** The reader's own digit: 28 × 28 bytes of ink. */
  draw(pixels: Uint8Array): void;
  /** Draws other codes for it. */
  again(): void;
  /** The code that is decoded: what its two numbers shown are. */
  choose(place: Place): void;
  /** The test image whose code is nearest to a place on the map. */
  nearest(place: Place): Promise<Mapped | undefined>;
};

/** Messages of the worker. */
export type Tells = {
  model: { readonly parameters: number; readonly latent: number };
  /** The digits of the test images that are shown. */
  shown: Uint8Array;
  reading: Reading;
  cloud: Cloud;
};

/** Of the reader's digit. */
export interface Reading {
  /** μ and σ of each number of its code. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** ε: DRAWS codes, one after the other. */
  readonly noise: Float32Array;
}

/** Of the codes of many test images. */
export interface Cloud {
  readonly images: number;
  /** Mean KL of each number of the code, in nats. */
  readonly kl: Float32Array;
  /** Shares of the codes within the circles of radius 1 and 2 on the map. */
  readonly within: readonly [number, number];
  /** Where the mean of each class is on the map. */
  readonly centres: readonly Place[];
}

import type { GanPart } from '../../src/index.ts';
import type { CornerPlace } from '../drawing/latentWalk.ts';

/** Samples on a side of the grids, and of the map of the latent walk. */
export const GRID = 8;
export const MAP = 7;
export const SAMPLES = GRID * GRID;

/** What happens in a step, in order. */
export const STAGES = ['noise', 'generate', 'pair', 'judge', 'losses', 'update'] as const;
export type Stage = (typeof STAGES)[number];

/** A number for each network. */
export interface ByNetwork {
  readonly generator: number;
  readonly discriminator: number;
}

/** What the sheet of generated images shows: the images, or the gradients of the generator's loss by their pixels. */
export type Pictured = 'images' | 'gradients';

/**
 * What the page calls. Panels: 'fakes', 'reals', 'flow-noise', 'flow-fake', 'flow-real', 'flow-gradient', 'walk', 'map'.
 */
export type Calls = {
  /** The sample whose way through the networks is shown. */
  watch(index: number): void;
  picture(what: Pictured): void;
  /** The generated images as they were after this step; undefined: as they are. */
  past(step: number | undefined): void;
  walk(place: CornerPlace): Promise<void>;
};

/** The facts about the samples, by their numbers. */
export interface Reading {
  /** The discriminator's probability that the image is real. */
  readonly fake: Float32Array;
  readonly real: Float32Array;
  /** The largest magnitude in the gradient of the generator's loss by the image's pixels. */
  readonly pull: Float32Array;
  /** The digit that the sample is read as, and its probability. */
  readonly digits: Uint8Array;
  readonly confidences: Float32Array;
  readonly meanConfidence: number;
  /** The entropy of the shares of the ten digits, in nats. */
  readonly entropy: number;
}

/** Messages of the worker. */
export type Tells = {
  model: { readonly parameters: ByNetwork; readonly latentSize: number };
  /** `updates`: how often each network has been updated. */
  seen: Reading & { readonly step: number; readonly updates: ByNetwork };
  /** The steps whose images can be shown again. */
  moments: readonly number[];
  /** Root mean square of the change of the weights since the last pause; undefined while they change. */
  moved: ByNetwork | undefined;
  /** The stage that a slow step has reached; undefined when it is over. */
  stage: { readonly stage: Stage | undefined; readonly part: GanPart };
  /** The discriminator's opinion of the image at the place of the walk. */
  walked: number;
};

import type { AutoencoderVersion } from '../../src/models/autoencoderVersions.ts';
import type { DispatchInfo, KernelCode } from '../shared/dispatches.ts';
import type { DataSettings } from '../shared/loadDigits.ts';
import type { Palette, Rgb } from '../shared/palette.ts';
import type { PanelMessage } from '../shared/panels.ts';

/** What the page and its worker say to each other. The worker owns the GPU, the data and the networks. */

/** Digits shown side by side, one of each class where there are such. */
export const SHOWN = 10;
/** Images from one digit to another, both included. */
export const BETWEEN = 9;
/** Directions of the code that can be shaped, at most. */
export const MOST_AXES = 8;
/** The map of codes and the sliders reach so many standard deviations. */
export const REACH = 3.2;

export interface TrainingSettings {
  readonly bottleneck: number;
  /** Standard deviation of the noise on the inputs; 0 where nothing is to be taken away. */
  readonly noise: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** As fast as it goes, or so many steps a second. */
export type Pace = 'full' | '5' | '1';

/** What is looked at: it changes neither networks nor training. */
export interface Looks {
  /** Numbers of the test images that are shown. */
  readonly shown: Uint32Array;
  /** Between which two of them, by their places. */
  readonly pair: readonly [number, number];
  /** Whose codes are explored. */
  readonly version: AutoencoderVersion;
  /** The code that is shaped: standard deviations along the axes, MOST_AXES of them. */
  readonly scores: Float32Array;
}

/** What the page wants at this moment; the worker keeps it up to date. */
export interface Wishes {
  looks: Looks;
  pace: Pace;
}

/** Besides the colours of tensors, those of the classes. */
export interface PagePalette extends Palette {
  readonly classes: readonly Rgb[];
}

export type ToWorker =
  | {
      type: 'start';
      training: TrainingSettings;
      data: DataSettings;
      pace: Pace;
      palette: PagePalette;
      dataUrl: string;
    }
  | { type: 'play' }
  | { type: 'pause' }
  | { type: 'step' }
  /** From the first step again, with these settings. */
  | { type: 'reset'; training: TrainingSettings }
  | { type: 'learningRate'; value: number }
  /** Goes on with other noise, and the same weights. */
  | { type: 'noise'; value: number }
  | { type: 'pace'; pace: Pace }
  | { type: 'palette'; palette: PagePalette }
  | { type: 'looks'; looks: Looks }
  /** Panels: original, noisy, image:<version>, code:<version>, pixels, between, decoded, decoded-code, map. */
  | PanelMessage;

export type ByVersion<T> = Readonly<Record<AutoencoderVersion, T>>;

export interface VersionValues {
  /** Of the version's own loss. */
  readonly loss: number;
  /** Mean squared error per pixel. */
  readonly error: number;
}

export interface StepPoint {
  readonly step: number;
  readonly values: ByVersion<VersionValues>;
}

export type TrainingState =
  | 'loading'
  | 'compiling'
  | 'ready'
  | 'running'
  | 'pausing'
  | 'paused'
  | 'finished'
  | 'failed';

/** How the networks are trained unless the address says otherwise. */
export interface Recipe {
  readonly bottleneck: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
}

export type FromWorker =
  /** Comes first. */
  | { type: 'recipe'; recipe: Recipe }
  | { type: 'adapter'; description: string; software: boolean }
  /** `part` of the work is done, 0 … 1. */
  | { type: 'progress'; what: string; part: number }
  | {
      type: 'data';
      name: string;
      synthetic: boolean;
      notice?: string;
      trainSize: number;
      testSize: number;
      /** The digits of the test images. */
      labels: Uint8Array;
    }
  /** Parameters of one version. */
  | { type: 'model'; parameters: number; bottleneck: number }
  | {
      type: 'program';
      dispatches: readonly DispatchInfo[];
      planBytes: number;
      kernels: readonly KernelCode[];
    }
  | { type: 'state'; state: TrainingState; step: number; epoch: number }
  | { type: 'steps'; points: readonly StepPoint[]; millisecondsPerStep: number }
  /** The test set. */
  | { type: 'evaluated'; step: number; values: ByVersion<VersionValues> }
  /** Where the classes lie in the map of codes: ten rows of `axes` standard deviations. */
  | { type: 'centres'; version: AutoencoderVersion; axes: number; centres: Float32Array; images: number }
  /** The GPU was lost, and a new one goes on from the last checkpoint. `reason` is WebGPU's own. */
  | { type: 'recovered'; step: number; reason: string }
  | { type: 'error'; name: string; message: string };

import type { GanPart, GeneratorLoss } from '../../src/index.ts';
import type { DcganPreset } from '../../src/models/dcgan.ts';
import type { DispatchInfo, KernelCode } from '../shared/dispatches.ts';
import type { KernelTab } from '../shared/kernelTabs.ts';
import type { DataSettings } from '../shared/loadDigits.ts';
import type { Palette } from '../shared/palette.ts';
import type { PanelMessage } from '../shared/panels.ts';

/** What the page and its worker say to each other. The worker owns the GPU, the data and the networks. */

/** Samples on a side of the grids, and of the map of the latent walk. */
export const GRID = 8;
export const MAP = 7;
export const SAMPLES = GRID * GRID;

export interface GanSettings {
  readonly preset: DcganPreset;
  readonly generatorRate: number;
  readonly discriminatorRate: number;
  readonly loss: GeneratorLoss;
  /** How far the targets of real images stay below 1. */
  readonly smoothing: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** How each pair of networks is trained unless the address says otherwise. */
export interface Recipe {
  readonly description: string;
  readonly parameters: readonly [generator: number, discriminator: number];
  readonly learningRate: number;
  readonly batchSize: number;
}
export type Recipes = Readonly<Record<DcganPreset, Recipe>>;

/** As fast as it goes, a step each half second, or a stage of a step each half second. */
export type Pace = 'full' | 'step' | 'stage';

/** What happens in a step, in order. */
export const STAGES = ['noise', 'generate', 'fake', 'judge', 'losses', 'update'] as const;
export type Stage = (typeof STAGES)[number];

/** A place between four samples of the grid: their numbers at the corners of the map, and x and y from 0 to 1. */
export interface Place {
  readonly corners: readonly number[];
  readonly x: number;
  readonly y: number;
}

export type ToWorker =
  | { type: 'start'; training: GanSettings; data: DataSettings; palette: Palette; dataUrl: string }
  | { type: 'play' }
  | { type: 'pause' }
  | { type: 'step' }
  /** From the first step again, with these settings. */
  | { type: 'reset'; training: GanSettings }
  | { type: 'rates'; generator: number; discriminator: number }
  | { type: 'part'; part: GanPart }
  | { type: 'pace'; pace: Pace }
  | { type: 'palette'; palette: Palette }
  /** Panels: 'fakes', 'reals', 'flow-noise', 'flow-fake', 'flow-real', 'walk', 'map'. */
  | PanelMessage
  /** Other latent vectors for the grid. */
  | { type: 'noise'; number: number }
  /** The sample whose way through the networks is shown. */
  | { type: 'watch'; index: number }
  | { type: 'walk'; place: Place }
  /** Train the judge of digits, where that has not begun by itself. */
  | { type: 'critic' };

export type TrainingState = 'loading' | 'compiling' | 'ready' | 'running' | 'pausing' | 'paused' | 'failed';

export interface StepPoint {
  readonly step: number;
  readonly discriminatorLoss: number;
  readonly generatorLoss: number;
  readonly realAccuracy: number;
  readonly fakeAccuracy: number;
}

/** A number for each network. */
export interface ByNetwork {
  readonly generator: number;
  readonly discriminator: number;
}

export type FromWorker =
  | { type: 'adapter'; description: string; software: boolean }
  | { type: 'recipes'; recipes: Recipes }
  /** `part` of the work is done, 0 … 1. */
  | { type: 'progress'; what: string; part: number }
  | { type: 'data'; synthetic: boolean; notice?: string; trainSize: number }
  | { type: 'model'; parameters: ByNetwork; latentSize: number; side: number }
  | {
      type: 'program';
      part: GanPart;
      dispatches: readonly DispatchInfo[];
      planBytes: number;
      /** Those worth reading. */
      kernels: readonly (KernelTab & KernelCode)[];
    }
  | { type: 'state'; state: TrainingState; step: number; epoch: number; updates: ByNetwork }
  | { type: 'steps'; points: readonly StepPoint[]; millisecondsPerStep: number }
  /** The stage that a slow step has come to; undefined when it is over. */
  | { type: 'stage'; stage: Stage | undefined; part: GanPart }
  /** The discriminator's probability for each image of the two grids that it is real. */
  | { type: 'opinions'; fake: Float32Array; real: Float32Array }
  /** Root mean square of how far the weights have moved since the last pause. */
  | { type: 'moved'; by: ByNetwork }
  | { type: 'walked'; opinion: number }
  /** The judge of digits: not trained, being trained, or at work with this accuracy in its training. */
  | {
      type: 'critic';
      state: 'untrained' | 'training' | 'ready';
      part: number;
      accuracy: number;
      steps: number;
    }
  | {
      type: 'classes';
      step: number;
      /** By sample: the digit that it is read as, and how surely. */
      digits: Uint8Array;
      confidences: Float32Array;
      meanConfidence: number;
      /** Of the shares of the ten digits, in nats. */
      entropy: number;
      generatorUpdates: number;
    }
  /** The GPU was lost, and a new one goes on from the last checkpoint. `reason` is WebGPU's own. */
  | { type: 'recovered'; step: number; reason: string }
  | { type: 'error'; name: string; message: string };

import type { MnistCnnPreset } from '../../src/models/mnistCnn.ts';
import type { Palette } from '../shared/palette.ts';
import type { PanelMessage } from '../shared/panels.ts';
import type { DispatchInfo, KernelCode } from '../shared/dispatches.ts';
import type { DataSettings } from '../shared/loadDigits.ts';

/** What the page and its worker say to each other. The worker owns the GPU, the data and the model. */

export interface TrainingSettings {
  readonly preset: MnistCnnPreset;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
}

export type ToWorker =
  | { type: 'start'; training: TrainingSettings; data: DataSettings; palette: Palette; dataUrl: string }
  | { type: 'play' }
  | { type: 'pause' }
  | { type: 'step' }
  /** From the first step again, with these settings. */
  | { type: 'reset'; training: TrainingSettings }
  | { type: 'learningRate'; value: number }
  | { type: 'palette'; palette: Palette }
  /** Panels: 'grid', 'input', 'filters:<layer>', 'maps:<layer>'. */
  | PanelMessage
  /** Show a test image, or 28 × 28 bytes, to the network. */
  | { type: 'look'; input: number | Uint8Array }
  /** Test images to draw into the panel 'grid'. */
  | { type: 'grid'; chosen: Uint32Array }
  | { type: 'lesson'; image: Float32Array; filter: Float32Array };

export interface LayerInfo {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly flops: number;
  /** The filters can be drawn: a convolution of a grey image. */
  readonly filters?: { readonly width: number; readonly height: number };
}

export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
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

/** How each network is trained unless the address says otherwise. */
export type Recipes = Readonly<
  Record<
    MnistCnnPreset,
    { description: string; parameters: number; learningRate: number; batchSize: number; epochs: number }
  >
>;

export type FromWorker =
  /** Comes first. */
  | { type: 'recipes'; recipes: Recipes }
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
  | { type: 'model'; layers: readonly LayerInfo[]; parameters: number; epochs: number }
  | { type: 'program'; dispatches: readonly DispatchInfo[]; planBytes: number }
  | { type: 'state'; state: TrainingState; step: number; epoch: number }
  | { type: 'steps'; points: readonly StepPoint[]; millisecondsPerStep: number }
  | {
      type: 'evaluated';
      step: number;
      loss: number;
      accuracy: number;
      /** By test image: the class found, and its probability. */
      predictions: Uint8Array;
      confidence: Float32Array;
    }
  | { type: 'seen'; input: number | undefined; probabilities: Float32Array }
  | {
      type: 'lesson';
      convolved: number[];
      rectified: number[];
      pooled: number[];
      kernels: readonly KernelCode[];
    }
  /** The GPU was lost, and a new one goes on from the last checkpoint. `reason` is WebGPU's own. */
  | { type: 'recovered'; step: number; reason: string }
  | { type: 'error'; name: string; message: string };

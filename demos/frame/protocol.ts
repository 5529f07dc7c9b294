import type { DispatchInfo, KernelCode } from '../shared/dispatches.ts';
import type { Palette } from '../shared/palette.ts';
import type { PanelMessage } from '../drawing/panels.ts';
import type { Acts } from './settings.ts';

/**
 * What a page and its worker say to each other. The worker owns the GPU, the data and the networks. A page adds its own
 * in two interfaces: functions of the worker that the page calls, and events that the worker tells the page.
 */

/** `{ look(image: Uint8Array): void }`: arguments and answers are copied by structured clone, or transferred. */
export type Calls = Readonly<Record<string, (...args: any[]) => unknown>>;
/** `{ seen: { probabilities: Float32Array } }` */
export type Tells = Readonly<Record<string, unknown>>;

export type TrainingState =
  /** The GPU and the network are being prepared. */
  | 'loading'
  /** There is a network to look at; its data load, and the kernels of its training compile. */
  | 'compiling'
  | 'ready'
  | 'running'
  | 'pausing'
  | 'paused'
  | 'finished'
  | 'failed';

/** Where a training stands. */
export interface Position {
  readonly state: TrainingState;
  /** Steps done. */
  readonly step: number;
  /** Epochs done, and those of this run; undefined where it has no end. */
  readonly epoch: number;
  readonly epochs: number | undefined;
  /** The share of this run that is done; undefined where it has no end. */
  readonly part: number | undefined;
  /** The network came trained, and has not been trained further here. */
  readonly trained: boolean;
}

/** Numbers by their names, after a step: 'loss', 'accuracy', … */
export interface Point {
  readonly step: number;
  readonly [name: string]: number;
}

/** What the data are, for the page's notices. */
export interface DataFacts {
  /** How many samples an epoch has; undefined while they are not there. */
  readonly trainSize?: number;
  readonly synthetic?: boolean;
  readonly notice?: string;
}

/** A training step, compiled. */
export interface ProgramFacts {
  readonly dispatches: readonly DispatchInfo[];
  readonly planBytes: number;
  readonly kernels: readonly KernelCode[];
  /** What is trained, where a page has several such programs. */
  readonly part?: string;
}

/** The values of the page's settings, as they cross to the worker. */
export type Values = Readonly<Record<string, unknown>>;

export type ToWorker =
  /** `acts`: what a change of each setting does. */
  | { type: 'start'; values: Values; acts: Readonly<Record<string, Acts>>; palette: Palette; base: string }
  | { type: 'play' | 'pause' | 'step' }
  /** From the first weights again; with `trained`, from those that the page brings. `play`: and train on. */
  | { type: 'reset'; trained: boolean; play?: boolean }
  /** One or more settings have changed. */
  | { type: 'set'; values: Values; changed: readonly string[] }
  | { type: 'palette'; palette: Palette }
  /** A panel has come into view: browsers may keep an old picture of what was drawn out of sight. */
  | { type: 'shown' }
  /** The tab went to the background, or came back. */
  | { type: 'tab'; hidden: boolean }
  /** `ofNetwork`: the panel goes with the network. */
  | (PanelMessage & { ofNetwork?: boolean })
  | { type: 'call'; id: number; name: string; args: readonly unknown[] };

export type FromWorker =
  /** Comes first: the page answers with `start`. */
  | { type: 'adapter'; description: string; software: boolean }
  /** `part` of the work is done, 0 … 1. */
  | { type: 'progress'; what: string; part: number }
  | { type: 'data'; facts: DataFacts }
  | { type: 'program'; facts: ProgramFacts }
  /** A network was made: `canTrained` says that there are trained weights for it. */
  | { type: 'made'; optimizer: string | undefined; canTrained: boolean }
  | { type: 'position'; position: Position }
  | { type: 'points'; points: readonly Point[]; millisecondsPerStep: number; samplesPerStep: number }
  /** Values of the network as it is, from an evaluation. */
  | { type: 'evaluated'; point: Point }
  /** Nothing that was charted counts any more. */
  | { type: 'cleared' }
  | { type: 'told'; name: string; value: unknown }
  | { type: 'answer'; id: number; value?: unknown }
  /** A newer call counts instead, or there is no network: the call is not answered. */
  | { type: 'unanswered'; id: number }
  /** The GPU was lost, and a new one continues from the last checkpoint. `reason` is WebGPU's own. */
  | { type: 'recovered'; step: number; reason: string }
  /** What a call or a reset needs cannot be loaded; everything else goes on, with the network as it is. */
  | { type: 'missing'; of: 'call' | 'reset'; message: string }
  | { type: 'error'; name: string; message: string };

import type { CompileProgress, EpochValues, Gpu, Program } from '../../../src/index.ts';
import type { PanelRenderer } from '../../drawing/renderer.ts';
import type { KernelCode } from '../../shared/dispatches.ts';
import type { Weights } from './weights.ts';
import type { DataFacts } from '../protocol.ts';

/** The options of `fit` that the frame gives, to be passed on. */
export interface RunOptions {
  readonly resume: true;
  readonly keepSteps: false;
  readonly signal: AbortSignal;
  readonly onCompile: (progress: CompileProgress) => void;
  readonly onReady: (program: Program, part?: string) => Promise<void>;
  readonly beforeStep: (step: number) => Promise<void>;
  readonly onSteps: (values: readonly ({ readonly step: number } & object)[]) => void;
  readonly onEpoch: (values: Pick<EpochValues, 'step'>) => Promise<void>;
}

/**
 * A network in training on one GPU, or several that train together: what a page has to say of it. Until `begin` it is only
 * looked at.
 */
export interface Trainee<Data> {
  /** Steps done since the first weights. */
  readonly step: number;
  /** Samples of a step, and epochs of a run; undefined: it continues until it is stopped. */
  readonly batchSize: number;
  readonly epochs?: number;
  /** The optimizer's name in the engine, 'adam', shown with the settings that end in `rate`. */
  readonly optimizer?: string;
  /** What the next step trains, where steps train parts of it: as `onReady` names them. */
  readonly part?: string;

  /** Of a network that may come trained: where its weights go before `begin`. */
  readonly weights?: Weights;
  /**
   * Loads and compiles what trains, a script of its own, for the weights as they are. Everything that follows but `take`,
   * `look`, `set` and `connect` waits for it.
   */
  begin?(): Promise<void>;

  /** Data have come: those of a first look, and later all. What is to be shown of them can be. */
  take?(data: Partial<Data>): void;
  /** Makes what a first look does without: it is called once, after that, and a look follows. */
  complete?(): Promise<void>;
  /** Compiles the training step, while the data still load. */
  prepare?(options: Pick<RunOptions, 'onCompile'>): Promise<void>;
  /** Trains until the run is over or the signal stops it: `model.fit(data, { ...options, … })`. */
  run(data: Data, options: RunOptions): PromiseLike<unknown>;
  /** Computes what the panels show and draws them. The frame calls it when it is due, and one at a time. */
  look?(): Promise<void>;
  /** Values of the test set or the like, for charts and figures: names that are none of the training's. */
  evaluate?(data: Partial<Data>): Promise<Readonly<Record<string, number>>>;
  /** Awaited before a step that is run; `isWanted` turns false when someone pauses. */
  approach?(isWanted: () => boolean): Promise<void>;
  /** The training rests at this step. */
  rested?(): Promise<void>;

  /** Everything that training needs to continue. */
  save(): Promise<Uint8Array>;
  load(bytes: Uint8Array): void | Promise<void>;
  /** The setting `name`, which acts now or at a restart, is this from now on; also told after `begin` and every `load`. */
  set?(name: string, value: unknown): void | Promise<void>;
  /** A panel has come: it is to show what is its to show. */
  connect?(panel: string): void;
  /** The kernels of the program worth reading, where they are not simply all of them. */
  kernels?(program: Program): readonly KernelCode[];
  destroy(): void | Promise<void>;
}

/** Where a trainee is made: one GPU, and what belongs to the page. */
export interface Context<V, Tells> {
  readonly gpu: Gpu;
  /** The settings as they are now. */
  readonly values: V;
  readonly renderer: PanelRenderer;
  /** Tells the page an event of its own. */
  tell<K extends keyof Tells & string>(name: K, value: Tells[K], transfer?: Transferable[]): void;
  /** Asks for a look as soon as none is under way. */
  look(): void;
  /** Something went wrong beside the training. */
  fail(error: unknown): void;
}

/** Where data are loaded. */
export interface Loading<V> {
  readonly values: V;
  /** The address of the site's data: `${base}/mnist`. */
  readonly base: string;
  progress(what: string, part: number): void;
}

export interface Loaded<Data> {
  readonly data: Data;
  readonly facts: DataFacts;
}

/** The data of a page. */
export interface Source<Data> {
  /** What has come last. */
  readonly latest?: Loaded<Partial<Data>>;
  /** What a first look needs, on its way; undefined where all data come at once. */
  readonly first: Promise<Loaded<Partial<Data>>> | undefined;
  /** All data; they are fetched when this is asked for the first time. */
  all(): Promise<Loaded<Data>>;
}

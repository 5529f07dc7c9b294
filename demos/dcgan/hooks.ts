import type { GanPart } from '../../src/index.ts';
import type { FromWorker, GanSettings, Pace, Place } from './protocol.ts';

/** What the page wants at this moment; the worker keeps it up to date. */
export interface Wishes {
  part: GanPart;
  pace: Pace;
  /** Number of the latent vectors that are shown. */
  noise: number;
  watched: number;
  /** Of the latent walk; undefined until someone looks at it. */
  place?: Place;
}

export interface Hooks {
  readonly post: (message: FromWorker) => void;
  readonly onFailure: (error: unknown) => void;
  readonly wishes: Readonly<Wishes>;
}

/** Where to go on after the GPU was lost. */
export interface Checkpoint {
  readonly settings: GanSettings;
  readonly bytes: Uint8Array;
  readonly step: number;
  readonly running: boolean;
}

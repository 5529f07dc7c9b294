import * as api from '../../src/index.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import type { Drawing, Id, Value } from './entry.ts';
import type { Tape } from './tape.ts';

/** A layer in one use: its samples [N, …], and what it computes in words of the ops' references. */
export interface LayerCall {
  readonly layer: Layer;
  readonly inputs: readonly Value[];
  /** `w` has the layer's variables by their names within it. */
  readonly twin: (tape: Tape, x: readonly Id[], w: Readonly<Record<string, Id>>) => Id;
  readonly text: string;
  /** The result is exact where the inputs are. */
  readonly exact?: boolean;
}

export type LayerDraw = (draft: Drawing) => LayerCall | undefined;

const factories: Readonly<Record<string, unknown>> = { ...api };

/** A layer by its type. */
export const make = (type: string, ...args: unknown[]): Layer =>
  (factories[type] as (...all: unknown[]) => Layer)(...args);

export const samples = (draft: Drawing, ranks: readonly number[] = [2, 3, 4], exact = false): Value =>
  draft.any({ rank: ranks, exact });

export const channelsOf = ({ tensor }: Value): number => tensor.shape.at(-1)!;

import type { TilePlan } from '../../../drawing/panels.ts';
import type { GraphCalls } from '../calls.ts';

/** What the panel needs of the page that it is on. */
export interface GraphPage {
  /** The step is one that was recorded: nothing of it runs, can be measured or edited. */
  readonly isRecorded: boolean;
  /** Rejects where the step is gone that is asked about: its GPU was lost, or another network was made. */
  call<K extends keyof GraphCalls>(
    name: K,
    ...args: Parameters<GraphCalls[K]>
  ): Promise<Awaited<ReturnType<GraphCalls[K]>>>;
  handOver(name: string, canvas: HTMLCanvasElement, plan: (width: number) => TilePlan): () => void;
}

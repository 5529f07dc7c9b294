import type { TilePlan } from '../../../drawing/panels.ts';
import type { GraphCalls } from '../calls.ts';

/** What the panel needs of the page that it is on. */
export interface GraphPage {
  call<K extends keyof GraphCalls>(
    name: K,
    ...args: Parameters<GraphCalls[K]>
  ): Promise<Awaited<ReturnType<GraphCalls[K]>>>;
  handOver(name: string, canvas: HTMLCanvasElement, plan: (width: number) => TilePlan): () => void;
}

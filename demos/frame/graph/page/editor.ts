import type { StepNode } from '../stepGraph.ts';
import type { GraphPage } from './page.ts';
export async function openEditor(_place: HTMLElement, _page: GraphPage, _node: StepNode): Promise<void> {}

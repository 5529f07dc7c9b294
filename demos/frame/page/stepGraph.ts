import { byId, create, whenNear } from '../../shared/dom.ts';
import type { GraphPage } from '../graph/page/page.ts';

/**
 * Fills #step-graph with the graph of the training step. Its code is loaded when the reader is near; where no step is compiled
 * yet, the question for it has one compiled.
 *
 * @param answers gives what answers the panel's questions
 * @returns what is to be called when a step was compiled
 */
export function createStepGraph(answers: () => GraphPage | Promise<GraphPage>): () => void {
  const place = byId('step-graph');
  let panel: { refresh(): void } | undefined;
  async function open(): Promise<void> {
    try {
      const [{ createPanel }, page] = await Promise.all([import('../graph/page/panel.ts'), answers()]);
      panel = createPanel(place, page);
    } catch (error) {
      const again = create('button', { type: 'button' }, 'Try again');
      again.addEventListener('click', () => void open());
      const reason = navigator.onLine ? (error as Error).message : 'You are offline.';
      place.replaceChildren(
        create('p', { role: 'alert' }, `The graph could not be loaded. ${reason} `),
        again,
      );
    }
  }

  whenNear(place, '300px', () => void open());
  return () => panel?.refresh();
}

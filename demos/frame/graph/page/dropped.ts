import { create, notice } from '../../../shared/dom.ts';
import type { GraphState } from './view.ts';
import type { GraphPage } from './page.ts';

/** Edits that the step before had and this one does not: each can be taken over. */
export async function droppedEdits(
  page: GraphPage,
  { graph }: GraphState,
  onUsed: () => void,
): Promise<HTMLElement[]> {
  const { dropped } = await page.call('graphEdits');
  return dropped.flatMap(({ kernel, source }) => {
    const node = graph.nodes.find((own) => own.kernel === kernel);
    if (!node) return [];
    const told = notice(`This step runs without your edit of ${kernel}.wgsl. `);
    const again = create('button', { type: 'button' }, 'Use it here, too');
    again.addEventListener('click', async () => {
      again.disabled = true;
      const { isUsed, text } = await page.call('graphReplace', node.index, source, true);
      told.textContent = isUsed ? `This step uses your edit of ${kernel}.wgsl. ${text}` : text;
      onUsed();
    });
    told.append(again);
    return [told];
  });
}

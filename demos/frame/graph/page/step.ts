import { create } from '../../../shared/dom.ts';
import { stepThrough } from '../../../widgets/step/stepThrough.ts';
import type { StepNode } from '../stepGraph.ts';
import { openDialog } from './dialog.ts';
import type { GraphPage } from './page.ts';

/** The kernel of a dispatch line by line, on the numbers of the next step; settles when the reader closes it. */
export async function stepKernel(page: GraphPage, { index, label }: StepNode): Promise<void> {
  const dispatch = await page.call('graphInspect', index);
  const place = create('div', { className: 'graph-step' });
  await new Promise<void>((resolve) => {
    openDialog(label, place, () => {
      steps.close();
      resolve();
    });
    const steps = stepThrough(place, dispatch);
  });
}

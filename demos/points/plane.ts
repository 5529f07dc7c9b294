import type { LivePage } from '../frame/page/page.ts';
import { byId, count } from '../shared/dom.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import { createPointPlane } from '../widgets/pointPlane.ts';
import { GRID } from './protocol.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** The plane with its points, which a click adds and removes, and the values of each hidden neuron. */
export function createPlane(page: LivePage<typeof settings, Calls>) {
  return {
    learns: createPointPlane(byId('plane'), {
      canvas: byId('field'),
      panel: 'field',
      side: GRID,
      handOver: page.handOver,
      label: 'What the network predicts at each place',
      onEdit: (x, y) => void page.call('edit', { x, y, blue: page.values.adds === 'blue' }),
    }),
    /** Another network has other neurons. */
    model({ layers, units, parameters }: Tells['model']): void {
      byId('stat-parameters').textContent = count(parameters);
      const { row } = createImageRows((name, canvas, plan) =>
        page.handOver(name, canvas, plan, { ofNetwork: true }),
      );
      byId('neurons').replaceChildren(
        ...Array.from({ length: layers }, (_, i) =>
          row(heading(`layer ${i + 1}`, `${units} neurons`), {
            panel: `layer:${i}`,
            label: `The value of each neuron of layer ${i + 1} at each place`,
            count: units,
            columns: Math.min(units, 4),
          }),
        ),
      );
    },
  };
}

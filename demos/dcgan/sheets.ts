import { byId, percent } from '../shared/dom.ts';
import { createScrubber } from '../widgets/scrubber.ts';
import { createSheet } from '../widgets/sheet.ts';
import type { Live } from './live.ts';
import { GRID } from './protocol.ts';
import type { Pictured, Tells } from './protocol.ts';

const LAYOUT = { columns: GRID, rows: GRID, gap: 3, foot: 5 };

/** The sheets of generated and real images, with the opinions on them, their gradients, and their past. */
export function createSheets(page: Live, onChoose: (index: number) => void) {
  const create = (panel: string, label: string) =>
    createSheet(byId(panel), { ...LAYOUT, panel, label, handOver: page.handOver, choose });
  const sheets = { fake: create('fakes', 'Generated digits'), real: create('reals', 'Real digits') };
  const images = byId('pictured').querySelector<HTMLInputElement>('[value=images]')!;
  const scrubber = createScrubber(byId('history'), (step) => {
    if (step !== undefined && !images.checked) images.click();
    void page.call('past', step);
  });

  function choose(index: number): void {
    for (const sheet of Object.values(sheets)) sheet.chosen = index;
    onChoose(index);
  }

  byId('noise').addEventListener('click', () => page.set({ noise: (page.values.noise + 1) % 10_000 }));
  byId('pictured').addEventListener('change', ({ target }) => {
    const pictured = (target as HTMLInputElement).value as Pictured;
    void page.call('picture', pictured);
    if (pictured === 'gradients') scrubber.toPresent();
  });
  choose(0);

  return {
    seen(seen: Tells['seen']): void {
      scrubber.now = seen.step;
      for (const kind of ['fake', 'real'] as const) {
        byId(`mean-${kind}`).textContent = percent(mean(seen[kind]), 0);
        sheets[kind].describe((index) => {
          const name = `${kind === 'fake' ? 'Generated' : 'Real'} image ${index + 1}`;
          const read = `, read as ${seen.digits[index]}, ${percent(seen.confidences[index], 0)} sure`;
          const opinion = `${percent(seen[kind][index], 0)} real to the discriminator`;
          return `${name}: ${opinion}${kind === 'fake' ? read : ''}`;
        });
      }
    },
    moments(steps: readonly number[]): void {
      scrubber.moments = steps;
    },
  };
}

export const mean = (values: Float32Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

import { byId, count, notice, percent } from '../shared/dom.ts';
import { createHistogram } from '../widgets/histogram.ts';
import { Collapse } from './diagnosis.ts';
import { SAMPLES } from './protocol.ts';
import type { Tells } from './protocol.ts';

const DIGITS = [...'0123456789'];
const WARNING =
  'Mode collapse: the generator makes only a few of the ten digits. Try a lower learning rate for the generator, or let ' +
  'only the discriminator learn for some steps.';

/** How many of the samples are read as each digit, and a warning where few digits are left. */
export function createClasses() {
  const show = createHistogram(byId('columns'), DIGITS, 'samples', (2 * SAMPLES) / DIGITS.length);
  const collapse = new Collapse();

  function warn(isCollapsed: boolean): void {
    const place = byId('collapse');
    if (isCollapsed === place.hasChildNodes()) return; // a screen reader reads an alert once
    place.replaceChildren(...(isCollapsed ? [notice(WARNING, 'warning')] : []));
  }

  return {
    clear(): void {
      collapse.clear();
      warn(false);
    },
    seen({ step, digits, entropy, meanConfidence, updates }: Tells['seen']): void {
      show(DIGITS.map((_, digit) => digits.filter((each) => each === digit).length));
      byId('classes-step').textContent = step > 0 ? `after step ${count(step)}` : '';
      byId('entropy').textContent = `${entropy.toFixed(2)} nats`;
      byId('effective').textContent = `${Math.exp(entropy).toFixed(1)} digits`;
      byId('confidence').textContent = percent(meanConfidence, 0);
      warn(collapse.add({ entropy, generatorUpdates: updates.generator }));
    },
  };
}

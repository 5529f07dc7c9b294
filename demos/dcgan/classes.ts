import { byId, count, create, notice, percent } from '../shared/dom.ts';
import { Collapse } from './diagnosis.ts';
import { SAMPLES } from './protocol.ts';
import type { Tells } from './protocol.ts';

const CLASSES = 10;

/** How many of the samples are read as each digit, and a warning where few digits are left. */
export function createClasses() {
  const columns = Array.from({ length: CLASSES }, (_, digit) => {
    const value = create('span', { className: 'value' }, '');
    const fill = create('span', { className: 'fill' }, value);
    const bar = create('span', { className: 'bar' }, fill);
    const column = create('li', {}, bar, create('span', { className: 'name' }, String(digit)));
    return { column, fill, value };
  });
  byId('columns').append(...columns.map(({ column }) => column));
  const collapse = new Collapse();

  function warn(text: string): void {
    if (byId('collapse').textContent === text) return;
    byId('collapse').replaceChildren(...(text ? [notice(text, 'warning')] : []));
  }

  return {
    clear(): void {
      collapse.clear();
      warn('');
    },
    seen({ step, digits, entropy, meanConfidence, updates }: Tells['seen']): void {
      const counts = columns.map((_, digit) => digits.filter((each) => each === digit).length);
      const most = Math.max(...counts, (2 * SAMPLES) / CLASSES);
      counts.forEach((number, digit) => {
        const { column, fill, value } = columns[digit];
        fill.style.height = `${(number / most) * 100}%`;
        value.textContent = String(number);
        column.ariaLabel = `${digit}: ${number} samples`;
      });
      byId('classes-step').textContent = `after step ${count(step)}`;
      byId('entropy').textContent = entropy.toFixed(2);
      byId('effective').textContent = `${Math.exp(entropy).toFixed(1)} digits`;
      byId('confidence').textContent = percent(meanConfidence, 0);
      const isCollapsed = collapse.add({ entropy, generatorUpdates: updates.generator });
      warn(
        isCollapsed
          ? 'Mode collapse: the generator makes only a few of the ten digits. Try a lower learning rate for the ' +
              'generator, or let only the discriminator learn for some steps.'
          : '',
      );
    },
  };
}

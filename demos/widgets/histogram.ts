import { create } from '../shared/dom.ts';
import './histogram.css';

/**
 * Fills a list with columns, one for each name. The answer shows their counts.
 *
 * @param unit what is counted: 'samples'
 * @param least the highest column's count at least: below it no column fills the height
 */
export function createHistogram(list: HTMLElement, names: readonly string[], unit: string, least: number) {
  const columns = names.map((name) => {
    const value = create('span', { className: 'value' });
    const fill = create('span', { className: 'fill' }, value);
    const track = create('span', { className: 'track' }, fill);
    const column = create('li', {}, track, create('span', { className: 'name' }, name));
    return { name, column, fill, value };
  });
  list.classList.add('histogram');
  list.append(...columns.map(({ column }) => column));
  return (counts: readonly number[]): void => {
    const most = Math.max(...counts, least);
    columns.forEach(({ name, column, fill, value }, i) => {
      fill.style.height = `${(counts[i] / most) * 100}%`;
      value.textContent = String(counts[i]);
      column.ariaLabel = `${name}: ${counts[i]} ${unit}`;
    });
  };
}

import { create } from '../shared/dom.ts';
import { TRAINING_MONTHS } from './protocol.ts';
import type { Tells } from './protocol.ts';

/** Shows the error of the network among those of rules that need none, the smallest first. */
export function showErrors(
  list: HTMLElement,
  { values, baselines }: Tells['series'],
  forecasts: readonly number[],
): void {
  const test = values.slice(TRAINING_MONTHS);
  const own = forecasts.slice(-test.length);
  const error = Math.sqrt(test.reduce((sum, value, i) => sum + (value - own[i]) ** 2, 0) / test.length);
  const errors: [name: string, error: number][] = [
    ['this network', error],
    ['the month before', baselines.persistenceRmse],
    ['a year before', baselines.yearlyRmse],
    ['a year before, times the growth since', baselines.yearlyGrowthRmse],
    ['a linear regression', baselines.regressionRmse],
  ];
  const most = Math.max(...errors.slice(1).map(([, value]) => value));
  list.replaceChildren(
    ...errors
      .toSorted(([, a], [, b]) => a - b)
      .map(([name, value]) => {
        const bar = create('span', { className: `bar-fill ${name === 'this network' ? 'first' : ''}` });
        bar.style.width = `${Math.min(100, (100 * value) / most)}%`;
        const words = create('span', { className: 'bar-name' }, name, create('b', {}, value.toFixed(1)));
        return create('li', {}, words, bar);
      }),
  );
}

import type { LivePage } from '../frame/page/page.ts';
import { byId, count } from '../shared/dom.ts';
import { showErrors } from './comparison.ts';
import { createOpened } from './openedCell.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { createTimeline } from './timeline.ts';

/** The series with its forecasts, the gates below it, what rules without a network do, and the numbers of one window. */
export function createFigures(page: LivePage<typeof settings, Calls>) {
  const timeline = createTimeline(page);
  const opened = createOpened(page);
  let series: Tells['series'] | undefined;

  return {
    model(own: Tells['model']): void {
      byId('stat-parameters').textContent = count(own.parameters);
      timeline.model(own);
      opened.model(own);
    },
    series(own: Tells['series']): void {
      series = own;
      timeline.series(own);
      opened.series(own);
    },
    forecasts(own: Tells['forecasts']): void {
      if (!series) return;
      timeline.forecasts(own);
      showErrors(byId('bars'), series, own);
    },
    opened: (own: Tells['opened']) => opened.show(own),
    changed(names: readonly string[]): void {
      if (names.includes('month')) timeline.place();
      if (names.includes('unit')) timeline.markUnit();
      if (names.includes('unit') || names.includes('at')) opened.refresh();
    },
  };
}

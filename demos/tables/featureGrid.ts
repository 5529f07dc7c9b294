import { BREAST_CANCER_FEATURES } from '../../src/data/breastCancer.ts';
import type { LivePage } from '../frame/page/page.ts';
import { announce } from '../shared/announce.ts';
import { create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import { FEATURES, featuresOf, featuresText, KINDS, MEASURES } from './features.ts';
import { WEIGHTS_ASPECT } from './protocol.ts';
import type { Calls } from './protocol.ts';
import type { settings } from './settings.ts';

const NAMES = BREAST_CANCER_FEATURES.slice(0, MEASURES).map((name) => name.replace(/^mean /, ''));
/** From one row to the next. */
const ROW_PX = 26;

/** A button for each column of the table, and beside it the weights that the first layer has for it; the answer shows what is chosen. */
export function createFeatureGrid(place: HTMLElement, page: LivePage<typeof settings, Calls>): () => void {
  const chosen = () => featuresOf(page.values.features);
  const choose = (columns: readonly number[]) => {
    if (columns.length === 0) return announce('At least one column stays.');
    page.set({ features: featuresText(columns) });
  };

  const buttons = Array.from({ length: FEATURES }, (_, feature) => {
    const button = create('button', { type: 'button', className: 'feature' });
    button.ariaLabel = BREAST_CANCER_FEATURES[feature];
    button.addEventListener('click', () => {
      const now = chosen();
      choose(now.includes(feature) ? now.filter((own) => own !== feature) : [...now, feature]);
    });
    return button;
  });
  const all = create('button', { type: 'button', className: 'kind' }, 'all');
  all.addEventListener('click', () => choose([...buttons.keys()]));
  all.ariaLabel = 'All columns';
  const kinds = KINDS.map((kind, i) => {
    const own = NAMES.map((_, measure) => i * MEASURES + measure);
    const button = create('button', { type: 'button', className: 'kind' }, kind);
    button.title = `Only these ten columns, or all but these`;
    button.addEventListener('click', () => {
      const now = chosen();
      const isOnly = now.length === MEASURES && own.every((feature) => now.includes(feature));
      choose(isOnly ? [...buttons.keys()].filter((feature) => !own.includes(feature)) : own);
    });
    return button;
  });

  const pictures = KINDS.map((kind, i) => {
    const label = `The weights of the first layer for the ${kind} of each measure`;
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas);
    box.style.gridArea = `2 / ${3 + 2 * i} / span ${MEASURES}`;
    page.handOver(`weights:${kind}`, canvas, (width) => {
      const gap = Math.max(0, ROW_PX - width * WEIGHTS_ASPECT);
      box.style.marginTop = `${gap / 2}px`;
      return { columns: 1, rows: MEASURES, gap, width, aspect: WEIGHTS_ASPECT };
    });
    return box;
  });
  const at = (element: HTMLElement, row: number, column: string) => {
    element.style.gridArea = `${row} / ${column}`;
    return element;
  };
  place.append(
    at(all, 1, '1'),
    ...kinds.map((button, i) => at(button, 1, `${2 + 2 * i} / span 1 / span 2`)),
    ...NAMES.flatMap((name, measure) => [
      at(create('span', { className: 'measure' }, name), measure + 2, '1'),
      ...KINDS.map((_, i) => at(buttons[i * MEASURES + measure], measure + 2, String(2 + 2 * i))),
    ]),
    ...pictures,
  );
  rove(place, () => KINDS.length);

  const show = () => {
    const now = chosen();
    buttons.forEach((button, feature) => (button.ariaPressed = String(now.includes(feature))));
  };
  show();
  return show;
}

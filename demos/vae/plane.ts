import { normalQuantile, normalShare } from '../../src/models/normalDistribution.ts';
import { single } from '../drawing/panels.ts';
import type { Mapped, Place } from '../drawing/codes.ts';
import { byId, count, create, percent } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import { withArticle } from '../shared/withArticle.ts';
import { bindPlacing } from '../widgets/placing.ts';
import { createPointMap } from '../widgets/pointMap.ts';
import type { Live } from './live.ts';
import { REACH, SHEET } from './protocol.ts';
import type { Cloud, Reading } from './protocol.ts';

/** Points of an ellipse. */
const ROUND = 48;
/** Shares of N(0, 1) in two dimensions within the radius 1 and 2: 1 − e^(−r²/2). */
const PRIOR = [1, 2].map((radius) => 1 - Math.exp(-(radius ** 2) / 2));

/** The plane of codes, twice: as a sheet of the digits that they stand for, and as a map of the codes of test images. */
export function createPlane(page: Live) {
  let place: Place = [0, 0];
  let latent: number = page.values.latent;
  let reading: Reading | undefined;
  const axes = () => {
    const right = Math.min(page.values.right, latent) - 1;
    const up = Math.min(page.values.up, latent) - 1;
    return [right, up === right ? (right + 1) % latent : up] as const;
  };

  // The sheet: from 0 to 1 to the right and down is the share of the prior that is less.
  const sheet = byId('sheet');
  const [handle, ellipse] = [svg('circle', { r: 0.42 }), svg('path', { class: 'posterior' })];
  const marks = svg('svg', { viewBox: `0 0 ${SHEET} ${SHEET}`, 'aria-hidden': 'true' }, ellipse, handle);
  sheet.append(marks);
  page.handOver('sheet', byId<HTMLCanvasElement>('digits'), (width) => ({
    columns: SHEET,
    rows: SHEET,
    gap: 0,
    width,
  }));
  const toShares = ([x, y]: Place): Place => [normalShare(clamp(x)), 1 - normalShare(clamp(y))];
  bindPlacing(sheet, {
    place: () => toShares(place),
    step: 1 / (2 * SHEET),
    large: 2 / SHEET,
    onPlace: ([x, y]) => choose([quantile(x), -quantile(y)]),
  });
  page.handOver('chosen', byId<HTMLCanvasElement>('chosen'), single);

  // The map, with the circles of the prior under its marks.
  const map = createPointMap(byId('map'), {
    title: 'Map of codes',
    reach: REACH,
    handOver: page.handOver,
    nearest: (at) => page.call('nearest', at),
    nameOf: ({ label, image }: Mapped) => `${withArticle(label)}, test image ${image}`,
    onChoose: choose,
  });
  const circles = [1, 2, 3].map((r) => svg('circle', { r }));
  const own = svg('path', { class: 'posterior' });
  const area = [-REACH, -REACH, 2 * REACH, 2 * REACH].join(' ');
  byId('map')
    .querySelector('.point-map')!
    .insertBefore(
      svg('svg', { viewBox: area, 'aria-hidden': 'true', class: 'prior' }, ...circles, own),
      byId('map').querySelector('.marks'),
    );

  function choose(next: Place): void {
    place = [clamp(next[0]), clamp(next[1])];
    map.chosen = place;
    showPlace();
    void page.call('choose', place);
  }

  function showPlace(): void {
    const [x, y] = toShares(place).map((share) => SHEET * share);
    handle.setAttribute('cx', String(x));
    handle.setAttribute('cy', String(y));
    const [right, up] = axes();
    const named = (number: number, value: number) => `z${subscript(number + 1)} = ${signed(value)}`;
    byId('place').textContent = `${named(right, place[0])}, ${named(up, place[1])}`;
  }

  /** Where the encoder expects the code of the reader's digit: one and two standard deviations around the mean. */
  function showPosterior(): void {
    if (!reading) return;
    const [right, up] = axes();
    const { mean, deviation } = reading;
    const around = (radius: number, to: (at: Place) => Place): string => {
      const points = Array.from({ length: ROUND }, (_, i) => {
        const angle = (2 * Math.PI * i) / ROUND;
        const at = [
          mean[right] + radius * deviation[right] * Math.cos(angle),
          mean[up] + radius * deviation[up] * Math.sin(angle),
        ] as const;
        return to(at)
          .map((value) => value.toFixed(3))
          .join(' ');
      });
      return `M${points.join('L')}Z`;
    };
    const both = (to: (at: Place) => Place) => around(1, to) + around(2, to);
    const onSheet = (at: Place): Place => {
      const [x, y] = toShares(at);
      return [SHEET * x, SHEET * y];
    };
    ellipse.setAttribute('d', both(onSheet));
    own.setAttribute(
      'd',
      both(([x, y]) => [x, -y]),
    );
  }

  // Which numbers of a longer code are shown.
  const selects = (['right', 'up'] as const).map((end) => {
    const select = byId<HTMLSelectElement>(`axis-${end}`);
    select.addEventListener('change', () => page.set({ [end]: Number(select.value) }));
    return select;
  });

  function changed(): void {
    selects.forEach((select, i) => {
      select.replaceChildren(
        ...Array.from({ length: latent }, (_, at) =>
          create('option', { value: String(at + 1) }, `number ${at + 1}`),
        ),
      );
      select.value = String(axes()[i] + 1);
    });
    byId('axes').hidden = latent === 2;
    showPlace();
    showPosterior();
  }
  changed();

  return {
    changed,
    model(model: { readonly latent: number }): void {
      ({ latent } = model);
      reading = undefined;
      changed();
    },
    reading(next: Reading): void {
      reading = next;
      showPosterior();
    },
    cloud({ within, centres, images }: Cloud): void {
      map.moved(centres, `Map of codes drawn for ${count(images)} test images`);
      const share = (i: number) => `${percent(within[i], 0)} (prior: ${percent(PRIOR[i], 0)})`;
      byId('within').textContent =
        `Of these codes ${share(0)} lie within the first circle, ${share(1)} within the second.`;
    },
  };
}

/** Onto the map. */
const clamp = (value: number): number => Math.max(-REACH, Math.min(REACH, value));
const quantile = (share: number): number => clamp(normalQuantile(Math.max(0, Math.min(1, share))));

const signed = (value: number): string => value.toFixed(2).replace('-', '−');
const subscript = (number: number): string =>
  String(number).replace(/\d/g, (digit) => '₀₁₂₃₄₅₆₇₈₉'[Number(digit)]);

import { byId, create } from '../shared/dom.ts';
import type { TilePlan } from '../drawing/panels.ts';
import { createCodeMap } from './codeMap.ts';
import type { Live } from './live.ts';
import type { Looks } from './looks.ts';
import { BETWEEN, codeWidth, MOST_AXES, REACH, YOURS } from './protocol.ts';
import type { Tells } from './protocol.ts';
import { VERSIONS } from './settings.ts';

/** "+1.2 σ", with the minus sign of mathematics. */
const sigmas = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} σ`;

/** The map of codes, the code that the reader chooses, and the walk from one digit to another. */
export function createCodes(page: Live, looks: Looks) {
  let axes = MOST_AXES;
  let latest: Tells['centres'] | undefined;
  let codeAspect = 0.25;

  const explored = byId('explored');
  explored.addEventListener('change', ({ target }) =>
    page.set({ version: VERSIONS.find(({ name }) => name === (target as HTMLInputElement).value)!.name }),
  );
  const map = createCodeMap(page, looks, (x, y) => shape([x, y, ...looks.scores.slice(2)]));

  // The code that is decoded
  page.handOver('decoded', byId('decoded'), square);
  const arrangeCode = page.handOver('decoded-code', byId('decoded-code'), (width) => ({
    ...square(width),
    aspect: codeAspect,
  }));
  const sliders = Array.from({ length: MOST_AXES }, (_, axis) => {
    const name = create('span', {});
    const value = create('output', {});
    const ends = { min: String(-REACH), max: String(REACH), step: '0.1', value: '0' };
    const input = create('input', { type: 'range', ...ends });
    input.addEventListener('input', () => shape(looks.scores.with(axis, Number(input.value))));
    return { name, value, input, label: create('label', {}, create('span', {}, name, value), input) };
  });
  byId('sliders').append(...sliders.map(({ label }) => label));
  const chips = Array.from({ length: 10 }, (_, digit) => {
    const label = `The mean code of the ${digit}s`;
    const chip = create('button', { type: 'button', 'aria-label': label }, String(digit));
    chip.style.setProperty('--class', `var(--class-${digit})`);
    chip.addEventListener('click', () => {
      if (latest) shape(latest.centres.subarray(digit * latest.axes, (digit + 1) * latest.axes));
    });
    return chip;
  });
  byId('chips').append(...chips);
  byId('mean').addEventListener('click', () => shape([]));
  byId('random').addEventListener('click', () => shape(Array.from({ length: axes }, normal)));

  function shape(values: ArrayLike<number>): void {
    looks.scores = Float32Array.from({ length: MOST_AXES }, (_, axis) =>
      axis < axes ? (values[axis] ?? 0) : 0,
    );
  }

  // The walk
  const walk = (width: number): TilePlan => ({ columns: BETWEEN, rows: 1, gap: width < 480 ? 3 : 6, width });
  page.handOver('pixels', byId('walk-pixels'), walk);
  page.handOver('between', byId('walk-codes'), walk);
  const ends = (['a', 'b'] as const).map((end) => {
    const select = byId<HTMLSelectElement>(`walk-${end}`);
    select.append(...Array.from({ length: YOURS + 1 }, (_, at) => create('option', { value: String(at) })));
    select.addEventListener('change', () => page.set({ [end]: Number(select.value) }));
    return { end, select };
  });

  function show(): void {
    const { scores } = looks;
    const { version } = page.values;
    sliders.forEach(({ input, value }, axis) => {
      input.value = String(scores[axis]);
      value.textContent = sigmas(scores[axis]);
      input.setAttribute('aria-valuetext', `${scores[axis].toFixed(1)} standard deviations`);
    });
    for (const { end, select } of ends) {
      [...select.options].forEach((option, at) => (option.textContent = looks.nameOf(at)));
      select.value = String(page.values[end]);
    }
    for (const input of explored.querySelectorAll('input')) input.checked = input.value === version;
    const { title } = VERSIONS.find(({ name }) => name === version)!;
    byId('walk-version').textContent = title;
    byId('decoded').setAttribute('aria-label', `What ${title} decodes from the code of the sliders`);
  }
  looks.onChange(show);
  show();

  return {
    model({ bottleneck }: Tells['model']): void {
      axes = Math.min(bottleneck, MOST_AXES);
      const width = codeWidth(bottleneck);
      codeAspect = bottleneck / width / width;
      arrangeCode();
      sliders.forEach(({ name, label }, axis) => {
        label.hidden = axis >= axes;
        name.textContent = `${bottleneck <= 2 ? 'number' : 'direction'} ${axis + 1} ${['→', '↑'][axis] ?? ''}`;
      });
      byId('map-note').textContent =
        bottleneck <= 2
          ? 'Right and up: the two numbers of the code themselves, in standard deviations.'
          : `Right and up: the two directions in which the ${bottleneck} numbers vary most. The sliders move along the first ${axes}.`;
      shape(looks.scores);
    },
    centres(message: Tells['centres']): void {
      latest = message;
      map.centres(message);
    },
  };
}

const square = (width: number): TilePlan => ({ columns: 1, rows: 1, gap: 0, width });

/** A number of the normal distribution (Box & Muller 1958). */
function normal(): number {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return Math.max(-REACH, Math.min(REACH, radius * Math.cos(2 * Math.PI * Math.random())));
}

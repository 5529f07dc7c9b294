import { byId, count, create, percent } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import type { Live } from './live.ts';
import { GRID, SAMPLES } from './protocol.ts';
import type { Pictured, Tells } from './protocol.ts';

const GAP = 3;
const FOOT = 5;

/** The sheets of generated and real images, with the opinions on them, their gradients, and their past. */
export function createSheets(page: Live, onChoose: (index: number) => void) {
  const sheets = { fake: createSheet(page, 'fake', choose), real: createSheet(page, 'real', choose) };
  const slider = byId<HTMLInputElement>('past');
  const images = byId('pictured').querySelector<HTMLInputElement>('[value=images]')!;
  let moments: readonly number[] = [];
  let step = 0;
  /** The moment that is shown; undefined: the present. */
  let shown: number | undefined;

  function choose(index: number): void {
    for (const sheet of Object.values(sheets)) sheet.choose(index);
    onChoose(index);
  }

  byId('noise').addEventListener('click', () => page.set({ noise: (page.values.noise + 1) % 10_000 }));
  byId('pictured').addEventListener('change', ({ target }) => {
    const pictured = (target as HTMLInputElement).value as Pictured;
    byId('sheet-note').dataset.pictured = pictured;
    void page.call('picture', pictured);
    if (pictured === 'gradients') goTo(undefined);
  });

  /** The slider's last place is the present. */
  slider.addEventListener('input', () => {
    if (!images.checked) images.click();
    goTo(moments[Number(slider.value)]);
  });
  function goTo(moment: number | undefined): void {
    shown = moment;
    void page.call('past', moment);
    showMoment();
  }
  function showMoment(): void {
    const at = shown === undefined ? -1 : moments.findLastIndex((each) => each <= shown!);
    slider.max = String(moments.length);
    slider.value = String(at < 0 ? moments.length : at);
    slider.disabled = moments.length < 2;
    const text = at < 0 ? `now, step ${count(step)}` : `step ${count(moments[at])}`;
    byId('past-value').textContent = text;
    slider.setAttribute('aria-valuetext', text);
  }

  for (const sheet of Object.values(sheets)) sheet.choose(0);
  showMoment();
  return {
    seen(seen: Tells['seen']): void {
      ({ step } = seen);
      showMoment();
      for (const kind of ['fake', 'real'] as const) {
        const all = seen[kind];
        byId(`mean-${kind}`).textContent = percent(
          all.reduce((sum, value) => sum + value, 0) / all.length,
          0,
        );
        sheets[kind].describe((index) => {
          const name = `${kind === 'fake' ? 'Generated' : 'Real'} image ${index + 1}`;
          const read = `, read as ${seen.digits[index]}, ${percent(seen.confidences[index], 0)} sure`;
          return `${name}: ${percent(all[index], 0)} real to the discriminator${kind === 'fake' ? read : ''}`;
        });
      }
    },
    moments(steps: readonly number[]): void {
      moments = steps;
      if (shown !== undefined && !(steps[0] <= shown)) goTo(undefined);
      else showMoment();
    },
  };
}

/** A sheet of images drawn by the worker, under buttons that choose one. */
function createSheet(page: Live, kind: 'fake' | 'real', onChoose: (index: number) => void) {
  const cells = byId(`${kind}-cells`);
  const buttons = Array.from({ length: SAMPLES }, (_, index) => {
    const button = create('button', { type: 'button' });
    button.addEventListener('click', () => onChoose(index));
    return button;
  });
  cells.append(...buttons);
  rove(cells, () => GRID);
  const plan = { columns: GRID, rows: GRID, gap: GAP, foot: FOOT };
  page.handOver(`${kind}s`, byId(`${kind}s`), (width) => ({ ...plan, width }));
  return {
    choose(index: number): void {
      buttons.forEach((button, i) => (button.ariaPressed = String(i === index)));
    },
    describe(text: (index: number) => string): void {
      buttons.forEach((button, index) => {
        button.title = text(index);
        button.ariaLabel = button.title;
      });
    },
  };
}

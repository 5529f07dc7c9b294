import { byId, create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { svg } from '../../shared/svg.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, show } from '../common/numbers.ts';
import { createPlayer } from '../common/player.ts';
import { line, Plot, text } from '../common/plot.ts';
import type { Point } from '../common/plot.ts';
import type { Kernels, Progress } from './kernels.ts';
import { HIDDEN, NAMES, SCENARIOS } from './scenarios.ts';
import type { Plan, ScenarioName } from './scenarios.ts';
import { settings } from './settings.ts';

const start = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

/** Steps between two points of a curve. */
const STRIDE = 2;

lesson<Kernels>(start, async (call) => {
  const knobs = bindKnobs(settings, () => void begin());
  const chart = new Plot(byId('chart'), { x: { range: [0, 300] }, y: { range: [0, 1] } });
  const thumbs = createThumbs((curve) => {
    knobs.set({ curve });
    void begin();
  });
  let curve: Progress[] = [];
  /** The curve of the run before, to compare with. */
  let before: Progress[] = [];
  let plan: Plan = SCENARIOS.overfit.plan;
  let shown: ScenarioName | undefined;
  let turn = 0;

  /** Trains from the start, as the knob says. */
  async function begin(): Promise<void> {
    player.stop();
    const own = ++turn;
    const { curve: name } = knobs.values;
    const { plan: base, turns, see, why, good } = SCENARIOS[name];
    before = shown === name ? curve : [];
    shown = name;
    plan = { ...base, [turns]: knobs.values[name] };
    curve = [];
    for (const each of NAMES) {
      knobs.enable(each === name, each);
      thumbs.get(each)!.setAttribute('aria-pressed', String(each === name));
    }
    byId('see').textContent = see;
    byId('why').textContent = why;
    byId('mend').textContent = `Set it to ${number(good, 3)}`;
    byId<HTMLButtonElement>('mend').disabled = knobs.values[name] === good;
    await call('begin', plan);
    if (own !== turn) return;
    paint();
    ready();
    player.start();
  }

  function paint(): void {
    const all = [...curve, ...before];
    const seen = all.flatMap(({ training, validation }) => [training, validation]).filter(Number.isFinite);
    const top = Math.min(4, Math.max(0.8, ...seen.map((value) => value * 1.05)));
    const of = (list: readonly Progress[], key: 'training' | 'validation') =>
      list.map((each): Point => [each.step, each[key]]);
    const last = curve.at(-1);
    const steps = Math.max(plan.steps, before.at(-1)?.step ?? 0);
    chart.draw(
      [
        line(of(before, 'training'), 'for old'),
        line(of(before, 'validation'), 'against old'),
        line(of(curve, 'training'), 'for training'),
        line(of(curve, 'validation'), 'against'),
        ...(before.length > 0
          ? [text([steps, 0], 'faint: the run before', { by: [-4, -8], anchor: 'end' })]
          : []),
      ],
      { x: { range: [0, steps], label: 'step' }, y: { range: [0, top], label: 'loss' } },
    );
    const values: Record<string, string> = last
      ? {
          steps: `${last.step} of ${plan.steps}`,
          training: number(last.training, 3),
          validation: number(last.validation, 3),
          accuracy: `${(100 * last.accuracy).toFixed(1)} %`,
          dead: `${last.dead} of ${HIDDEN}`,
        }
      : { steps: `0 of ${plan.steps}`, training: '–', validation: '–', accuracy: '–', dead: '–' };
    for (const [id, value] of Object.entries(values)) show(byId(`stat-${id}`), value);
    chart.describe(
      `Loss by step. ${last ? `After ${last.step} steps the training loss is ${values.training}, the validation loss ${values.validation}.` : ''}`,
    );
    if (shown && last) paintThumb(thumbs.get(shown)!, curve, plan.steps, top);
  }

  const player = createPlayer({
    async step() {
      const own = turn;
      if ((curve.at(-1)?.step ?? 0) >= plan.steps) return false;
      const progress = await call('advance', STRIDE);
      if (own !== turn) return false;
      curve.push(progress);
      paint();
      return progress.step < plan.steps;
    },
    reset: begin,
  });
  byId('mend').addEventListener('click', () => {
    const { curve: name } = knobs.values;
    knobs.set({ [name]: SCENARIOS[name].good });
    void begin();
  });
  await begin();
});

/** A button for each curve, with a small picture of it once it has been trained. */
function createThumbs(onChoose: (name: ScenarioName) => void): ReadonlyMap<ScenarioName, HTMLElement> {
  const thumbs = new Map(
    NAMES.map((name) => {
      const picture = svg('svg', {
        viewBox: '0 0 100 50',
        preserveAspectRatio: 'none',
        class: 'axes thumb',
        'aria-hidden': 'true',
      });
      const button = create('button', { type: 'button' }, picture, create('span', {}, SCENARIOS[name].title));
      button.addEventListener('click', () => onChoose(name));
      return [name, button];
    }),
  );
  byId('thumbs').replaceChildren(...thumbs.values());
  rove(byId('thumbs'), () => thumbs.size);
  return thumbs;
}

function paintThumb(thumb: HTMLElement, curve: readonly Progress[], steps: number, top: number): void {
  const route = (key: 'training' | 'validation') =>
    curve
      .map(
        (each, i) =>
          `${i === 0 ? 'M' : 'L'}${((100 * each.step) / steps).toFixed(1)} ${(50 - (48 * Math.min(each[key], top)) / top).toFixed(1)}`,
      )
      .join('');
  const path = (name: string, d: string) =>
    svg('path', { class: `line ${name}`, d, 'vector-effect': 'non-scaling-stroke' });
  thumb
    .querySelector('svg')!
    .replaceChildren(path('for', route('training')), path('against', route('validation')));
}

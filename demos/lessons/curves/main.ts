import { byId, create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { svg } from '../../shared/svg.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, show } from '../common/numbers.ts';
import { createPlayer } from '../common/player.ts';
import { line, Plot, text } from '../common/plot.ts';
import type { Point } from '../common/plot.ts';
import { exercises } from './exercises.ts';
import type { Kernels, Progress } from './kernels.ts';
import { RECORDED } from './recorded.ts';
import type { Losses } from './recorded.ts';
import { HIDDEN, NAMES, SCENARIOS } from './scenarios.ts';
import type { Plan, ScenarioName } from './scenarios.ts';
import { settings } from './settings.ts';

/** Steps between two points of a curve. */
const STRIDE = 4;

lesson<Kernels>('curves', async (call) => {
  const knobs = bindKnobs(settings, () => void begin());
  const chart = new Plot(byId('chart'), { x: { range: [0, 300] }, y: { range: [0, 1] } });
  const thumbs = createThumbs((curve) => {
    knobs.set({ curve });
    void begin();
  });
  const check = bindExercises(exercises);
  let curve: Progress[] = [];
  /** The curve of the run before, to compare with. */
  let before: Progress[] = [];
  let plan: Plan = SCENARIOS.overfit.plan;
  let shown: ScenarioName | undefined;
  let turn = 0;
  for (const name of NAMES) {
    const recorded = RECORDED[name];
    paintThumb(name, recorded, recorded.at(-1)!.step);
  }

  /** Trains from the start, as the knob says. */
  async function begin(): Promise<void> {
    player.stop();
    const own = ++turn;
    const { curve: name } = knobs.values;
    const { see, why, good } = SCENARIOS[name];
    before = shown === name ? curve : [];
    shown = name;
    plan = planOf(name);
    curve = [];
    for (const each of NAMES) {
      knobs.enable(each === name, each);
      thumbs.get(each)!.setAttribute('aria-pressed', String(each === name));
    }
    byId('see').textContent = see;
    byId('why').textContent = why;
    byId('mend').textContent = `Set it to ${number(good, 3)}`;
    byId<HTMLButtonElement>('mend').disabled = knobs.values[name] === good;
    paint();
    await call('begin', plan);
    if (own !== turn) return;
    ready();
    player.start();
  }

  const planOf = (name: ScenarioName): Plan => {
    const { plan: base, turns } = SCENARIOS[name];
    return { ...base, [turns]: knobs.values[name] };
  };

  function paintThumb(name: ScenarioName, list: readonly Losses[], steps: number): void {
    thumbs
      .get(name)!
      .querySelector('svg')!
      .replaceChildren(...smallPicture(list, steps));
  }

  function paint(): void {
    const top = topOf([...curve, ...before]);
    const of = (list: readonly Progress[], key: 'training' | 'validation') =>
      list.map((each): Point => [each.step, each[key]]);
    const last = curve.at(-1);
    const steps = Math.max(plan.steps, before.at(-1)?.step ?? 0);
    chart.draw(
      [
        line(of(before, 'training'), 'training old'),
        line(of(before, 'validation'), 'test old'),
        line(of(curve, 'training'), 'training'),
        line(of(curve, 'validation'), 'test'),
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
    if (shown) check({ curve: shown, end: last?.step === plan.steps ? last : undefined });
    if (shown && last) paintThumb(shown, curve, plan.steps);
  }

  const player = createPlayer({
    async step() {
      const own = turn;
      const left = plan.steps - (curve.at(-1)?.step ?? 0);
      if (left <= 0) return false;
      const progress = await call('advance', Math.min(STRIDE, left));
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

/** A button for each curve, with a small picture of it. */
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

/** Where the axis of the loss ends. */
function topOf(curve: readonly Losses[]): number {
  const seen = curve.flatMap(({ training, validation }) => [training, validation]).filter(Number.isFinite);
  return Math.min(4, Math.max(0.8, ...seen.map((value) => value * 1.05)));
}

function smallPicture(curve: readonly Losses[], steps: number): SVGElement[] {
  const top = topOf(curve);
  const place = ({ step }: Losses, loss: number) =>
    `${((100 * step) / steps).toFixed(1)} ${(50 - (48 * Math.min(loss, top)) / top).toFixed(1)}`;
  const path = (key: 'training' | 'validation', name: string) => {
    const d = `M${curve.map((each) => place(each, each[key])).join('L')}`;
    return svg('path', { class: `line ${name}`, d, 'vector-effect': 'non-scaling-stroke' });
  };
  return [path('training', 'training'), path('validation', 'test')];
}

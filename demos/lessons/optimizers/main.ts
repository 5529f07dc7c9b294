import { byId, create } from '../../shared/dom.ts';
import { cssVariable, onSchemeChange, parseHex } from '../../shared/palette.ts';
import { contour, mix, picture } from '../common/field.ts';
import type { Field } from '../common/field.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { fixed, number, show } from '../common/numbers.ts';
import { createPlayer } from '../common/player.ts';
import { dot, line, path, Plot, text } from '../common/plot.ts';
import type { Mark, Point } from '../common/plot.ts';
import { exercises } from './exercises.ts';
import type { Detail, Kernels, Places } from './kernels.ts';
import { settings } from './settings.ts';
import { NAMES, RACERS, RANGE, SIDE, SURFACES } from './surfaces.ts';
import type { Racer, RacerRule } from './surfaces.ts';

const MOST_STEPS = 300;
/** An optimizer farther away than this has diverged. */
const LOST = 1e4;
/** Heights between which a contour line lies, as shares of the way from the lowest to the highest, squeezed near the lowest. */
const LEVELS = [0.004, 0.015, 0.035, 0.07, 0.12, 0.2, 0.3, 0.45, 0.65];

lesson<Kernels>('optimizers', async (call) => {
  const knobs = bindKnobs(settings, (name) => {
    if (name === 'surface') {
      const [x, y] = SURFACES[knobs.values.surface].start;
      knobs.set({ x, y });
    }
    void begin();
  });
  const ground = new Plot(byId('ground'), {
    x: { range: RANGE, label: 'x', ticks: [-2, -1, 0, 1, 2] },
    y: { range: RANGE, label: 'y', ticks: [-2, -1, 0, 1, 2] },
  });
  const race = new Plot(byId('race'), {
    x: { range: [0, 60], label: 'step' },
    y: { range: [0, 1], label: 'loss' },
  });
  const check = bindExercises(exercises);
  const rows = createTable((racer) => {
    knobs.set({ racer });
    void showDetail();
  });
  let field: Field = { side: SIDE, range: RANGE, values: [] };
  let background: Mark[] = [];
  /** The places of all optimizers after every step. */
  let history: Places[] = [];
  let turn = 0;

  /** The last step of the chosen optimizer in numbers, which it has if any step was made. */
  async function showDetail(found?: Detail): Promise<void> {
    const { racer, factor } = knobs.values;
    NAMES.forEach((name, i) => rows[i].choose(name === racer));
    const detail = found ?? (history.length > 1 ? await call('detail', racer) : undefined);
    if (racer === knobs.values.racer) paintDetail(racer, factor, detail);
  }

  function paintGround(): void {
    const [low, high] = [Math.min(...field.values), Math.max(...field.values)];
    const [deep, tall] = [cssVariable('--surface'), cssVariable('--muted')].map(parseHex);
    const share = (value: number) => Math.sqrt((value - low) / (high - low));
    background = [
      { kind: 'picture', href: picture(field, (value) => mix(deep, tall, 0.75 * share(value))) },
      ...LEVELS.map((level) => path(contour(field, low + (high - low) * level), 'level')),
    ];
  }

  /** Puts all optimizers at the start, with a fresh state. */
  async function begin(): Promise<void> {
    player.stop();
    const own = ++turn;
    const { surface, x, y, factor } = knobs.values;
    const values = await call('field', surface);
    const places = await call('begin', surface, [x, y], factor);
    if (own !== turn) return; // the reader has gone on
    byId('height').textContent = SURFACES[surface].height;
    field = { ...field, values };
    history = [places];
    paintGround();
    paint();
    void showDetail();
    ready();
  }

  function paint(): void {
    const now = history.at(-1)!;
    const { factor } = knobs.values;
    const trails = NAMES.flatMap((name, i) => [
      line(
        history.map(({ x, y }): Point => [x[i], y[i]]),
        `racer ${name}`,
      ),
      dot([now.x[i], now.y[i]], `racer ${name}`, 5),
    ]);
    const first: Point = [history[0].x[0], history[0].y[0]];
    ground.draw([
      ...background,
      ...trails,
      ...(history.length === 1 ? [text(first, 'start', { by: [10, -8] })] : []),
    ]);
    const best = NAMES.reduce((low, _, i) => (now.loss[i] < now.loss[low] ? i : low), 0);
    const steps = history.length - 1;
    const taken = steps === 1 ? '1 step' : `${steps} steps`;
    ground.describe(
      `The surface from above, with the paths of five optimizers after ${taken}. ${RACERS[NAMES[best]].title} is lowest, at ${number(now.loss[best], 3)}.`,
    );
    const seen = history.flatMap(({ loss }) => loss).filter(Number.isFinite);
    const top = Math.max(...history[0].loss) * 1.15;
    const bottom = Math.min(...seen, 0);
    race.draw(
      NAMES.map((name, i) =>
        line(
          history.map(({ loss }, step): Point => [step, loss[i]]),
          `racer ${name}`,
        ),
      ),
      {
        x: { range: [0, Math.max(60, steps)], label: 'step' },
        y: { range: [bottom - (top - bottom) * 0.04, top], label: 'loss' },
      },
    );
    race.describe(
      `The loss of each optimizer by step: ${NAMES.map((name, i) => `${RACERS[name].title} ${number(now.loss[i], 3)}`).join(', ')}.`,
    );
    rows.forEach(({ cells }, i) => {
      const { rate, rule } = RACERS[NAMES[i]];
      const values = [
        rule(number(rate * factor, 3)),
        ...[now.x, now.y, now.loss].map((all) => fixed(all[i], 3)),
      ];
      values.forEach((value, k) => show(cells[k], value));
    });
    const gone = NAMES.filter((_, i) => isLost(now, i));
    byId('steps').textContent =
      gone.length > 0
        ? `${gone.map((name) => RACERS[name].title).join(' and ')} left the map: the rate is too high.`
        : `${taken}.`;
    check({
      surface: knobs.values.surface,
      steps,
      gone,
      start: first[0],
      sgd: now.x[NAMES.indexOf('sgd')],
      momentum: now.x[NAMES.indexOf('momentum')],
    });
  }

  const isLost = ({ x, y }: Places, i: number) => !(Math.hypot(x[i], y[i]) < LOST);
  const player = createPlayer({
    async step() {
      const own = turn;
      const now = history.at(-1);
      if (!now || NAMES.some((_, i) => isLost(now, i))) return false;
      const { racer } = knobs.values;
      const { places, detail } = await call('step', racer);
      if (own !== turn) return false;
      history.push(places);
      paint();
      void showDetail(racer === knobs.values.racer ? detail : undefined);
      return history.length <= MOST_STEPS && !NAMES.some((_, i) => isLost(places, i));
    },
    reset: begin,
  });
  byId('ground').addEventListener('click', (event) => {
    const [x, y] = ground.at(event).map((value) => Number(Math.max(-2, Math.min(2, value)).toFixed(2)));
    knobs.set({ x, y });
    void begin();
  });
  onSchemeChange(() => {
    paintGround();
    paint();
  });
  void showDetail();
  await begin();
});

/** Fills the table of a step: what is computed one after the other, along x and along y. */
function paintDetail(name: Racer, factor: number, detail: Detail | undefined): void {
  const { title, rate, rule, keeps = [], corrected = [], step = rule }: RacerRule = RACERS[name];
  const rated = number(rate * factor, 3);
  const lines: readonly (readonly [string, readonly number[] | undefined])[] = [
    ['place', detail?.before],
    ['slope g there', detail?.slope],
    ...keeps.map((kept, i) => [kept(rated), detail?.kept[i]] as const),
    ...corrected.map((mean, i) => [mean, detail?.corrected[i]] as const),
    [`step = ${step(rated)}`, detail?.step],
    ['new place', detail?.after],
  ];
  byId('detail-title').textContent = detail ? `Step ${detail.count} of ${title}` : `A step of ${title}`;
  const cell = (value: number | undefined) => create('td', {}, value === undefined ? '' : number(value, 3));
  byId('detail').replaceChildren(
    ...lines.map(([text, values]) =>
      create('tr', {}, create('th', { scope: 'row' }, text), cell(values?.[0]), cell(values?.[1])),
    ),
  );
}

/** A row for each racer, with places for its step, x, y and loss; pressing its name chooses it. */
function createTable(onChoose: (racer: Racer) => void) {
  const rows = NAMES.map((name) => {
    const cells = Array.from({ length: 3 }, () => create('td'));
    const key = create('i', { className: `key-dot ${name}` });
    const { title, rate, rule } = RACERS[name];
    const step = create('small', {}, rule(number(rate, 3)));
    const button = create('button', { type: 'button', title: 'Show its steps in numbers' }, title);
    button.addEventListener('click', () => onChoose(name));
    const row = create('tr', {}, create('th', { scope: 'row' }, key, button, step), ...cells);
    return {
      row,
      cells: [step, ...cells],
      choose(isChosen: boolean): void {
        row.classList.toggle('selected', isChosen);
        button.setAttribute('aria-pressed', String(isChosen));
      },
    };
  });
  byId('rows').replaceChildren(...rows.map(({ row }) => row));
  return rows;
}

import { coalesce } from '../../shared/coalesce.ts';
import { byId, create } from '../../shared/dom.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, operand, show } from '../common/numbers.ts';
import { createPlayer } from '../common/player.ts';
import { arrow, dot, line, path, Plot, points, text } from '../common/plot.ts';
import type { Point } from '../common/plot.ts';
import { exercises } from './exercises.ts';
import { INPUTS, REACH, TARGETS, WEIGHTS } from './kernels.ts';
import type { Kernels } from './kernels.ts';
import { DIGITS, settings } from './settings.ts';

/** The height at which the step is drawn. */
const FLOOR = -8;
/** From here on the weight has left the figure for good. */
const FAR = 1e4;
/** A step that moves the weight less than this is the last one of a run. */
const STILL = 1e-4;

lesson<Kernels>('descent', async (call) => {
  const knobs = bindKnobs(settings, (name) => {
    if (name === 'w') forget();
    void refresh();
  });
  const bowl = new Plot(byId('bowl'), {
    x: { range: [0, 4], label: 'weight w', ticks: [0, 1, 2, 3, 4] },
    y: { range: [-16, 124], label: 'loss', ticks: [0, 30, 60, 90, 120] },
  });
  const fit = new Plot(byId('fit'), {
    x: { range: [-0.3, 4.3], label: 'input x', ticks: INPUTS },
    y: { range: [-1.5, 17], label: 'y', ticks: [0, 4, 8, 12, 16] },
  });
  const rows = createTable();
  const check = bindExercises(exercises);
  let curve: readonly Point[] | undefined;
  /** The weights that steps have come from, with their losses. */
  let trail: Point[] = [];
  let steps = 0;
  let w = knobs.values.w;

  function forget(): void {
    player.stop();
    [trail, steps, w] = [[], 0, knobs.values.w];
  }

  const refresh = coalesce(async () => {
    const { rate } = knobs.values;
    curve ??= points(WEIGHTS, await call('parabola'));
    const found = await call('look', w, rate);
    const [total, slope, change, next] = [found.total, found.slope, found.change, found.next].map(
      ([only]) => only,
    );
    rows.forEach((cells, i) => {
      const values = [found.prediction, found.error, found.squared, found.shares].map((list) => list[i]);
      values.forEach((value, k) => show(cells[k], value, k === 0 ? DIGITS : 3));
    });
    show(byId('total'), total);
    show(byId('slope'), slope);
    const from = number(w, DIGITS);
    show(
      byId('update'),
      `${from} − ${number(rate, 3)} · ${operand(slope)} = ${from} − ${operand(change)} = ${number(next, DIGITS)}`,
    );
    byId('steps').textContent = steps === 1 ? '1 step' : `${steps} steps`;
    const here: Point = [w, total];
    const [below, above] = found.tangent;
    // Inside of the parabola there is room for words: at its lowest point above the dot, else beside it.
    const low = Math.abs(w - 2) < 0.5;
    const beside = w > 2 ? ({ x: -14, anchor: 'end' } as const) : ({ x: 14, anchor: 'start' } as const);
    const { x, anchor } = low ? ({ x: 0, anchor: 'middle' } as const) : beside;
    bowl.draw([
      line(curve, 'parabola'),
      path(
        [
          [
            [w - REACH, below],
            [w + REACH, above],
          ],
        ],
        'gradient',
      ),
      ...trail.map((point) => dot(point, 'faint', 3)),
      path([[here, [w, FLOOR]]], 'faint dashed'),
      arrow([w, FLOOR], [next, FLOOR], 'first'),
      dot(here, '', 6),
      text(here, `slope ${number(slope, 3)}`, { by: [x, low ? -32 : -24], anchor, name: 'gradient' }),
      text(here, `loss ${number(total, 3)}`, { by: [x, low ? -16 : -8], anchor }),
      text([next, FLOOR], `step ${number(-change, 3)}`, {
        by: [beside.x / 2, 4],
        anchor: beside.anchor,
        name: 'first',
      }),
    ]);
    bowl.describe(
      `The loss over the weight, a parabola. At w = ${from} the loss is ${number(total)} and the slope ${number(slope)}; a step leads to ${number(next, DIGITS)}.`,
    );
    fit.draw([
      path(
        INPUTS.map((x, i) => [
          [x, TARGETS[i]],
          [x, found.prediction[i]],
        ]),
        'wrong',
      ),
      line(points(INPUTS, found.prediction), 'first'),
      ...INPUTS.map((x, i) => dot([x, TARGETS[i]], '')),
      text([4, found.prediction[4]], `${from} · x`, {
        by: [-14, found.error[4] > 0 ? -6 : 16],
        anchor: 'end',
        name: 'first',
      }),
    ]);
    fit.describe(
      `Five points on the line y = 2x, and the predictions ${found.prediction.map((value) => number(value)).join(', ')}.`,
    );
    check({ w, total, next, steps, first: trail[0]?.[0] ?? w });
    ready();
  });

  const player = createPlayer({
    pause: 250,
    async step() {
      const before = w;
      const [loss] = (await call('look', before, knobs.values.rate)).total;
      const next = await call('step', before, knobs.values.rate);
      if (w !== before) return false; // the reader has moved it
      trail = [...trail.slice(-60), [before, loss]];
      [w, steps] = [next, steps + 1];
      knobs.set({ w: Number(Math.max(0, Math.min(4, w)).toPrecision(6)) });
      await refresh();
      return Math.abs(w) < FAR && Math.abs(w - before) > STILL;
    },
    async reset() {
      knobs.set({ w: 3 });
      forget();
      await refresh();
    },
  });
  await refresh();
});

/** The table's rows; each gives its cells for prediction, error, square and part of the slope. */
function createTable(): HTMLElement[][] {
  const rows = INPUTS.map((x, i) => {
    const cells = Array.from({ length: 4 }, () => create('td'));
    const row = create(
      'tr',
      {},
      create('th', { scope: 'row' }, String(x)),
      create('td', {}, String(TARGETS[i])),
      ...cells,
    );
    return { row, cells };
  });
  byId('rows').replaceChildren(...rows.map(({ row }) => row));
  return rows.map(({ cells }) => cells);
}

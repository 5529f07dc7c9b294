import { coalesce } from '../../shared/coalesce.ts';
import { byId, create } from '../../shared/dom.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, show } from '../common/numbers.ts';
import { dot, line, Plot, points, text } from '../common/plot.ts';
import type { Point } from '../common/plot.ts';
import { CASES, DISTRIBUTIONS, placesOf } from './cases.ts';
import type { CaseName } from './cases.ts';
import { exercises } from './exercises.ts';
import type { Judged, Kernels } from './kernels.ts';
import { settings } from './settings.ts';

/** The colours of the losses of a case, by their classes. */
const COLOURS = ['first', 'second', 'third'];

/** The name of the first raw output. */
const firstOf = (name: CaseName): string => (CASES[name].outputs === 1 ? 'z' : 'z₁');
/** How far a tangent reaches to either side. */
const TANGENT = 0.9;

lesson<Kernels>('losses', async (call) => {
  const knobs = bindKnobs(settings, () => void refresh());
  const axes = (name: CaseName) => ({
    x: { range: CASES[name].range, label: firstOf(name), ticks: [-6, -4, -2, 0, 2, 4, 6] },
    y: { range: [-CASES[name].most * 0.03, CASES[name].most] as const, label: 'loss' },
  });
  const plot = new Plot(byId('curves'), axes('two'));
  const check = bindExercises(exercises);
  let table: ReturnType<typeof createTable> | undefined;
  let shown: CaseName | undefined;

  const targetsOf = (): readonly number[] => {
    const { question, answer, right, target, y } = knobs.values;
    if (question === 'regression') return [y];
    if (question === 'two') return [answer === 'yes' ? 1 : 0];
    return question === 'many'
      ? [1, 2, 3].map((each) => Number(String(each) === right))
      : DISTRIBUTIONS[target];
  };

  function change(name: CaseName): void {
    shown = name;
    const first = firstOf(name);
    knobs.enable(name === 'regression', 'y');
    knobs.enable(name === 'two', 'answer');
    knobs.enable(name === 'many', 'right');
    knobs.enable(name === 'divergence', 'target');
    knobs.enable(CASES[name].outputs > 1, 'z2', 'z3');
    byId('title').textContent = `The loss over ${first}`;
    byId('z1-value').previousSibling!.textContent = `Raw output ${first} `;
    byId('advice').textContent = CASES[name].advice;
    table = createTable(name);
    byId('rules').replaceChildren(
      ...CASES[name].losses.map((loss, i) =>
        create('li', {}, key(i), `${loss} = `, unbroken(CASES[name].rules[i])),
      ),
    );
  }

  const refresh = coalesce(async () => {
    const { question, z1, z2, z3 } = knobs.values;
    if (question !== shown) change(question);
    const z = [z1, z2, z3].slice(0, CASES[question].outputs);
    const targets = targetsOf();
    const found = await call('judge', question, z, targets);
    if (question !== shown) return;
    table!(z, targets, found);
    const xs = placesOf(CASES[question].range);
    plot.draw(
      found.losses
        .toReversed()
        .flatMap(({ value, slopes: [slope], curve }, back) => {
          const colour = COLOURS[found.losses.length - 1 - back];
          const [left, right] = [-TANGENT, TANGENT].map((by): Point => [z1 + by, value + by * slope]);
          return [
            line(points(xs, curve), colour),
            line([left, right], 'gradient'),
            dot([z1, value], colour, 5),
          ];
        })
        .concat(
          text([z1, found.losses[0].value], number(found.losses[0].value, 3), {
            by: z1 < 3 ? [12, 2] : [-12, 2],
            anchor: z1 < 3 ? 'start' : 'end',
          }),
        ),
      axes(question),
    );
    const words = CASES[question].losses.map((name, i) => `${name} ${number(found.losses[i].value, 3)}`);
    plot.describe(
      `Losses over the raw output ${firstOf(question)}. At ${number(z1, 3)}: ${words.join(', ')}.`,
    );
    check({ question, targets, losses: found.losses.map(({ value }) => value) });
    ready();
  });
  await refresh();
});

/** A rule, whose lines break between its parts and between words, not inside a formula. */
function unbroken(rule: string): string {
  return rule.replaceAll(/ (?=[−·+/=<(])|(?<=[−·+/=<Σ]) /g, '\u00A0');
}

/** The colour of a loss. */
function key(i: number): HTMLElement {
  return create('i', { className: `key-dot ${COLOURS[i]}` });
}

/** The table of a case; fills it with numbers. */
function createTable(
  name: CaseName,
): (z: readonly number[], targets: readonly number[], found: Judged) => void {
  const { outputs, activation, losses } = CASES[name];
  byId('legend').replaceChildren(
    ...losses.map((loss, i) => create('span', { className: 'name' }, key(i), loss)),
  );
  const heads = losses.map((loss, i) => create('th', { scope: 'col' }, key(i), loss));
  const rows = Array.from({ length: outputs }, () =>
    Array.from({ length: 2 + losses.length }, () => create('td')),
  );
  const sums = losses.map(() => create('td'));
  byId('numbers').replaceChildren(
    create(
      'thead',
      {},
      create(
        'tr',
        {},
        ...['raw output z', `p = ${activation}`, 'target y'].map((head) =>
          create('th', { scope: 'col' }, head),
        ),
        ...heads,
      ),
    ),
    create(
      'tbody',
      {},
      ...rows.map((cells, i) => {
        const raw = create('td');
        cells.unshift(raw);
        return create('tr', { className: `output-${i}` }, ...cells);
      }),
    ),
    create('tfoot', {}, create('tr', {}, create('th', { scope: 'row', colSpan: 3 }, 'loss'), ...sums)),
  );
  return (z, targets, found) => {
    rows.forEach((cells, i) => {
      const slopes = found.losses.map(({ slopes }) => `slope ${number(slopes[i], 3)}`);
      [z[i], found.prediction[i], targets[i], ...slopes].forEach((value, k) => show(cells[k], value, 3));
    });
    found.losses.forEach(({ value }, i) => show(sums[i], value, 4));
  };
}

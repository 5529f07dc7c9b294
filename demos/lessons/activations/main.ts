import { coalesce } from '../../shared/coalesce.ts';
import { byId, create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { svg } from '../../shared/svg.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, show } from '../common/numbers.ts';
import { dot, line, path, Plot, points, text } from '../common/plot.ts';
import { DEPTHS, FUNCTIONS, NAMES, REACH, XS } from './functions.ts';
import type { FunctionName } from './functions.ts';
import type { Curve, Kernels } from './kernels.ts';
import { settings } from './settings.ts';

const start = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

/** How far the tangent reaches to either side. */
const TANGENT = 1.2;

lesson<Kernels>(start, async (call) => {
  const knobs = bindKnobs(settings, () => void refresh());
  const value = new Plot(byId('value'), {
    x: { range: [-REACH, REACH], label: 'x', ticks: [-4, -2, 0, 2, 4] },
    y: { range: [-2.2, 5], label: 'f(x)', ticks: [-2, -1, 0, 1, 2, 3, 4, 5] },
  });
  const slope = new Plot(byId('slope'), {
    x: { range: [-REACH, REACH], label: 'x', ticks: [-4, -2, 0, 2, 4] },
    y: { range: [-0.35, 1.35], label: 'f′(x)', ticks: [0, 0.25, 0.5, 0.75, 1, 1.25] },
  });
  const curves = await call('curves');
  const thumbs = createThumbs(curves, (f) => {
    knobs.set({ f });
    void refresh();
  });
  const layers = createLayers();

  const refresh = coalesce(async () => {
    const { f, x } = knobs.values;
    const here = (await call('at', x))[f];
    const { title, formula, note } = FUNCTIONS[f];
    for (const [name, button] of thumbs) button.setAttribute('aria-pressed', String(name === f));
    byId('name').textContent = `${title}: ${formula}`;
    byId('note').textContent = note;
    const [low, high] = [-TANGENT, TANGENT].map((by): [number, number] => [
      x + by,
      here.value + by * here.slope,
    ]);
    value.draw([
      path(
        [
          [
            [-REACH, 0],
            [REACH, 0],
          ],
          [
            [0, -3],
            [0, 6],
          ],
        ],
        'faint',
      ),
      line(points(XS, curves[f].values), ''),
      path([[low, high]], 'gradient'),
      dot([x, here.value], '', 6),
      text(
        [x, here.value],
        `f(${number(x, 3)}) = ${number(here.value, 3)}`,
        x > 0 ? { by: [-12, -8], anchor: 'end' } : { by: [4, -14] },
      ),
    ]);
    value.describe(`${title}. At x = ${number(x, 3)} its value is ${number(here.value, 3)}.`);
    slope.draw([
      path(
        [
          [
            [-REACH, 0],
            [REACH, 0],
          ],
          [
            [0, -3],
            [0, 6],
          ],
        ],
        'faint',
      ),
      line(points(XS, curves[f].slopes), 'gradient'),
      dot([x, here.slope], '', 6),
      text(
        [x, here.slope],
        `f′(${number(x, 3)}) = ${number(here.slope, 3)}`,
        x > 0 ? { by: [-12, -8], anchor: 'end' } : { by: [4, -14] },
      ),
    ]);
    slope.describe(`The derivative of ${title}. At x = ${number(x, 3)} it is ${number(here.slope, 3)}.`);
    layers.forEach((cell, i) => show(cell, here.powers[i], 3));
    ready();
  });
  await refresh();
});

/** A small picture of each function, to choose it by. */
function createThumbs(curves: Record<FunctionName, Curve>, onChoose: (f: FunctionName) => void) {
  const drawn = (values: readonly number[], name: string) => {
    const places = points(XS, values).filter((_, i) => i % 4 === 0);
    const d = places.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(2)} ${(-y).toFixed(3)}`).join('');
    return svg('path', { class: `line ${name}`, d, 'vector-effect': 'non-scaling-stroke' });
  };
  const thumbs = NAMES.map((name) => {
    const { values, slopes } = curves[name];
    const picture = svg(
      'svg',
      { viewBox: '-5 -3.6 10 5.4', class: 'axes thumb', 'aria-hidden': 'true' },
      drawn(slopes, 'gradient'),
      drawn(values, ''),
    );
    const button = create('button', { type: 'button' }, picture, create('span', {}, FUNCTIONS[name].title));
    button.addEventListener('click', () => onChoose(name));
    return [name, button] as const;
  });
  byId('thumbs').replaceChildren(...thumbs.map(([, button]) => button));
  rove(byId('thumbs'), () => thumbs.length);
  return thumbs;
}

/** The table row that shows what is left of a gradient after 1, 2, 5 … layers. */
function createLayers(): HTMLElement[] {
  const cells = DEPTHS.map(() => create('td'));
  const heads = DEPTHS.map((depth) =>
    create('th', { scope: 'col' }, depth === 1 ? '1 layer' : `${depth} layers`),
  );
  byId('layers').replaceChildren(
    create(
      'thead',
      {},
      create('tr', {}, create('th', { scope: 'col' }, 'A gradient of 1 becomes, after'), ...heads),
    ),
    create('tbody', {}, create('tr', {}, create('th', { scope: 'row' }, 'if all are at this x'), ...cells)),
  );
  return cells;
}

import { coalesce } from '../../shared/coalesce.ts';
import { byId, create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { svg } from '../../shared/svg.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, show } from '../common/numbers.ts';
import { dot, line, path, Plot, points, text } from '../common/plot.ts';
import type { Point } from '../common/plot.ts';
import { exercises } from './exercises.ts';
import { DEPTHS, FUNCTIONS, NAMES, REACH, XS } from './functions.ts';
import type { FunctionName } from './functions.ts';
import type { Curve, Kernels } from './kernels.ts';
import { settings } from './settings.ts';

/** How far the tangent reaches to either side. */
const TANGENT = 1.2;

lesson<Kernels>('activations', async (call) => {
  const knobs = bindKnobs(settings, () => void refresh());
  const value = new Plot(byId('value'), {
    x: { range: [-REACH, REACH], label: 'x', ticks: [-4, -2, 0, 2, 4] },
    y: { range: [-2.2, 5], label: 'f(x)', ticks: [-2, -1, 0, 1, 2, 3, 4, 5] },
  });
  const slope = new Plot(byId('slope'), {
    x: { range: [-REACH, REACH], label: 'x', ticks: [-4, -2, 0, 2, 4] },
    y: { range: [-0.35, 1.35], label: 'f′(x)', ticks: [0, 0.25, 0.5, 0.75, 1, 1.25] },
  });
  const check = bindExercises(exercises);
  let curves: Record<FunctionName, Curve> | undefined;
  const thumbs = createThumbs((f) => {
    knobs.set({ f });
    void refresh();
  });
  const layers = createLayers();

  function name(f: FunctionName): void {
    const { title, formula, slope, note } = FUNCTIONS[f];
    for (const [own, { button }] of thumbs) button.setAttribute('aria-pressed', String(own === f));
    byId('name').textContent = title;
    byId('formula').textContent = formula;
    byId('derivative').textContent = slope;
    byId('note').textContent = note;
  }

  const refresh = coalesce(async () => {
    const { f, x } = knobs.values;
    name(f);
    if (!curves) {
      curves = await call('curves');
      for (const [own, { picture }] of thumbs) picture.replaceChildren(...smallPicture(curves[own]));
    }
    const here = (await call('at', x))[f];
    const { title } = FUNCTIONS[f];
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
      path(unbroken(points(XS, curves[f].slopes)), 'gradient'),
      dot([x, here.slope], '', 6),
      text(
        [x, here.slope],
        `f′(${number(x, 3)}) = ${number(here.slope, 3)}`,
        x > 0 ? { by: [-12, -8], anchor: 'end' } : { by: [4, -14] },
      ),
    ]);
    slope.describe(`The derivative of ${title}. At x = ${number(x, 3)} it is ${number(here.slope, 3)}.`);
    layers.forEach((cell, i) => show(cell, here.powers[i], 3));
    check({ f, x, slope: here.slope });
    ready();
  });
  await refresh();
});

/** A button for each function, whose picture is still to come. */
function createThumbs(onChoose: (f: FunctionName) => void) {
  const thumbs = NAMES.map((name) => {
    const picture = svg('svg', { viewBox: '-5 -3.6 10 5.4', class: 'axes thumb', 'aria-hidden': 'true' });
    const button = create('button', { type: 'button' }, picture, create('span', {}, FUNCTIONS[name].title));
    button.addEventListener('click', () => onChoose(name));
    return [name, { button, picture }] as const;
  });
  byId('thumbs').replaceChildren(...thumbs.map(([, { button }]) => button));
  rove(byId('thumbs'), () => thumbs.length);
  return thumbs;
}

/** A function and its slope, to choose it by. */
function smallPicture({ values, slopes }: Curve): SVGElement[] {
  const drawn = (own: readonly number[], name: string) => {
    const d = unbroken(points(XS, own))
      .map((part) => `M${part.map(([x, y]) => `${x.toFixed(2)} ${(-y).toFixed(3)}`).join('L')}`)
      .join('');
    return svg('path', { class: `line ${name}`, d, 'vector-effect': 'non-scaling-stroke' });
  };
  return [drawn(slopes, 'gradient'), drawn(values, '')];
}

/** A line in parts where it jumps: at a bend of the function, its slope has no value in between. */
function unbroken(line: readonly Point[]): Point[][] {
  const parts: Point[][] = [[]];
  for (const point of line) {
    const before = parts.at(-1)!.at(-1);
    if (before && Math.abs(point[1] - before[1]) > 0.5) parts.push([]);
    parts.at(-1)!.push(point);
  }
  return parts;
}

/** The table row that shows what is left of a gradient after 1, 2, 5 … layers. */
function createLayers(): HTMLElement[] {
  const cells = DEPTHS.map(() => create('td'));
  const heads = DEPTHS.map((depth) => create('th', { scope: 'col' }, String(depth)));
  byId('layers').replaceChildren(
    create('thead', {}, create('tr', {}, create('th', { scope: 'col' }, 'Behind n layers'), ...heads)),
    create(
      'tbody',
      {},
      create('tr', {}, create('th', { scope: 'row' }, 'a gradient of 1 becomes f′(x)ⁿ'), ...cells),
    ),
  );
  return cells;
}

import { coalesce } from '../../shared/coalesce.ts';
import { byId, create } from '../../shared/dom.ts';
import { onSchemeChange, readPalette } from '../../shared/palette.ts';
import { contour, mix, picture } from '../common/field.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { fixed, number, operand, share, show } from '../common/numbers.ts';
import { createPlayer } from '../common/player.ts';
import { dot, path, Plot, text } from '../common/plot.ts';
import { exercises } from './exercises.ts';
import { createNetwork } from './network.ts';
import type { NetworkView } from './network.ts';
import { CORNERS, RANGE, SIDE, TASKS } from './kernels.ts';
import type { Kernels, Kind, Look } from './kernels.ts';
import { settings } from './settings.ts';

/** Training ends when every output is as right as this, or after so many steps. */
const LEARNED = 0.05;
const MOST_STEPS = 600;
const STEPS_A_FRAME = { one: 1, two: 10 } as const;

lesson<Kernels>('neuron', async (call) => {
  const check = bindExercises(exercises);
  const knobs = bindKnobs(settings, (name) => {
    player.stop();
    if (name !== 'task') void begin();
    else void refresh();
  });
  const plane = new Plot(byId('plane'), {
    x: { range: RANGE, label: 'input x₁', ticks: [0, 1] },
    y: { range: RANGE, label: 'input x₂', ticks: [0, 1] },
  });
  /** The network that is shown; the knobs may already ask for another one, whose weights have not arrived yet. */
  let current: { readonly kind: Kind; readonly weights: readonly number[] } | undefined;
  let latest: readonly number[] = [];
  let [steps, selected, turn] = [0, 3, 0];
  let network: NetworkView | undefined;
  const rows = createTable((row) => {
    selected = row;
    void refresh();
  });

  /** Weights from the sliders, or random ones. */
  async function begin(): Promise<void> {
    const own = ++turn;
    const { kind, w1, w2, b, seed } = knobs.values;
    knobs.enable(kind === 'one', 'w1', 'w2', 'b');
    knobs.enable(kind === 'two', 'seed');
    byId('hidden-head').hidden = kind === 'one';
    byId('sum-head').hidden = kind === 'two';
    network ??= createNetwork(byId('network'), kind); // before there is any number
    const weights = kind === 'one' ? [w1, w2, b] : await call('begin', seed);
    if (own !== turn) return; // the reader has gone on
    if (current && current.kind !== kind) network = createNetwork(byId('network'), kind);
    current = { kind, weights };
    steps = 0;
    await refresh();
  }

  const refresh = coalesce(async () => {
    if (!current) return;
    const { kind, weights } = current;
    const { task } = knobs.values;
    const found = await call('look', kind, task, weights);
    if (kind !== current.kind) return; // the reader has chosen something else
    const targets = TASKS[task];
    const right = targets.filter((target, i) => Math.round(found.output[i]) === target).length;
    rows.forEach((row, i) => row.show(found, i, kind, targets[i], i === selected));
    network!.show(weights, CORNERS[selected], found, selected);
    drawPlane(plane, found, kind, targets);
    plane.describe(
      `The plane of the two inputs, coloured by the output. ${right} of 4 corners are on the right side of the boundary.`,
    );
    byId('verdict').textContent = `${right} of 4 right`;
    byId('verdict').dataset.all = String(right === 4);
    byId('steps').textContent = verdict(kind, task, right, steps);
    show(byId('mean'), fixed(found.mean[0], 4));
    const terms = termsOf(kind, weights, found, selected, targets[selected]);
    byId('terms').replaceChildren(...terms.map((term) => create('span', {}, term)));
    latest = found.output;
    check({ kind, task, weights, right });
    ready();
  });

  const player = createPlayer({
    async step() {
      const before = current;
      if (!before) return false;
      const { kind } = before;
      const { task } = knobs.values;
      const count = Math.min(STEPS_A_FRAME[kind], MOST_STEPS - steps);
      const weights = await call('train', kind, task, before.weights, count);
      if (current !== before) return true; // the reader has reset the weights
      current = { kind, weights };
      steps += count;
      if (kind === 'one') {
        const [w1, w2, b] = weights.map((own) => Number(Math.max(-8, Math.min(8, own)).toPrecision(4)));
        knobs.set({ w1, w2, b });
      }
      await refresh();
      const wrong = Math.max(...TASKS[task].map((target, i) => Math.abs(target - latest[i])));
      return wrong > LEARNED && steps < MOST_STEPS;
    },
    async reset() {
      knobs.set({ w1: 2, w2: 2, b: -1 });
      await begin();
    },
  });
  onSchemeChange(() => void refresh());
  await begin();
});

function verdict(kind: 'one' | 'two', task: keyof typeof TASKS, right: number, steps: number): string {
  const trained = steps === 0 ? '' : `${steps} steps of training. `;
  if (kind === 'one' && task === 'xor') return `${trained}One straight line gets at most 3 of 4.`;
  if (kind === 'two' && steps >= MOST_STEPS && right < 4)
    return `${trained}This start is stuck: try another.`;
  return trained || 'Not trained yet.';
}

/** How the output and the loss of the chosen input are computed. */
function termsOf(kind: Kind, weights: readonly number[], found: Look, row: number, target: number): string[] {
  const [w1, w2, b] = kind === 'one' ? weights : weights.slice(6);
  const inputs = kind === 'one' ? CORNERS[row] : found.hidden.slice(2 * row, 2 * row + 2);
  const sumOf = ([w1, w2, b]: readonly number[], [x1, x2]: readonly number[]) =>
    `${operand(w1)} · ${operand(x1)} + ${operand(w2)} · ${operand(x2)} + ${operand(b)}`;
  const [w11, w12, w21, w22, b1, b2] = weights;
  const neurons = [
    [w11, w21, b1],
    [w12, w22, b2],
  ];
  const hidden =
    kind === 'one'
      ? []
      : neurons.map((own, j) => `h${'₁₂'[j]} = tanh(${sumOf(own, CORNERS[row])}) = ${number(inputs[j])}, `);
  const output = share(found.output[row], found.rest[row]);
  const judged = target === 1 ? `−log(${output})` : `−log(${share(found.rest[row], found.output[row])})`;
  const [z, loss] = [number(found.z[row]), number(found.losses[row], 3)];
  return [
    ...hidden,
    `z = ${sumOf([w1, w2, b], inputs)} = ${z}, `,
    `output = sigmoid(${z}) = ${output}, `,
    `loss = ${target === 1 ? '−log(output)' : '−log(1 − output)'} = ${judged} = ${loss}`,
  ];
}

function drawPlane(plane: Plot, found: Look, kind: 'one' | 'two', targets: readonly number[]): void {
  const { negative, positive, zero } = readPalette();
  const field = { side: SIDE, range: RANGE, values: found.field };
  // Two colours for the two answers, paler where it is less sure.
  const colour = (output: number) =>
    mix(zero, output > 0.5 ? positive : negative, 0.62 * Math.abs(2 * output - 1));
  const own = [0, 1].map((neuron) => ({
    ...field,
    values: found.lines.filter((_, i) => i % 2 === neuron),
  }));
  plane.draw([
    { kind: 'picture', href: picture(field, colour) },
    ...(kind === 'two' ? own.map((each) => path(contour(each, 0), 'own')) : []),
    path(contour(field, 0.5), 'boundary'),
    ...CORNERS.flatMap(([x, y], i) => [
      dot([x, y], targets[i] ? 'positive' : 'negative', 9),
      text([x, y], fixed(found.output[i]), { by: [0, y ? -16 : 26], anchor: 'middle' }),
    ]),
  ]);
}

/** The rows of the table: the four inputs, and what the network makes of them. */
function createTable(onSelect: (row: number) => void) {
  const rows = CORNERS.map((corner, i) => {
    const button = create(
      'button',
      { type: 'button', title: 'Show this input in the network' },
      corner.join(', '),
    );
    button.addEventListener('click', () => onSelect(i));
    const cells = Array.from({ length: 5 }, () => create('td'));
    const row = create('tr', {}, create('th', { scope: 'row' }, button), ...cells);
    return {
      row,
      show(found: Look, at: number, kind: 'one' | 'two', target: number, selected: boolean): void {
        const middle =
          kind === 'one'
            ? fixed(found.z[at], 3)
            : [0, 1].map((k) => fixed(found.hidden[2 * at + k])).join(', ');
        const right = Math.round(found.output[at]) === target;
        const texts = [middle, fixed(found.output[at], 3), String(target), fixed(found.losses[at], 4)];
        texts.forEach((own, k) => show(cells[k], own));
        cells[4].textContent = right ? '✓ right' : '✗ wrong';
        cells[4].className = right ? 'right' : 'wrong';
        row.classList.toggle('selected', selected);
        button.setAttribute('aria-pressed', String(selected));
      },
    };
  });
  byId('rows').replaceChildren(...rows.map(({ row }) => row));
  return rows;
}

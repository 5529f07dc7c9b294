import { create } from '../../shared/dom.ts';
import { Diagram, showStrength } from '../common/diagram.ts';
import { show } from '../common/numbers.ts';
import type { Point } from '../common/plot.ts';
import { QUANTITIES, symbolOf } from './quantities.ts';
import type { Ids } from './quantities.ts';

/** Where everything is, in percent; of the numbers of weights, how far along their lines. */
interface Places {
  readonly inputs: readonly Point[];
  readonly hidden: readonly Point[];
  readonly output: Point;
  readonly loss: Point;
  readonly straight: number;
  readonly crossing: number;
  readonly last: number;
}

/** From left to right. */
const WIDE: Places = {
  inputs: [
    [6, 22],
    [6, 78],
  ],
  hidden: [
    [41, 20],
    [41, 80],
  ],
  output: [86, 36],
  loss: [86, 84],
  straight: 0.45,
  crossing: 0.3,
  last: 0.51,
};

/** From top to bottom, on a phone. */
const TALL: Places = {
  inputs: [
    [23, 4],
    [77, 4],
  ],
  hidden: [
    [23, 47],
    [77, 47],
  ],
  output: [50, 77],
  loss: [50, 94],
  straight: 0.61,
  crossing: 0.28,
  last: 0.55,
};

/** Draws the network with all its numbers, each a button; `onSelect` is told which one is pointed at or in focus. */
export function createNetwork(root: HTMLElement, tall: boolean, onSelect: (id: string) => void) {
  const { inputs, hidden, output, loss, straight, crossing, last } = tall ? TALL : WIDE;
  root.replaceChildren();
  const diagram = new Diagram(root);
  const cells = new Map<string, { cell: HTMLButtonElement; value: HTMLElement }>();
  const lines = new Map<string, SVGElement>();

  const cell = (id: string) => {
    const value = create('b');
    const said = (words: string) => create('span', { className: 'heard' }, words);
    const symbol = id.startsWith('d') ? ['∂', said(symbolOf(id).slice(1))] : [symbolOf(id)];
    const meaning = QUANTITIES[id]?.meaning;
    const own = create(
      'button',
      { type: 'button', className: id.startsWith('d') ? 'cell back' : 'cell', 'data-id': id },
      create('i', {}, ...symbol),
      ' ',
      value,
      said(meaning ? `, ${meaning}` : ''),
    );
    own.addEventListener('focus', () => onSelect(id));
    own.addEventListener('click', () => onSelect(id));
    cells.set(id, { cell: own, value });
    return own;
  };
  const pair = (id: string) => [cell(id), cell(`d${id}`)];
  const box = (title: string, at: Point, ...ids: string[]) =>
    diagram.put(create('div', { className: 'box' }, create('span', {}, title), ...ids.flatMap(pair)), at);
  const chip = (id: string, from: Point, to: Point, share: number) => {
    const at: Point = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
    diagram.put(create('div', { className: 'chip' }, ...pair(id)), at);
  };

  const wires = [
    ...inputs.flatMap((from, i) =>
      hidden.map((to, j) => ({ id: `w${i + 1}${j + 1}`, from, to, share: i === j ? straight : crossing })),
    ),
    ...hidden.map((from, j) => ({ id: `v${j + 1}`, from, to: output, share: last })),
  ];
  for (const { id, from, to } of wires) lines.set(id, diagram.line(from, to));
  diagram.line(output, loss);
  inputs.forEach((at, i) => diagram.put(create('div', { className: 'box' }, cell(`x${i + 1}`)), at));
  for (const { id, from, to, share } of wires.slice(0, 4)) chip(id, from, to, share);
  hidden.forEach((at, j) => box(`hidden ${j + 1}`, at, `b${j + 1}`, `z${j + 1}`, `h${j + 1}`));
  for (const { id, from, to, share } of wires.slice(4)) chip(id, from, to, share);
  box('output', output, 'c', 'p');
  diagram.put(
    create('div', { className: 'box end' }, create('span', {}, 'loss'), cell('y'), cell('L')),
    loss,
  );

  return {
    show(values: Ids): void {
      for (const [id, { value }] of cells) show(value, values[id], 3);
      for (const [id, line] of lines) showStrength(line, values[id], 2);
    },
    /** Marks a number and those it is computed from. */
    select(id: string): void {
      const sources = QUANTITIES[id]?.sources ?? [];
      for (const [own, { cell: element }] of cells) {
        element.classList.toggle('selected', own === id);
        element.classList.toggle('source', sources.includes(own));
      }
    },
  };
}

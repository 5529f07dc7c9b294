import { create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { Diagram, showStrength } from '../common/diagram.ts';
import { show } from '../common/numbers.ts';
import type { Point } from '../common/plot.ts';
import { QUANTITIES, symbolOf } from './quantities.ts';
import type { Ids } from './quantities.ts';

const INPUTS: readonly Point[] = [
  [6, 22],
  [6, 78],
];
const HIDDEN: readonly Point[] = [
  [41, 20],
  [41, 80],
];
const PREDICTION: Point = [86, 36];
const LOSS: Point = [86, 84];

/** Draws the network with all its numbers, each a button; `onSelect` is told which one is pointed at or in focus. */
export function createNetwork(root: HTMLElement, onSelect: (id: string) => void) {
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
    ...INPUTS.flatMap((from, i) =>
      HIDDEN.map((to, j) => ({ id: `w${i + 1}${j + 1}`, from, to, share: i === j ? 0.45 : 0.3 })),
    ),
    ...HIDDEN.map((from, j) => ({ id: `v${j + 1}`, from, to: PREDICTION, share: 0.51 })),
  ];
  for (const { id, from, to } of wires) lines.set(id, diagram.line(from, to));
  diagram.line(PREDICTION, LOSS);
  INPUTS.forEach((at, i) => diagram.put(create('div', { className: 'box' }, cell(`x${i + 1}`)), at));
  for (const { id, from, to, share } of wires.slice(0, 4)) chip(id, from, to, share);
  HIDDEN.forEach((at, j) => box(`hidden ${j + 1}`, at, `b${j + 1}`, `z${j + 1}`, `h${j + 1}`));
  for (const { id, from, to, share } of wires.slice(4)) chip(id, from, to, share);
  box('output', PREDICTION, 'c', 'p');
  diagram.put(
    create('div', { className: 'box end' }, create('span', {}, 'loss'), cell('y'), cell('L')),
    LOSS,
  );
  const refresh = rove(root, () => 1);
  refresh();

  return {
    show(values: Ids): void {
      for (const [id, { value }] of cells) show(value, values[id], 3);
      for (const [id, line] of lines) showStrength(line, values[id], 2);
    },
    /** Marks a number and those it is computed from. */
    select(id: string, focus: boolean): void {
      const sources = QUANTITIES[id]?.sources ?? [];
      for (const [own, { cell: element }] of cells) {
        element.classList.toggle('selected', own === id);
        element.classList.toggle('source', sources.includes(own));
      }
      if (focus) cells.get(id)!.cell.focus();
    },
  };
}

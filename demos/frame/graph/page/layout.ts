import type { Box, Columns } from './boxes.ts';
import type { StepGraph } from '../stepGraph.ts';
import { LANES } from './grouping.ts';
import type { Grouping, Row, Section } from './grouping.ts';
import { pathsOf } from './routes.ts';
import type { Path } from './routes.ts';

/** A line of text over boxes: a network, a layer, records or the optimizer. */
export interface Heading {
  readonly kind: 'section' | 'row' | 'end';
  readonly name: string;
  readonly row?: Row;
  readonly folded?: boolean;
  readonly nodes: readonly number[];
  readonly y: number;
  /** Of a bar at the end: it reaches so far down. */
  readonly height?: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly columns: Columns;
  readonly boxes: readonly Box[];
  readonly headings: readonly Heading[];
  readonly paths: readonly Path[];
}

/** Lengths in CSS pixels; a phone has three narrow columns of higher boxes. */
const WIDE = { box: 44, gap: 28, margin: 24, between: 36, section: 46, row: 30, pad: 20 };
const NARROW = { box: 66, gap: 24, margin: 14, between: 12, section: 42, row: 44, pad: 18 };
const WIDE_FROM = 560;

/**
 * Where everything is: the forward pass runs down the first column, the loss is below, the backward pass runs up the second,
 * gradients of weights are in the third; records and the optimizer are at the end.
 *
 * @param folded layers of which only a box for each column is drawn
 */
export function layoutOf(
  graph: StepGraph,
  grouping: Grouping,
  { width, folded }: { readonly width: number; readonly folded: ReadonlySet<string> },
): Layout {
  const sizes = width >= WIDE_FROM ? WIDE : NARROW;
  const columnWidth = (width - 2 * sizes.margin - 2 * sizes.between) / 3;
  const left = [0, 1, 2].map((i) => sizes.margin + i * (columnWidth + sizes.between)) as [
    number,
    number,
    number,
  ];
  const columns: Columns = { left, width: columnWidth, margin: sizes.margin, between: sizes.between };
  const boxes: Box[] = [];
  const headings: Heading[] = [];
  let y = 0;

  const heightOf = (count: number) => count * (sizes.box + sizes.gap) - sizes.gap;
  const place = (nodes: readonly number[], top: number, [from, to]: readonly [number, number], end = false) =>
    boxes.push({
      id: nodes.join(' '),
      nodes,
      x: left[from],
      y: top,
      width: left[to] + columnWidth - left[from],
      height: sizes.box,
      columns: [from, to],
      end,
    });
  const stack = (groups: readonly (readonly number[])[], top: number, span: readonly [number, number]) =>
    groups.forEach((nodes, i) => place(nodes, top + i * (sizes.box + sizes.gap), span));
  const each = (nodes: readonly number[]) => nodes.map((index) => [index]);

  function placeSection({ name, data, rows, loss }: Section): void {
    const own = [...data, ...rows.flatMap(({ lanes }) => LANES.flatMap((lane) => lanes[lane])), ...loss];
    if (name) headings.push({ kind: 'section', name, nodes: own, y });
    y += name ? sizes.section : sizes.pad;
    if (data.length > 0) {
      stack(each(data), y, [0, 0]);
      y += heightOf(data.length) + sizes.pad;
    }
    for (const row of rows) placeRow(row);
    if (loss.length > 0) {
      y += sizes.pad / 2;
      stack(each(loss), y, [0, 1]);
      y += heightOf(loss.length) + sizes.pad;
    }
  }

  function placeRow(row: Row): void {
    const isFolded = folded.has(row.group);
    const cells = LANES.map((lane) => {
      const nodes = row.lanes[lane];
      return isFolded && nodes.length > 0 ? [nodes] : each(nodes);
    });
    const name = row.group.split('/').at(-1)!;
    headings.push({ kind: 'row', name, row, folded: isFolded, nodes: cells.flat(2), y });
    y += sizes.row;
    const height = heightOf(Math.max(...cells.map(({ length }) => length)));
    cells.forEach((cell, i) => stack(cell, y + (height - heightOf(cell.length)) / 2, [i, i]));
    y += height + sizes.pad;
  }

  function placeEnd(name: string, nodes: readonly number[]): void {
    if (nodes.length === 0) return;
    const top = y;
    y += sizes.section;
    nodes.forEach((index, i) => {
      const column = i % 3;
      place([index], y + Math.floor(i / 3) * (sizes.box + sizes.gap), [column, column], true);
    });
    y += heightOf(Math.ceil(nodes.length / 3)) + sizes.pad;
    headings.push({ kind: 'end', name, nodes, y: top, height: y - top - 4 });
  }

  for (const section of grouping.sections) placeSection(section);
  placeEnd('Records', grouping.record);
  placeEnd('Optimizer', grouping.optimizer);
  return { width, height: y, columns, boxes, headings, paths: pathsOf(graph, boxes, columns, sizes.gap) };
}

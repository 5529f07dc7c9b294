import type { StepEdge, StepGraph } from '../stepGraph.ts';
import type { Box, Columns } from './boxes.ts';
import { shapeText } from './texts.ts';

/** The way of data from one box to another. */
export interface Path {
  readonly from: string;
  readonly to: string;
  /** Of an SVG path. */
  readonly d: string;
  /** A gradient flows here. */
  readonly gradient: boolean;
  /** It joins neighbours of a column: the main way of the data. Others are faint until an end of theirs is looked at. */
  readonly main: boolean;
  readonly label: string;
  readonly at: Point;
  /** Where the label stands by this place. */
  readonly anchor: 'start' | 'middle' | 'end';
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const RADIUS = 8;
/** Curves over a longer way would cross everything between. */
const FAR = 260;

/** One path for each pair of boxes between which tensors go. */
export function pathsOf(
  { nodes, edges }: StepGraph,
  boxes: readonly Box[],
  columns: Columns,
  gap: number,
): Path[] {
  const boxOf = new Map(boxes.flatMap((box) => box.nodes.map((index) => [index, box] as const)));
  const stacks = [0, 1, 2].map((column) =>
    boxes.filter((box) => box.columns[0] <= column && column <= box.columns[1]).toSorted((a, b) => a.y - b.y),
  );
  const pairs = new Map<string, { readonly a: Box; readonly b: Box; readonly edges: StepEdge[] }>();
  for (const edge of edges) {
    const [a, b] = [boxOf.get(edge.from), boxOf.get(edge.to)];
    if (!a || !b || a === b) continue;
    const key = `${a.id}>${b.id}`;
    const pair = pairs.get(key) ?? { a, b, edges: [] };
    pair.edges.push(edge);
    pairs.set(key, pair);
  }
  const isBackward = (index: number) => ['backward', 'optimizer'].includes(nodes[index].phase);
  const isGradient = ({ from, to }: StepEdge) =>
    isBackward(to) && (nodes[from].phase === 'backward' || nodes[from].phase === 'loss');
  return [...pairs.values()].map(({ a, b, edges: own }) => ({
    from: a.id,
    to: b.id,
    gradient: own.some(isGradient),
    label: [...new Set(own.map(({ shape }) => shapeText(shape)))].join(', '),
    ...routeOf(a, b, { stacks, columns, gap }),
  }));
}

interface Ground {
  readonly stacks: readonly (readonly Box[])[];
  readonly columns: Columns;
  readonly gap: number;
}

type Route = Pick<Path, 'd' | 'main' | 'at' | 'anchor'>;

function routeOf(a: Box, b: Box, ground: Ground): Route {
  const { stacks, columns, gap } = ground;
  const shared = [0, 1, 2].filter((column) => covers(a, column) && covers(b, column));
  const next = shared.find((column) => {
    const stack = stacks[column];
    return Math.abs(stack.indexOf(a) - stack.indexOf(b)) === 1;
  });
  if (next !== undefined && !b.end) {
    const x = columns.left[next] + columns.width / 2;
    const isDown = b.y > a.y;
    const [from, to] = isDown ? [a.y + a.height, b.y] : [a.y, b.y + b.height];
    const y = isDown ? from + gap / 2 + 3 : from - gap / 2 + 5;
    return { d: `M${x} ${from}V${to}`, main: true, at: { x: x + 7, y }, anchor: 'start' };
  }
  if (b.end) return a.end ? withinEnd(a, b, gap) : toEnd(a, b, ground);
  if (shared.length > 0) return aside(a, b, shared[0], columns);
  return Math.abs(b.y - a.y) > FAR ? farAcross(a, b, columns, gap) : across(a, b);
}

const covers = ({ columns: [from, to] }: Box, column: number) => from <= column && column <= to;
const middle = ({ y, height }: Box) => y + height / 2;

/** From one column to another. */
function across(a: Box, b: Box): Route {
  const isRight = b.x > a.x;
  const from = { x: isRight ? a.x + a.width : a.x, y: middle(a) };
  const to = { x: isRight ? b.x : b.x + b.width, y: middle(b) };
  const reach = Math.max(24, Math.abs(to.x - from.x) / 2) * (isRight ? 1 : -1);
  const d = `M${from.x} ${from.y}C${from.x + reach} ${from.y} ${to.x - reach} ${to.y} ${to.x} ${to.y}`;
  return { d, main: false, at: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, anchor: 'middle' };
}

/** The same over a long way: between the columns, and to the last one over the boxes before it. */
function farAcross(a: Box, b: Box, { between }: Columns, gap: number): Route {
  const side = b.x > a.x ? 1 : -1;
  const from = side > 0 ? a.x + a.width : a.x;
  const to = side > 0 ? b.x : b.x + b.width;
  const [x1, x2] = [from + (side * between) / 2, to - (side * between) / 2];
  const y = b.y - gap / 3;
  const d = elbows([
    { x: from, y: middle(a) },
    { x: x1, y: middle(a) },
    ...(Math.abs(x1 - x2) > 1
      ? [
          { x: x1, y },
          { x: x2, y },
        ]
      : []),
    { x: x2, y: middle(b) },
    { x: to, y: middle(b) },
  ]);
  return { d, main: false, at: { x: x2, y: y - 3 }, anchor: 'middle' };
}

/** Beside a column, past the boxes between. */
function aside(a: Box, b: Box, column: number, { left, width, margin, between }: Columns): Route {
  const isLast = column === 2;
  const edge = isLast ? left[2] + width : left[column];
  const out = Math.round(column === 1 ? between / 2.5 : margin / 2);
  const x = isLast ? edge + out : edge - out;
  const [from, to] = [middle(a), middle(b)];
  const d = elbows([
    { x: edge, y: from },
    { x, y: from },
    { x, y: to },
    { x: edge, y: to },
  ]);
  // Above the box that it comes to: half way it would lie under the boxes between.
  const at = { x: isLast ? edge - 2 : edge + 2, y: b.y - 5 };
  return { d, main: false, at, anchor: isLast ? 'end' : 'start' };
}

/** To a box at the end: down beside the column, then along over the boxes there. */
function toEnd(a: Box, b: Box, { stacks, columns: { left, width, margin, between }, gap }: Ground): Route {
  const [first, last] = a.columns;
  const isLast = last === 2;
  const edge = isLast ? a.x + a.width : a.x;
  const out = first === 1 ? between / 2.5 : margin / 2;
  const x = isLast ? left[2] + width + margin / 2 : edge - out;
  const top = Math.min(
    ...stacks
      .flat()
      .filter((box) => box.end && box.y === b.y)
      .map(({ y }) => y),
  );
  const y = top - gap / 3;
  const to = b.x + b.width / 2;
  const d = elbows([
    { x: edge, y: middle(a) },
    { x, y: middle(a) },
    { x, y },
    { x: to, y },
    { x: to, y: b.y },
  ]);
  return { d, main: false, at: { x: to + 6, y: y - 3 }, anchor: 'start' };
}

/** Between two boxes at the end: along their line, or over the boxes between. */
function withinEnd(a: Box, b: Box, gap: number): Route {
  const isRight = a.y === b.y && b.x > a.x;
  const from = a.x + a.width;
  if (isRight && b.x - from < a.width) {
    const y = middle(a);
    return {
      d: `M${from} ${y}H${b.x}`,
      main: true,
      at: { x: (from + b.x) / 2, y: a.y + a.height + 11 },
      anchor: 'middle',
    };
  }
  const [start, end] = [a.x + a.width * 0.6, b.x + b.width * 0.4];
  const isDown = b.y > a.y;
  const y = b.y - gap / 3;
  const d = elbows([
    { x: start, y: isDown ? a.y + a.height : a.y },
    { x: start, y },
    { x: end, y },
    { x: end, y: b.y },
  ]);
  return { d, main: false, at: { x: (start + end) / 2, y: y - 3 }, anchor: 'middle' };
}

/** Straight lines with rounded corners. */
function elbows(points: readonly Point[]): string {
  const [first, ...rest] = points.filter(
    (p, i) => i === 0 || p.x !== points[i - 1].x || p.y !== points[i - 1].y,
  );
  let d = `M${first.x} ${first.y}`;
  rest.forEach((corner, i) => {
    const before = i === 0 ? first : rest[i - 1];
    const after = rest[i + 1];
    if (!after) {
      d += `L${corner.x} ${corner.y}`;
      return;
    }
    const length = (p: Point, q: Point) => Math.hypot(q.x - p.x, q.y - p.y);
    const radius = Math.min(RADIUS, length(before, corner) / 2, length(corner, after) / 2);
    const on = (p: Point) => {
      const share = radius / length(corner, p);
      return `${round(corner.x + (p.x - corner.x) * share)} ${round(corner.y + (p.y - corner.y) * share)}`;
    };
    d += `L${on(before)}Q${corner.x} ${corner.y} ${on(after)}`;
  });
  return d;
}

const round = (value: number) => Math.round(value * 10) / 10;

import type { Box } from './boxes.ts';
import type { Layout } from './layout.ts';

const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] } as const;

/**
 * The box to which a key leads. Arrows: in their direction the nearest one that is joined to this one, else the nearest of
 * all. Page Up and Page Down: the one that runs before or after; Home and End: the first and the last.
 */
export function walk({ boxes, paths }: Layout, from: Box, key: string): Box | undefined {
  const order = boxes.toSorted((a, b) => a.nodes[0] - b.nodes[0]);
  const at = order.indexOf(from);
  const inTime = { Home: 0, End: order.length - 1, PageUp: at - 1, PageDown: at + 1 }[key];
  if (inTime !== undefined) return order[inTime];
  if (!(key in MOVES)) return undefined;
  const [dx, dy] = MOVES[key as keyof typeof MOVES];
  const joined = new Set(
    paths.flatMap(({ from: a, to: b }) => (a === from.id ? [b] : b === from.id ? [a] : [])),
  );
  const isVertical = dy !== 0;
  const overlaps = (box: Box) => box.columns[0] <= from.columns[1] && box.columns[1] >= from.columns[0];
  const distance = (box: Box) => {
    const along = isVertical ? (box.y - from.y) * dy : (box.x - from.x) * dx;
    // Up and down stay in the column; sideways, the row counts more than the column.
    if (along <= 0 || (isVertical && !overlaps(box)) || (!isVertical && overlaps(box))) return Infinity;
    return isVertical ? along : along + 4 * Math.abs(box.y + box.height / 2 - from.y - from.height / 2);
  };
  const nearest = (candidates: readonly Box[]) => {
    const [best] = candidates
      .map((box) => [distance(box), box] as const)
      .filter(([far]) => far < Infinity)
      .toSorted(([a], [b]) => a - b);
    return best?.[1];
  };
  // A joined box beside this one; up and down none is passed over.
  return (isVertical ? undefined : nearest(boxes.filter(({ id }) => joined.has(id)))) ?? nearest(boxes);
}

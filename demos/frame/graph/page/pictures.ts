import { create } from '../../../shared/dom.ts';
import type { TilePlan } from '../../../drawing/panels.ts';
import type { GraphPanel, StepPicture, StepPictures } from '../calls.ts';
import type { GraphPage } from './page.ts';

const GAP = 3;
const HIGHEST = 240;
/** No tile is larger than this, nor than so many times its pixels. */
const LARGEST = 112;
const MAGNIFIED = 4;
const PANELS = { output: 'graph-output', gradient: 'graph-gradient' } as const;
const TITLES = { output: 'Output', gradient: 'Its gradient' } as const;

/** Output and gradient of the chosen dispatch, drawn by the worker. */
export function createPictures({ handOver }: GraphPage) {
  const parts = (['output', 'gradient'] as const).map((name) => ({
    name,
    ...partOf(handOver, PANELS[name], TITLES[name]),
  }));
  return {
    element: create('div', { className: 'node-pictures' }, ...parts.map(({ figure }) => figure)),
    show(pictures: StepPictures): void {
      for (const { name, show } of parts) show(pictures[name]);
    },
  };
}

function partOf(handOver: GraphPage['handOver'], panel: GraphPanel, title: string) {
  const canvas = create('canvas', { role: 'img' });
  const caption = create('figcaption', {});
  const figure = create('figure', { hidden: true, className: panel }, caption, create('div', {}, canvas));
  let now: StepPicture | undefined;
  let arrange: (() => void) | undefined;
  return {
    figure,
    show(picture: StepPicture | undefined): void {
      figure.hidden = !picture;
      if (!picture) return;
      now = picture;
      caption.replaceChildren(create('b', {}, title), ` ${picture.text}`);
      canvas.ariaLabel = `${title}: ${picture.text}`;
      if (arrange) arrange();
      else arrange = handOver(panel, canvas, (width) => planOf(now!, width));
    },
  };
}

/** Tiles as large as fit into `room` by HIGHEST, none larger than need be. */
export function planOf({ tiles, width, height }: StepPicture, room: number): TilePlan {
  const aspect = height / width;
  const most = Math.min(room, Math.max(LARGEST, MAGNIFIED * width));
  const sizeWith = (columns: number) => {
    const rows = Math.ceil(tiles / columns);
    return Math.min(most, (room + GAP) / columns - GAP, ((HIGHEST + GAP) / rows - GAP) / aspect);
  };
  let columns = 1;
  for (let more = 2; more <= tiles; more++) if (sizeWith(more) > sizeWith(columns)) columns = more;
  const tile = Math.max(1, sizeWith(columns));
  return { columns, rows: Math.ceil(tiles / columns), gap: GAP, width: columns * (tile + GAP) - GAP, aspect };
}

import type { PlaceInPicture, Placing } from './layout.ts';

/** A part of a picture: what is seen of a tensor that is too large to be shown whole. */
export interface Window {
  readonly picture: number;
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
}

/** Windows side by side, at most. */
const MOST = 4;
/** Rows and columns of one, where the picture has many more: of a single picture it may be wider. */
const SIDE = 6;
const WIDE = 8;

/** All pictures, whole. */
export const whole = ({ pictures, rows, columns }: Placing): Window[] =>
  Array.from({ length: pictures }, (_, picture) => ({ picture, top: 0, left: 0, rows, columns }));

/**
 * Windows in which elements are seen with their neighbours, the first of them before the others. Windows of before stay
 * where they are as long as they show one of these elements.
 */
export function windowsOn(
  elements: readonly number[],
  placing: Placing,
  before: readonly Window[] = [],
): readonly Window[] {
  if (elements.length === 0) return before;
  const found = new Set<Window>();
  for (const element of elements) {
    const place = placing.of(element);
    const shows = (window: Window) => isIn(window, place);
    if ([...found].some(shows)) continue;
    found.add(before.find(shows) ?? around(place, placing));
    if (found.size === MOST) break;
  }
  const own = [...found].toSorted((a, b) => a.picture - b.picture || a.top - b.top || a.left - b.left);
  const isSame = own.length === before.length && own.every((window, i) => window === before[i]);
  return isSame ? before : own;
}

const isIn = ({ picture, top, left, rows, columns }: Window, place: PlaceInPicture): boolean =>
  picture === place.picture &&
  top <= place.row &&
  place.row < top + rows &&
  left <= place.column &&
  place.column < left + columns;

/** A window with a place near its middle. */
function around({ picture, row, column }: PlaceInPicture, { pictures, rows, columns }: Placing): Window {
  const most = pictures > 1 ? SIDE : WIDE;
  const [height, width] = [Math.min(rows, SIDE), Math.min(columns, most)];
  const start = (middle: number, extent: number, all: number) =>
    Math.max(0, Math.min(all - extent, middle - Math.floor((extent - 1) / 2)));
  return {
    picture,
    top: start(row, height, rows),
    left: start(column, width, columns),
    rows: height,
    columns: width,
  };
}

/** `image 3, rows 4–9 of 28, columns 0–7 of 28`: where a window lies; '' for all that there is. */
export function nameOf({ picture, top, left, rows, columns }: Window, placing: Placing): string {
  const part = (what: string, first: number, extent: number, all: number) =>
    extent < all ? [`${what} ${first}–${first + extent - 1} of ${all}`] : [];
  return [
    ...[placing.name(picture)].filter(Boolean),
    ...part('rows', top, rows, placing.rows),
    ...part('columns', left, columns, placing.columns),
  ].join(', ');
}

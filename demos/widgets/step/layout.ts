/** How a tensor lies on the page: pictures of rows × columns. */
export interface Placing {
  readonly rows: number;
  readonly columns: number;
  readonly pictures: number;
  /** Of a picture, where there are several; otherwise ''. */
  name(picture: number): string;
  /** The element at a place; undefined where the last row has none. */
  at(picture: number, row: number, column: number): number | undefined;
  of(element: number): PlaceInPicture;
}

export interface PlaceInPicture {
  readonly picture: number;
  readonly row: number;
  readonly column: number;
}

/** A placing with all of its elements, for tensors that are shown whole. */
export interface GridLayout {
  readonly rows: number;
  readonly columns: number;
  /** Of each picture: its name where there are several, and the element at each place of it. */
  readonly pictures: readonly { readonly name: string; readonly elements: readonly number[] }[];
}

/** Elements of a vector that stand side by side. */
const WIDE = 8;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1);

/**
 * A vector is a row (or rows of eight), a matrix a matrix. Images [n, y, x, channel] are a picture for each channel,
 * filters [y, x, in, out] one for each pair of channels, and of any other tensor the last two dimensions make a picture.
 */
export function placingOf(shape: readonly number[], isFilter = false): Placing {
  const sizes = shape.length === 0 ? [1] : shape;
  if (sizes.length === 1) return vectorPlacing(sizes[0]);
  if (sizes.length === 4) return imagePlacing(sizes, isFilter);
  const [rows, columns] = sizes.slice(-2);
  const pictures = sizeOf(sizes.slice(0, -2));
  return {
    rows,
    columns,
    pictures,
    name: (picture) => (pictures > 1 ? `[${picture}]` : ''),
    at: (picture, row, column) => (picture * rows + row) * columns + column,
    of: (element) => ({
      picture: Math.floor(element / (rows * columns)),
      row: Math.floor(element / columns) % rows,
      column: element % columns,
    }),
  };
}

function vectorPlacing(size: number): Placing {
  const columns = Math.min(size, size % WIDE === 0 || size > 12 ? WIDE : size);
  return {
    rows: Math.ceil(size / columns),
    columns,
    pictures: 1,
    name: () => '',
    at: (_, row, column) => (row * columns + column < size ? row * columns + column : undefined),
    of: (element) => ({ picture: 0, row: Math.floor(element / columns), column: element % columns }),
  };
}

function imagePlacing([a, b, c, d]: readonly number[], isFilter: boolean): Placing {
  const [outer, rows, columns] = isFilter ? [c, a, b] : [a, b, c];
  return {
    rows,
    columns,
    pictures: outer * d,
    name: (picture) => {
      const [i, j] = [Math.floor(picture / d), picture % d];
      return isFilter ? names('in', i, c, 'out', j, d) : names('image', i, a, 'channel', j, d);
    },
    at: (picture, y, x) => {
      const [i, j] = [Math.floor(picture / d), picture % d];
      return isFilter ? ((y * b + x) * c + i) * d + j : ((i * b + y) * c + x) * d + j;
    },
    of: (element) => {
      const [first, second, third] = [
        Math.floor(element / (d * c * b)),
        Math.floor(element / (d * c)) % b,
        Math.floor(element / d) % c,
      ];
      return isFilter
        ? { picture: third * d + (element % d), row: first, column: second }
        : { picture: first * d + (element % d), row: second, column: third };
    },
  };
}

export function layoutOf(shape: readonly number[], isFilter = false): GridLayout {
  const { rows, columns, pictures, name, at } = placingOf(shape, isFilter);
  return {
    rows,
    columns,
    pictures: range(pictures).map((picture) => ({
      name: name(picture),
      elements: range(rows * columns).flatMap((i) => at(picture, Math.floor(i / columns), i % columns) ?? []),
    })),
  };
}

function names(first: string, i: number, of: number, second: string, j: number, count: number): string {
  return [...(of > 1 ? [`${first} ${i}`] : []), ...(count > 1 ? [`${second} ${j}`] : [])].join(', ');
}

/** A number in a small cell: at most five signs. */
export function short(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const text =
    Number.isInteger(value) && size < 1e5
      ? String(size)
      : size >= 1e5 || (size > 0 && size < 1e-3)
        ? size.toExponential(0)
        : String(Number(size.toPrecision(size < 1 ? 2 : 3)));
  return (value < 0 ? '−' : '') + text.replace(/^0\./, '.').replace('e+', 'e').replace('e-', 'e−');
}

/** A number with all that can be told of an f32. */
export function long(value: number): string {
  if (!Number.isFinite(value)) return short(value);
  const text = Number.isInteger(value)
    ? String(Math.abs(value))
    : String(Number(Math.abs(value).toPrecision(6)));
  return (value < 0 ? '−' : '') + text.replace('e-', 'e−');
}

/** How a tensor lies on the page: pictures of rows × columns, and where each element is. */
export interface GridLayout {
  readonly rows: number;
  readonly columns: number;
  /** Of each picture: its name where there are several, and the element at each place of it. */
  readonly pictures: readonly { readonly name: string; readonly elements: readonly number[] }[];
}

/** Elements of a vector that stand side by side. */
const WIDE = 8;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/**
 * A vector is a row (or rows of eight), a matrix a matrix. Images [n, y, x, channel] are a picture for each channel,
 * filters [y, x, in, out] one for each pair of channels, and of any other tensor the last two dimensions make a picture.
 */
export function layoutOf(shape: readonly number[], isFilter = false): GridLayout {
  const sizes = shape.length === 0 ? [1] : shape;
  if (sizes.length === 1) {
    const columns = Math.min(sizes[0], sizes[0] % WIDE === 0 || sizes[0] > 12 ? WIDE : sizes[0]);
    return {
      rows: Math.ceil(sizes[0] / columns),
      columns,
      pictures: [{ name: '', elements: range(sizes[0]) }],
    };
  }
  if (sizes.length === 4) {
    const [a, b, c, d] = sizes;
    const [outer, rows, columns] = isFilter ? [c, a, b] : [a, b, c];
    const pictures = range(outer).flatMap((i) =>
      range(d).map((j) => ({
        name: isFilter ? names('in', i, c, 'out', j, d) : names('image', i, a, 'channel', j, d),
        elements: range(rows * columns).map((at) => {
          const [y, x] = [Math.floor(at / columns), at % columns];
          return isFilter ? ((y * b + x) * c + i) * d + j : ((i * b + y) * c + x) * d + j;
        }),
      })),
    );
    return { rows, columns, pictures };
  }
  const [rows, columns] = sizes.slice(-2);
  const size = rows * columns;
  const count = sizes.slice(0, -2).reduce((product, extent) => product * extent, 1);
  return {
    rows,
    columns,
    pictures: range(count).map((i) => ({
      name: count > 1 ? `[${i}]` : '',
      elements: range(size).map((at) => i * size + at),
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

import { array, coordsOf, fromFunction, indexOf, map, sizeOf, zeros, type Array64 } from './array.ts';

/** The same elements under another shape; one extent may be -1 and is then worked out. */
export function reshape(x: Array64, shape: readonly number[]): Array64 {
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const free = x.data.length / known;
  if (shape.includes(-1) && !Number.isInteger(free)) throw new Error(`reshape of [${x.shape}] to [${shape}]`);
  return array(
    shape.map((extent) => (extent === -1 ? free : extent)),
    x.data,
  );
}

/** Reorders dimensions: dimension `axis` of y is dimension permutation[axis] of x. Default: reversed. */
export function transpose(
  x: Array64,
  permutation = x.shape.map((_, axis) => x.shape.length - 1 - axis),
): Array64 {
  const shape = permutation.map((from) => x.shape[from]);
  return fromFunction(shape, (...coords) => {
    const source: number[] = [];
    permutation.forEach((from, axis) => (source[from] = coords[axis]));
    return x.data[indexOf(x.shape, source)];
  });
}

/** The permutation that undoes one: the gradient of a transpose is a transpose by it. */
export function inversePermutation(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

/** Arrays one after another along an axis. Its gradient: a `slice` for each. */
export function concat(arrays: readonly Array64[], axis: number): Array64 {
  const first = arrays[0].shape;
  const dimension = axis < 0 ? axis + first.length : axis;
  const total = arrays.reduce((sum, { shape }) => sum + shape[dimension], 0);
  return fromFunction(
    first.map((extent, i) => (i === dimension ? total : extent)),
    (...coords) => {
      let which = 0;
      while (coords[dimension] >= arrays[which].shape[dimension]) {
        coords[dimension] -= arrays[which].shape[dimension];
        which++;
      }
      return arrays[which].data[indexOf(arrays[which].shape, coords)];
    },
  );
}

/** The block of extents `size` that starts at `begin`. Its gradient: `pad` with zeros. */
export function slice(x: Array64, begin: readonly number[], size: readonly number[]): Array64 {
  begin.forEach((start, axis) => {
    if (start < 0 || start + size[axis] > x.shape[axis]) {
      throw new Error(`slice at [${begin}] of [${size}] leaves [${x.shape}]`);
    }
  });
  return fromFunction(size, (...coords) => {
    return x.data[
      indexOf(
        x.shape,
        coords.map((coord, axis) => coord + begin[axis]),
      )
    ];
  });
}

/** Surrounds x with `value`: paddings[axis] = [before, after]. Its gradient: a `slice`. */
export function pad(x: Array64, paddings: readonly (readonly [number, number])[], value = 0): Array64 {
  const shape = x.shape.map((extent, axis) => paddings[axis][0] + extent + paddings[axis][1]);
  return fromFunction(shape, (...coords) => {
    const source = coords.map((coord, axis) => coord - paddings[axis][0]);
    const inside = source.every((coord, axis) => coord >= 0 && coord < x.shape[axis]);
    return inside ? x.data[indexOf(x.shape, source)] : value;
  });
}

/** Rows of a table: table [R, …rest], indices of any shape [I…] → [I…, …rest]. */
export function gather(table: Array64, indices: Array64): Array64 {
  const rest = table.shape.slice(1);
  const row = sizeOf(rest);
  const out = zeros([...indices.shape, ...rest]);
  indices.data.forEach((index, i) => {
    if (!(index >= 0 && index < table.shape[0]))
      throw new Error(`gather: index ${index} of [${table.shape}]`);
    out.data.set(table.data.subarray(index * row, (index + 1) * row), i * row);
  });
  return out;
}

/** Gradient of `gather`: adds each row of dy to the row of the table it came from. */
export function scatterAdd(tableShape: readonly number[], indices: Array64, dy: Array64): Array64 {
  const table = zeros(tableShape);
  const row = sizeOf(tableShape.slice(1));
  dy.data.forEach((value, i) => {
    table.data[indices.data[Math.floor(i / row)] * row + (i % row)] += value;
  });
  return table;
}

/** [I…] → [I…, depth]: 1 at the index, 0 elsewhere; an index outside [0, depth) gives a row of zeros. */
export function oneHot(indices: Array64, depth: number): Array64 {
  const shape = [...indices.shape, depth];
  return map(zeros(shape), (_, i) => (indices.data[Math.floor(i / depth)] === i % depth ? 1 : 0));
}

/** Reverses the order along the given axes; its own gradient. */
export function flip(x: Array64, axes: readonly number[]): Array64 {
  return map(x, (_, i) => {
    const coords = coordsOf(x.shape, i);
    return x.data[
      indexOf(
        x.shape,
        coords.map((coord, axis) => (axes.includes(axis) ? x.shape[axis] - 1 - coord : coord)),
      )
    ];
  });
}

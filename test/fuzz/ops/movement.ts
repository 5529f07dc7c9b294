import { concat, pad } from '../../../src/ops/index.ts';
import type { DType, Shape } from '../../../src/ops/core/shape.ts';
import { map, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { broadcastTo, sumTo } from '../../reference/broadcast.ts';
import * as movement from '../../reference/movement.ts';
import { extend } from '../../reference/extend.ts';
import type { Drawing, OpEntry, Value } from '../entry.ts';

/** A tensor of any type of words; floats most of the time. */
export function anyWords(draft: Drawing, rank?: readonly number[]): Value {
  const dtype: DType = draft.rng.chance(0.8) ? 'f32' : draft.rng.pick(['i32', 'u32']);
  return draft.any({ rank, dtype });
}

/** Axes of a tensor, now and then none, all, or counted from the end. */
export function someAxes(draft: Drawing, rank: number): number[] {
  const { rng } = draft;
  const axes = [...Array(rank).keys()].filter(() => rng.chance(0.5));
  return axes.map((axis) => (rng.chance(0.3) ? axis - rank : axis));
}

/** By the elements' numbers: an op that only copies them is right if it copies these right. */
export function copies(
  x: Array64,
  move: (x: Array64) => Array64,
  fillValue = 0,
): { y: Array64; vjp: (dy: Array64) => Array64[] } {
  const from = move(map(x, (_, i) => i + 1)); // 0: none of them
  return {
    y: map(from, (place) => (place === 0 ? fillValue : x.data[place - 1])),
    vjp(dy) {
      const dx = map(x, () => 0);
      from.data.forEach((place, i) => place > 0 && (dx.data[place - 1] += dy.data[i]));
      return [dx];
    },
  };
}

/** `x` with gaps of `interior` zeros between its neighbours along each axis. */
function spread(x: Array64, interior: readonly number[]): Array64 {
  const shape = x.shape.map((extent, axis) => (extent - 1) * (interior[axis] + 1) + 1);
  return map({ shape, data: new Float64Array(sizeOf(shape)) }, (_, i) => {
    let [source, stride, rest] = [0, 1, i];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
      if (at % (interior[axis] + 1) !== 0) return 0;
      source += stride * (at / (interior[axis] + 1));
      stride *= x.shape[axis];
    }
    return x.data[source];
  });
}

/** x[begin + step · i] for `size` elements along each axis. */
function strided(x: Array64, begin: Shape, size: Shape, step: Shape): Array64 {
  return map({ shape: size, data: new Float64Array(sizeOf(size)) }, (_, i) => {
    let [source, stride, rest] = [0, 1, i];
    for (let axis = size.length - 1; axis >= 0; axis--) {
      source += stride * (begin[axis] + step[axis] * (rest % size[axis]));
      rest = Math.floor(rest / size[axis]);
      stride *= x.shape[axis];
    }
    return x.data[source];
  });
}

const factors = (n: number) =>
  Array.from({ length: Math.min(n, 300) }, (_, i) => i + 1).filter((k) => n % k === 0);

export const movementOps = {
  reshape: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft);
      const shape: number[] = [];
      let left = sizeOf(x.tensor.shape);
      while (shape.length < rng.int(1, 4)) {
        const factor = rng.pick(factors(left));
        shape.push(factor);
        left /= factor;
      }
      return { inputs: [x], args: [rng.chance(0.3) ? [...shape, -1] : left > 1 || rng.chance(0.2) ? [...shape, left] : shape] }; // prettier-ignore
    },
    twin: ([x], [shape]) => copies(x, (own) => movement.reshape(own, shape)),
    exact: 'always',
  },
  flatten: {
    draw: (draft) => ({ inputs: [anyWords(draft, [1, 2, 3, 4])] }),
    twin: ([x]) => copies(x, (own) => movement.reshape(own, [x.shape[0], sizeOf(x.shape.slice(1))])),
    exact: 'always',
  },
  stopGradient: {
    draw: (draft) => ({ inputs: [anyWords(draft)] }),
    twin: ([x]) => ({ y: x }),
    exact: 'always',
  },
  transpose: {
    draw(draft) {
      const x = anyWords(draft);
      const order = draft.rng.shuffled([...x.tensor.shape.keys()]);
      return x.tensor.shape.length === 0
        ? undefined
        : { inputs: [x], args: draft.rng.chance(0.2) ? [] : [order] };
    },
    twin: ([x], [order]) => copies(x, (own) => movement.transpose(own, order)),
    exact: 'always',
  },
  slice: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft, [1, 2, 3, 4]);
      const { shape } = x.tensor;
      const begin = shape.map((extent) => (rng.chance(0.4) ? 0 : rng.int(0, extent - 1)));
      const step = shape.map(() => (rng.chance(0.6) ? 1 : rng.pick([1, 2, 3, -1, -2])));
      const size = shape.map((extent, axis) => {
        const most = Math.ceil(
          (step[axis] < 0 ? begin[axis] + 1 : extent - begin[axis]) / Math.abs(step[axis]),
        );
        return rng.chance(0.4) ? -1 : rng.int(1, most);
      });
      const counted = begin.map((own, axis) => (rng.chance(0.2) ? own - shape[axis] : own));
      return { inputs: [x], args: rng.chance(0.4) ? [begin, size.map((own, axis) => (own > 0 && begin[axis] + own <= shape[axis] ? own : -1))] : [counted, size, step] }; // prettier-ignore
    },
    twin([x], [from, given, step = from.map(() => 1)]) {
      const begin = (from as number[]).map((own, axis) => (own < 0 ? own + x.shape[axis] : own));
      const size = (given as number[]).map((own, axis) => (own === -1 ? Math.ceil((step[axis] < 0 ? begin[axis] + 1 : x.shape[axis] - begin[axis]) / Math.abs(step[axis])) : own)); // prettier-ignore
      return copies(x, (own) => strided(own, begin, size, step));
    },
    exact: 'always',
  },
  pad: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft, [1, 2, 3, 4]);
      const side = () => (rng.chance(0.5) ? 0 : rng.int(0, 3));
      const interior = x.tensor.shape.map(() => (rng.chance(0.7) ? 0 : rng.int(1, 2)));
      const options = {
        ...(rng.chance(0.5) && { value: rng.int(0, 3) }),
        ...(rng.chance(0.5) && !draft.large && { interior }),
      };
      const mode = rng.pick(['reflect', 'symmetric', 'edge'] as const);
      if (rng.chance(0.3) && x.tensor.shape.every((extent) => extent > 3)) {
        return { inputs: [x], args: [x.tensor.shape.map(() => [side(), side()]), { mode }] };
      }
      return { inputs: [x], args: [x.tensor.shape.map(() => [side(), side()]), options] };
    },
    twin([x], [paddings, { value = 0, interior = x.shape.map(() => 0), mode }]) {
      if (mode) return copies(x, (own) => extend(own, paddings, mode));
      // Gaps hold the value, as the border does.
      return copies(x, (own) => movement.pad(spread(own, interior), paddings), value);
    },
    exact: 'always',
    build: ([x], [paddings, options]) => pad(x, paddings, options),
  },
  reverse: {
    draw(draft) {
      const x = anyWords(draft);
      const axes = [...x.tensor.shape.keys()].filter(() => draft.rng.chance(0.5));
      return { inputs: [x], args: draft.rng.chance(0.3) ? [] : [axes] };
    },
    twin: ([x], [axes = [...x.shape.keys()]]) => copies(x, (own) => movement.flip(own, axes)),
    exact: 'always',
  },
  concat: {
    draw(draft) {
      const { rng } = draft;
      const first = anyWords(draft, [1, 2, 3, 4]);
      const { shape, dtype } = first.tensor;
      const axis = rng.int(0, shape.length - 1);
      const others = Array.from({ length: rng.pick([0, 1, 1, 2, 6, 8]) }, () =>
        draft.take(shape.with(axis, rng.chance(0.3) ? shape[axis] : rng.int(1, 5)), { dtype }),
      );
      return {
        inputs: rng.shuffled([first, ...others]),
        args: [rng.chance(0.3) ? axis - shape.length : axis],
      };
    },
    build: (inputs, [axis]) => concat(inputs, axis),
    twin(inputs, [axis]) {
      const dimension = axis < 0 ? axis + inputs[0].shape.length : axis;
      return {
        y: movement.concat(inputs, axis),
        vjp(dy) {
          let start = 0;
          return inputs.map(({ shape }) => {
            const begin = shape.map((_, i) => (i === dimension ? start : 0));
            start += shape[dimension];
            return movement.slice(dy, begin, shape);
          });
        },
      };
    },
    exact: 'always',
  },
  broadcastTo: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft, [0, 1, 2, 3]);
      if (draft.large) return { inputs: [x], args: [x.tensor.shape] };
      const lead = Array.from({ length: rng.int(0, 4 - x.tensor.shape.length) }, () => rng.int(1, 5));
      return {
        inputs: [x],
        args: [[...lead, ...x.tensor.shape.map((extent) => (extent === 1 ? rng.int(1, 9) : extent))]],
      };
    },
    twin: ([x], [shape]) => ({ y: broadcastTo(x, shape), vjp: (dy) => [sumTo(dy, x.shape)] }),
    exact: 'always',
  },
  cast: {
    draw(draft) {
      const { rng } = draft;
      const dtype: DType = rng.pick(['f32', 'i32', 'u32']);
      const to = rng.pick(dtype === 'f32' ? ['i32', 'u32', 'f32'] : ['f32']);
      const x = draft.any({ dtype, exact: true });
      if (to === 'u32' && x.value.data.some((value) => value < 0)) return undefined;
      return { inputs: [x], args: [to] };
    },
    twin: ([x], [to]) =>
      to === 'f32' ? { y: x, vjp: (dy) => [dy] } : { y: map(x, (value) => Math.trunc(value) + 0) },
    exact: 'always',
  },
  gather: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft, [1, 2, 3, 4]);
      const axis = rng.int(0, x.tensor.shape.length - 1);
      const extent = x.tensor.shape[axis];
      const dtype = rng.pick<DType>(['i32', 'u32']);
      // Some beside the table: they give zeros.
      const low = dtype === 'i32' && rng.chance(0.3) ? -2 : 0;
      const indices = draft.leaf(draft.large ? [3] : rng.pick([[], [1], [5], [2, 3]]), { dtype, low, high: extent - 1 + (rng.chance(0.3) ? 2 : 0) }); // prettier-ignore
      return { inputs: [x, indices], args: rng.chance(0.3) && axis === 0 ? [] : [axis] };
    },
    twin([x, indices], [axis = 0]) {
      const inner = sizeOf(x.shape.slice(axis + 1));
      const count = indices.data.length;
      const shape = x.shape.toSpliced(axis, 1, ...indices.shape);
      const move = (own: Array64) =>
        map({ shape, data: new Float64Array(sizeOf(shape)) }, (_, i) => {
          const index = indices.data[Math.floor(i / inner) % count];
          const outer = Math.floor(i / inner / count);
          return index < 0 || index >= x.shape[axis] ? 0 : own.data[(outer * x.shape[axis] + index) * inner + (i % inner)]; // prettier-ignore
        });
      return copies(x, move);
    },
    exact: 'always',
  },
  oneHot: {
    draw(draft) {
      const { rng } = draft;
      const depth = draft.large ? 2 : draft.size(66);
      const dtype = rng.pick<DType>(['i32', 'u32']);
      const own = draft.large ? draft.shape(1) : rng.pick([[], [1], [7], [2, 5]]);
      return {
        inputs: [draft.leaf(own, { dtype, low: dtype === 'i32' ? -1 : 0, high: depth })],
        args: [depth],
      };
    },
    twin: ([indices], [depth]) => ({ y: movement.oneHot(indices, depth) }),
    exact: 'always',
  },
} satisfies Record<string, OpEntry>;

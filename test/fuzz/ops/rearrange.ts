import { einsum, split, stack, topK, unstack } from '../../../src/ops/index.ts';
import { array, map, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { einsum as einsumTwin, einsumGrad } from '../../reference/einsum.ts';
import * as movement from '../../reference/movement.ts';
import * as rearrange from '../../reference/rearrange.ts';
import { moments, reduce } from '../../reference/reduce.ts';
import { cumprod, cumprodGradient, cumsum } from '../../reference/scan.ts';
import { argsort, sort, sortGrad } from '../../reference/sort.ts';
import { broadcastTo } from '../../reference/broadcast.ts';
import type { Answer, Drawing, OpEntry, Value } from '../entry.ts';
import { anyWords, copies, someAxes } from './movement.ts';

const positive = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** An op that moves elements. */
const moving = (
  draw: OpEntry['draw'],
  move: (x: Array64, ...args: any[]) => Array64,
  build?: OpEntry['build'],
): OpEntry => ({
  draw,
  build,
  twin: ([x], args) => copies(x, (own) => move(own, ...args)),
  exact: 'always',
});

const oneAxis = (draft: Drawing, x: Value) => {
  const { length } = x.tensor.shape;
  return draft.rng.int(-length, length - 1);
};

/** Where the references have no ties, or the elements are exact. */
const ordered = (draft: Drawing) => {
  const x = draft.any({ rank: [1, 2, 3], exact: true, dtype: draft.rng.chance(0.8) ? 'f32' : draft.rng.pick(['i32', 'u32']) }); // prettier-ignore
  return draft.large ? undefined : x;
};

/** Adds updates at indices, or puts the last of them there. */
function scatter(add: boolean): OpEntry {
  return {
    draw(draft) {
      if (draft.large) return undefined;
      const { rng } = draft;
      const x = draft.any({ rank: [1, 2, 3] });
      const { shape } = x.tensor;
      const axis = rng.int(0, shape.length - 1);
      const indices = draft.leaf(rng.pick([[1], [4], [2, 3]]), { dtype: 'i32', low: -1, high: shape[axis] });
      const updates = draft.take([
        ...shape.slice(0, axis),
        ...indices.tensor.shape,
        ...shape.slice(axis + 1),
      ]);
      return { inputs: [x, indices, updates], args: [axis] };
    },
    twin([x, indices, updates], [axis]): Answer {
      const { data: places } = rearrange.gatheredPlaces(x.shape, indices, axis);
      const y = map(x, (value) => value);
      const winner = new Map<number, number>();
      places.forEach((place, i) => {
        if (place < 0) return;
        y.data[place] = add ? y.data[place] + updates.data[i] : updates.data[i];
        winner.set(place, i);
      });
      return {
        y,
        vjp: (dy) => [
          add ? dy : map(dy, (value, place) => (winner.has(place) ? 0 : value)),
          undefined,
          map(updates, (_, i) =>
            places[i] >= 0 && (add || winner.get(places[i]) === i) ? dy.data[places[i]] : 0,
          ),
        ],
      };
    },
    integer: [1],
    exact: add ? 'whole' : 'always',
  };
}

const SUBSCRIPTS = [
  'ij,jk->ik', 'ij,kj', 'bij,bjk->bik', 'bhid,bhjd->bhij', 'ii', 'ii->i', 'ij->ji', 'ij->', 'i,j->ij', 'i,i', 'ij,j->i', '...i,...i->...',
  '...ij,jk->...ik', 'ab,bc,cd->ad', 'iij,j->i', 'bi,bj,b->ij', 'ba', 'abc,abd->dc',
]; // prettier-ignore

export const rearrangeOps = {
  flip: moving(
    (draft) => {
      const x = anyWords(draft);
      const axes = someAxes(draft, x.tensor.shape.length);
      return { inputs: [x], args: draft.rng.chance(0.3) ? [] : axes.length === 1 ? [axes[0]] : [axes] };
    },
    (x, axes = [...x.shape.keys()]) => movement.flip(x, [axes].flat().map((axis: number) => positive(axis, x.shape.length))), // prettier-ignore
  ),
  expandDims: moving(
    (draft) => {
      const x = anyWords(draft, [0, 1, 2, 3]);
      const rank = x.tensor.shape.length + 1;
      return { inputs: [x], args: [draft.rng.int(-rank, rank - 1)] };
    },
    (x, axis) => array(x.shape.toSpliced(positive(axis, x.shape.length + 1), 0, 1), x.data),
  ),
  squeeze: moving(
    (draft) => ({ inputs: [anyWords(draft)] }),
    (x) => array(x.shape.filter((extent) => extent !== 1), x.data), // prettier-ignore
  ),
  moveAxis: moving(
    (draft) => {
      const x = anyWords(draft, [1, 2, 3, 4]);
      return { inputs: [x], args: [oneAxis(draft, x), oneAxis(draft, x)] };
    },
    (x, from, to) => {
      const order = [...x.shape.keys()];
      order.splice(positive(to, order.length), 0, ...order.splice(positive(from, order.length), 1));
      return movement.transpose(x, order);
    },
  ),
  tile: moving((draft) => {
    const x = anyWords(draft, [0, 1, 2, 3]);
    const counts = Array.from({ length: draft.rng.int(1, 3) }, () => draft.rng.int(1, 3));
    return draft.large || sizeOf(x.tensor.shape) > 500 ? undefined : { inputs: [x], args: [counts] };
  }, rearrange.tile),
  repeat: moving((draft) => {
    const { rng } = draft;
    const x = anyWords(draft, [1, 2, 3]);
    const axis = oneAxis(draft, x);
    const extent = x.tensor.shape.at(axis)!;
    const list = Array.from({ length: extent }, (_, i) => (i === 0 ? 1 : rng.int(0, 2)));
    return draft.large || extent > 30 ? undefined : { inputs: [x], args: [rng.chance(0.5) ? rng.int(1, 3) : list, axis] }; // prettier-ignore
  }, rearrange.repeat),
  roll: moving((draft) => {
    const x = anyWords(draft, [1, 2, 3]);
    return { inputs: [x], args: [draft.rng.int(-9, 9), oneAxis(draft, x)] };
  }, rearrange.roll),
  depthToSpace: moving((draft) => {
    const x = anyWords(draft, [4]);
    const b = draft.rng.pick([1, 2, 3].filter((own) => x.tensor.shape[3] % own ** 2 === 0));
    return { inputs: [x], args: [b] };
  }, rearrange.depthToSpace),
  spaceToDepth: moving((draft) => {
    const x = anyWords(draft, [4]);
    const [, height, width] = x.tensor.shape;
    const b = draft.rng.pick([1, 2, 3].filter((own) => height % own === 0 && width % own === 0));
    return { inputs: [x], args: [b] };
  }, rearrange.spaceToDepth),
  tril: moving(
    (draft) => ({ inputs: [draft.any({ rank: [2, 3] })], args: [draft.rng.int(-3, 3)] }),
    (x, k) => rearrange.triangle(x, k, false),
  ),
  triu: moving(
    (draft) => ({ inputs: [draft.any({ rank: [2, 3] })], args: [draft.rng.int(-3, 3)] }),
    (x, k) => rearrange.triangle(x, k, true),
  ),
  split: moving(
    (draft) => {
      const x = anyWords(draft, [1, 2, 3]);
      const axis = oneAxis(draft, x);
      const extent = x.tensor.shape.at(axis)!;
      const cut = extent > 1 ? [draft.rng.int(1, extent - 1)] : 1;
      return { inputs: [x], args: [cut, axis] };
    },
    (x, cut, axis) => {
      const from = Array.isArray(cut) ? cut[0] : 0;
      const at = positive(axis, x.shape.length);
      return movement.slice(x, x.shape.map((_, i) => (i === at ? from : 0)), x.shape.with(at, x.shape[at] - from)); // prettier-ignore
    },
    ([x], [cut, axis]) => split(x, cut, axis).at(-1)!,
  ),
  unstack: moving(
    (draft) => {
      const x = anyWords(draft, [1, 2, 3]);
      const axis = oneAxis(draft, x);
      return x.tensor.shape.at(axis)! > 60 ? undefined : { inputs: [x], args: [axis] };
    },
    (x, axis) => {
      const at = positive(axis, x.shape.length);
      const last = movement.slice(x, x.shape.map((extent, i) => (i === at ? extent - 1 : 0)), x.shape.with(at, 1)); // prettier-ignore
      return array(x.shape.toSpliced(at, 1), last.data);
    },
    ([x], [axis]) => unstack(x, axis).at(-1)!,
  ),
  stack: {
    draw(draft) {
      const first = anyWords(draft, [0, 1, 2, 3]);
      const { shape, dtype } = first.tensor;
      const others = Array.from({ length: draft.rng.int(0, 3) }, () => draft.take(shape, { dtype }));
      return { inputs: [first, ...others], args: [draft.rng.int(-shape.length - 1, shape.length)] };
    },
    build: (inputs, [axis]) => stack(inputs, axis),
    twin(inputs, [axis]) {
      const { shape } = inputs[0];
      const at = positive(axis, shape.length + 1);
      const wide = (x: Array64) => array(shape.toSpliced(at, 0, 1), x.data);
      return {
        y: movement.concat(inputs.map(wide), at),
        vjp: (dy) =>
          inputs.map((_, i) => array(shape, movement.slice(dy, dy.shape.map((_own, axis_) => (axis_ === at ? i : 0)), shape.toSpliced(at, 0, 1)).data)), // prettier-ignore
      };
    },
    exact: 'always',
  },
  takeAlongAxis: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft, [1, 2, 3]);
      const axis = oneAxis(draft, x);
      const { shape } = x.tensor;
      const indices = draft.leaf(shape.with(axis, rng.int(1, 6)), {
        dtype: 'i32',
        low: -1,
        high: shape.at(axis)!,
      });
      return draft.large ? undefined : { inputs: [x, indices], args: [axis] };
    },
    twin: ([x, indices], [axis]) => ({
      y: rearrange.takeAlongAxis(x, indices, axis),
      vjp: (dy) => [rearrange.addAlongAxis(x.shape, indices, dy, axis)],
    }),
    integer: [1],
    exact: 'always',
  },
  scatterAdd: scatter(true),
  scatterUpdate: scatter(false),
  cumsum: {
    draw(draft) {
      const { rng } = draft;
      const x = anyWords(draft, [1, 2, 3]);
      const options = { ...(rng.chance(0.4) && { exclusive: rng.chance(0.5) }), ...(rng.chance(0.5) && { reverse: rng.chance(0.5) }) }; // prettier-ignore
      const own = rng.chance(0.2) ? draft.leaf([rng.int(120, 400)]) : x;
      return draft.large ? undefined : { inputs: [own], args: [oneAxis(draft, own), options] };
    },
    twin: ([x], [axis, options]) => ({
      y: cumsum(x, axis, options),
      vjp: (dy) => [cumsum(dy, axis, { ...options, reverse: !options.reverse })],
    }),
    exact: 'whole',
  },
  cumprod: {
    draw(draft) {
      const { rng } = draft;
      const x = draft.within(draft.any({ rank: [1, 2, 3] }), -2, 2);
      const axis = oneAxis(draft, x);
      const options = { exclusive: rng.chance(0.3), reverse: rng.chance(0.3) };
      return draft.large || x.tensor.shape.at(axis)! > 12
        ? undefined
        : { inputs: [x], args: [axis, options] };
    },
    twin: ([x], [axis, options]) => ({
      y: cumprod(x, axis, options),
      vjp: (dy) => [cumprodGradient(x, dy, axis, options)],
    }),
  },
  argsort: {
    draw(draft) {
      const x = ordered(draft);
      return x && { inputs: [x], args: [oneAxis(draft, x), { descending: draft.rng.chance(0.5) }] };
    },
    twin: ([x], [axis, { descending }]) => ({ y: argsort(x, axis, descending) }),
    exact: 'always',
    blocks: true,
  },
  sort: {
    draw(draft) {
      const x = ordered(draft);
      return x && { inputs: [x], args: [oneAxis(draft, x), { descending: draft.rng.chance(0.5) }] };
    },
    twin: ([x], [axis, { descending }]) => ({
      y: sort(x, axis, descending),
      vjp: (dy) => [sortGrad(x, dy, axis, descending)],
    }),
    exact: 'always',
  },
  topK: {
    draw(draft) {
      const x = ordered(draft);
      if (!x) return undefined;
      const axis = oneAxis(draft, x);
      return { inputs: [x], args: [draft.rng.int(1, x.tensor.shape.at(axis)!), axis] };
    },
    build: ([x], [k, axis]) => topK(x, k, axis).values,
    twin([x], [k, axis]) {
      const at = positive(axis, x.shape.length);
      const begin = x.shape.map(() => 0);
      const paddings = x.shape.map((extent, i) => [0, i === at ? extent - k : 0] as const);
      return {
        y: movement.slice(sort(x, at, true), begin, x.shape.with(at, k)),
        vjp: (dy) => [sortGrad(x, movement.pad(dy, paddings), at, true)],
      };
    },
    exact: 'always',
  },
  einsum: {
    draw(draft) {
      if (draft.large) return undefined;
      const { rng } = draft;
      const subscripts = rng.pick(SUBSCRIPTS);
      const extents = new Map<string, number>();
      const extent = (letter: string) => extents.get(letter) ?? extents.set(letter, rng.pick([1, 2, 3, 4, 5])).get(letter)!; // prettier-ignore
      const inputs = subscripts
        .split('->')[0]
        .split(',')
        .map((part) => draft.take([...part.replace('...', rng.pick(['YZ', 'Z', ''])).trim()].map(extent)));
      return { inputs, args: [subscripts] };
    },
    build: (inputs, [subscripts]) => einsum(subscripts, ...inputs),
    twin: (inputs, [subscripts]) => ({
      y: einsumTwin(subscripts, ...inputs),
      vjp: (dy) => einsumGrad(subscripts, inputs, dy),
    }),
    exact: 'whole',
  },
  logSumExp: {
    draw(draft) {
      const x = draft.any({ rank: [1, 2, 3] });
      return {
        inputs: [x],
        args: [{ axes: someAxes(draft, x.tensor.shape.length), keepDims: draft.rng.chance(0.5) }],
      };
    },
    twin([x], [options]) {
      const sums = (own: Array64) => reduce('sum', own, { ...options, keepDims: true });
      const e = map(x, Math.exp);
      const total = broadcastTo(sums(e), x.shape);
      const y = map(reduce('sum', e, options), Math.log);
      const kept = sums(e).shape;
      return { y, vjp: (dy) => [map(broadcastTo(array(kept, dy.data), x.shape), (d, i) => (d * e.data[i]) / total.data[i])] }; // prettier-ignore
    },
  },
  variance: spread(false),
  std: spread(true),
} satisfies Record<string, OpEntry>;

/** The variance, or its root. */
function spread(root: boolean): OpEntry {
  return {
    draw(draft) {
      const x = draft.any({ rank: [1, 2, 3] });
      const axes = someAxes(draft, x.tensor.shape.length);
      const options = { axes, keepDims: draft.rng.chance(0.5) };
      const { variance } = moments(x.value, options);
      return variance.data.some((own) => own < 0.05) ? undefined : { inputs: [x], args: [options] };
    },
    twin([x], [options]) {
      const kept = { ...options, keepDims: true };
      const { mean, variance } = moments(x, kept);
      const shape = reduce('sum', x, options).shape;
      const y = map(variance, (own) => (root ? Math.sqrt(own) : own));
      const count = x.data.length / variance.data.length;
      return {
        y: array(shape, y.data),
        vjp(dy) {
          const slope = map(
            variance,
            (own, i) => (dy.data[i] * (root ? 0.5 / Math.sqrt(own) : 1) * 2) / count,
          );
          const [m, s] = [mean, slope].map((own) => broadcastTo(own, x.shape).data);
          return [map(x, (own, i) => s[i] * (own - m[i]))];
        },
      };
    },
  };
}

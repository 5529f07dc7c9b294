import type { DType } from '../../../src/ops/core/shape.ts';
import { map } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/reduce.ts';
import * as rows from '../../reference/softmax.ts';
import type { OpEntry, Value } from '../entry.ts';
import { someAxes } from './movement.ts';

/** A reduction; those that choose among elements need exact ones. */
function reduction(
  name: reference.Reduction,
  {
    ordered = false,
    dtypes = ['f32', 'i32', 'u32'] as readonly DType[],
    exact = undefined as OpEntry['exact'],
  } = {},
): OpEntry {
  return {
    draw(draft) {
      const { rng } = draft;
      const dtype = rng.chance(0.85) ? 'f32' : rng.pick(dtypes);
      // Long products leave f32's range, and those of integers wrap.
      const short = ({ value: { data } }: Value) => name !== 'prod' || (data.length <= 300 && data.reduce((a, b) => a * Math.max(1, Math.abs(b)), 1) < 2 ** 20); // prettier-ignore
      let x = draft.any({ dtype, exact: ordered, where: short });
      if (!short(x)) x = draft.leaf([3, 1, 4].slice(rng.int(0, 2)), { low: dtype === 'f32' ? -1.5 : 0, high: dtype === 'f32' ? 1.5 : 2, dtype }); // prettier-ignore
      const rank = x.tensor.shape.length;
      const options = { ...(rng.chance(0.75) && { axes: someAxes(draft, rank) }), ...(rng.chance(0.5) && { keepDims: rng.chance(0.5) }) }; // prettier-ignore
      return { inputs: [x], args: [options] };
    },
    twin: ([x], [options]) => ({
      y: reference.reduce(name, x, options),
      vjp: (dy) => [reference.reduceGrad(name, x, dy, options)],
    }),
    exact,
  };
}

function indexOfExtreme(sign: 1 | -1): OpEntry {
  return {
    draw(draft) {
      const { rng } = draft;
      const x = draft.any({ rank: [1, 2, 3, 4], exact: true, dtype: rng.chance(0.8) ? 'f32' : rng.pick(['i32', 'u32']) }); // prettier-ignore
      const { length } = x.tensor.shape;
      const args: unknown[] = [rng.int(-length, length - 1)];
      return { inputs: [x], args: rng.chance(0.2) ? [] : rng.chance(0.5) ? args : [...args, { keepDims: rng.chance(0.5) }] }; // prettier-ignore
    },
    twin: ([x], [axis = -1, { keepDims = false } = {}]) => ({
      y: reference.argmax(sign < 0 ? map(x, (value) => -value) : x, axis, keepDims),
    }),
    exact: 'always',
    blocks: true,
  };
}

function softmaxOf(name: 'softmax' | 'logSoftmax'): OpEntry {
  const [forward, backward] = name === 'softmax' ? [rows.softmax, rows.softmaxGrad] : [rows.logSoftmax, rows.logSoftmaxGrad]; // prettier-ignore
  return {
    draw(draft) {
      const x = draft.any({ rank: [1, 2, 3, 4] });
      const { length } = x.tensor.shape;
      return { inputs: [x], args: draft.rng.chance(0.5) ? [] : [draft.rng.int(-length, length - 1)] };
    },
    twin([x], [axis = -1]) {
      const y = forward(x, axis);
      return { y, vjp: (dy) => [backward(y, dy, axis)] };
    },
  };
}

/** Its support changes where a number is τ: such rows are drawn anew. */
const sparsemax: OpEntry = {
  draw(draft) {
    const x = draft.any({ rank: [1, 2, 3, 4] });
    const { length } = x.tensor.shape;
    const axis = draft.rng.int(-length, length - 1);
    const near = (value: Array64) => {
      const y = rows.sparsemax(value, axis);
      const differs = (moved: Array64) => moved.data.some((own, i) => own > 0 !== y.data[i] > 0);
      const nudged = (by: number) => map(value, (own, i) => own + (i % 3 === 0 ? by : i % 3 === 1 ? -by : 0));
      return differs(rows.sparsemax(nudged(1e-3), axis)) || differs(rows.sparsemax(nudged(-1e-3), axis));
    };
    return near(x.value) ? undefined : { inputs: [x], args: [axis] };
  },
  twin([x], [axis = -1]) {
    const y = rows.sparsemax(x, axis);
    return { y, vjp: (dy) => [rows.sparsemaxGrad(y, dy, axis)] };
  },
};

const glu: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const shape = draft.any({ rank: [1, 2, 3, 4] }).tensor.shape;
    const axis = rng.int(-1, shape.length - 1);
    return { inputs: [draft.take(shape.with(axis, 2 * rng.int(1, 5)))], args: [axis] };
  },
  twin: ([x], [axis = -1]) => ({
    y: rows.glu(x, axis),
    vjp: (dy) => [rows.gluGrad(x, dy, axis)],
  }),
};

export const reduceOps = {
  reduceSum: reduction('sum', { exact: 'whole' }),
  reduceMean: reduction('mean', { dtypes: ['f32'] }),
  reduceMax: reduction('max', { ordered: true, exact: 'always' }),
  reduceMin: reduction('min', { ordered: true, exact: 'always' }),
  reduceProd: reduction('prod'),
  argmax: indexOfExtreme(1),
  argmin: indexOfExtreme(-1),
  softmax: softmaxOf('softmax'),
  logSoftmax: softmaxOf('logSoftmax'),
  sparsemax,
  glu,
} satisfies Record<string, OpEntry>;

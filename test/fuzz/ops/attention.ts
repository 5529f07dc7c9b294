import { attention as op } from '../../../src/ops/index.ts';
import { map, zeros } from '../../reference/array.ts';
import * as positions from '../../reference/positions.ts';
import * as losses from '../../reference/linearCrossEntropy.ts';
import * as reference from '../../reference/attention.ts';
import type { OpEntry } from '../entry.ts';

/** Heads that share keys, other numbers of queries than of keys, and a bias that is repeated, now and then. */
const attention: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const size = () => (rng.chance(0.6) ? 4 * rng.int(1, 3) : rng.int(1, 5));
    const [batch, keyHeads, width] = [rng.int(1, 3), rng.int(1, 2), size()];
    const heads = keyHeads * rng.int(1, 2);
    const [queries, keys] = [draft.size(40), draft.size(40)];
    const shapes = [
      [batch, queries, heads, width],
      [batch, keys, keyHeads, width],
      [batch, keys, keyHeads, size()],
    ];
    const scores = [batch, heads, queries, keys].map((extent) => (rng.chance(0.5) ? extent : 1));
    const biased = rng.chance(0.4);
    if (biased) shapes.push(scores.slice(rng.int(0, 3)));
    const inputs = shapes.map((shape) => draft.take(shape, { reuse: 0.3 }));
    return { inputs, args: [{ causal: rng.chance(0.5), ...(rng.chance(0.3) && { scale: 0.5 }) }] };
  },
  build: ([q, k, v, bias], [options]) => op(q, k, v, { ...options, bias }),
  twin([q, k, v, bias], [options]) {
    const own = { ...options, bias };
    return {
      y: reference.attention(q, k, v, own),
      vjp: (dy, y) => reference.attentionGradient(q, k, v, dy, own, y).slice(0, bias ? 4 : 3),
    };
  },
};

const rotary: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const x = draft.take([rng.int(1, 3), draft.size(20), rng.int(1, 3), 2 * rng.int(1, 6)]);
    return { inputs: [x], args: [rng.chance(0.5) ? {} : { base: 100 }] };
  },
  twin: ([x], [{ base }]) => ({
    y: positions.rotary(x, base),
    vjp: (dy) => [positions.rotary(dy, base, undefined, -1)],
  }),
};

/** Of positions within the cache and outside of it. */
const writeStep: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const [batch, capacity] = [rng.int(1, 3), draft.size(20)];
    const rest = [[], [3], [2, 4]][rng.int(0, 2)];
    const positions = draft.leaf([batch], { dtype: 'i32', low: -1, high: capacity });
    return { inputs: [draft.take([batch, capacity, ...rest]), draft.take([batch, 1, ...rest]), positions] };
  },
  twin([cache, step, places]) {
    const inner = step.data.length / step.shape[0];
    const isNew = (i: number) => {
      const row = Math.floor(i / inner);
      return places.data[Math.floor(row / cache.shape[1])] === row % cache.shape[1];
    };
    const own = (i: number) => Math.floor(i / inner / cache.shape[1]) * inner + (i % inner);
    return {
      y: map(cache, (value, i) => (isNew(i) ? step.data[own(i)] : value)),
      vjp(dy) {
        const ofStep = zeros(step.shape);
        dy.data.forEach((value, i) => isNew(i) && (ofStep.data[own(i)] += value));
        return [map(dy, (value, i) => (isNew(i) ? 0 : value)), ofStep, undefined];
      },
    };
  },
  integer: [2],
};

const linearCrossEntropy: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const [features, classes] = [rng.int(1, 9), draft.size(40)];
    const samples = [[draft.size(20)], [2, 3], []][rng.int(0, 2)];
    const labels = draft.leaf(samples, { dtype: 'i32', low: 0, high: classes - 1 });
    return { inputs: [draft.take([...samples, features]), draft.take([classes, features]), labels] };
  },
  twin: ([x, table, { data: labels }]) => losses.linearCrossEntropy(x, table, labels),
  integer: [2],
};

export const attentionOps = { attention, linearCrossEntropy, rotary, writeStep } satisfies Record<
  string,
  OpEntry
>;

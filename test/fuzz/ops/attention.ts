import { attention as op } from '../../../src/ops/index.ts';
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
      vjp: (dy) => reference.attentionGradient(q, k, v, dy, own).slice(0, bias ? 4 : 3),
    };
  },
};

export const attentionOps = { attention } satisfies Record<string, OpEntry>;

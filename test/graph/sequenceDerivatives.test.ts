import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/gradients.ts';
import { recompute } from '../../src/graph/recompute.ts';
import { constant } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import type { AttentionOptions } from '../../src/ops/attention/attention.ts';
import { PROGRAM_SEED } from '../fuzz/ops/sources.ts';
import { finiteDifference } from '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as reference from '../reference/attention.ts';
import { dropoutMask } from '../reference/random.ts';

const close = { rtol: 1e-3, atol: 1e-4 };
const simulated = { simulated: true, variants: { attention: 'naive', attentionGradient: 'naive' } };

const literal = ({ data, shape }: Array64) => constant(Float32Array.from(data), shape);
const inner = (a: Tensor, b: Tensor) => ops.reduceSum(ops.multiply(a, b));
const dot = (a: Array64, b: Array64) => a.data.reduce((sum, own, i) => sum + own * b.data[i], 0);

/** Σ slope · direction over all that a sum is differentiated by. */
const along = (loss: Tensor, wrt: readonly Tensor[], directions: readonly Array64[]) =>
  gradients(loss, wrt)
    .map((slope, i) => inner(slope!, literal(directions[i])))
    .reduce((a, b) => ops.add(a, b));

const rounded = (x: Array64) => map(x, Math.fround);
/** q, k, v of two sequences, three queries, four keys, four heads and two of keys; then dL/dy. */
const [q, k, v, w] = [
  [2, 3, 4, 3],
  [2, 4, 2, 3],
  [2, 4, 2, 2],
  [2, 3, 4, 2],
].map((shape, i) => rounded(random(i + 1, shape, -1.5, 1.5)));

/** Products of the Hessian of Σ w · attention with a direction, by q, k, v, the bias and w. */
async function products(
  inputs: readonly Array64[],
  own: AttentionOptions,
  kept?: Array64,
): Promise<[found: Array64[], expected: Array64[]]> {
  const wide = [...inputs, w];
  const directions = wide.map(({ shape }, i) => rounded(random(20 + i, shape)));
  const found = await evaluate(
    (...tensors) => {
      const [a, b, c, bias] = tensors;
      const y = ops.attention(a, b, c, { ...own, ...(inputs[3] && { bias }) });
      const weight = tensors.at(-1)!;
      return gradients(along(inner(y, weight), tensors, directions), tensors).map((each) => each!);
    },
    wide,
    simulated,
  );
  /** All first derivatives at a place so far along the directions. */
  const at = (step: number) => {
    const moved = wide.map((x, i) => map(x, (value, j) => value + step * directions[i].data[j]));
    const [a, b, c, bias] = inputs[3] ? moved : moved.slice(0, 3);
    const all = { causal: own.causal, scale: own.scale, bias, kept };
    return [...reference.attentionGradient(a, b, c, moved.at(-1)!, all), reference.attention(a, b, c, all)];
  };
  const [more, less] = [at(1e-5), at(-1e-5)];
  return [found, more.map((x, i) => map(x, (value, j) => (value - less[i].data[j]) / 2e-5))];
}

describe('second derivatives of attention', () => {
  it.each([
    ['of another scale, with a bias of all scores', { scale: 0.4 }, random(9, [2, 4, 3, 4])],
    ['causal, with a bias for all queries', { causal: true }, random(9, [4, 1, 4])],
  ] as const)('%s: products with the Hessian', async (_, own, bias) => {
    const [found, expected] = await products([q, k, v, rounded(bias)], own);
    expected.forEach((each, i) => expect(found[i], `input ${i}`).toBeAllClose(each, close));
  });

  it('with a mask that leaves one query no key', async () => {
    const mask = array([3, 4], [1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0]);
    const bias = map(mask, (own) => (own ? 0 : -Infinity));
    const directions = [q, k, v].map(({ shape }, i) => rounded(random(20 + i, shape)));
    const found = await evaluate(
      (a, b, c, m) => {
        const loss = inner(ops.attention(a, b, c, { mask: m }), literal(w));
        return gradients(along(loss, [a, b, c], directions), [a, b, c]).map((each) => each!);
      },
      [q, k, v, mask],
      simulated,
    );
    const at = (step: number) => {
      const [a, b, c] = [q, k, v].map((x, i) => map(x, (value, j) => value + step * directions[i].data[j]));
      return reference.attentionGradient(a, b, c, w, { bias }).slice(0, 3);
    };
    const [more, less] = [at(1e-5), at(-1e-5)];
    found.forEach((own, i) =>
      expect(own, `input ${i}`).toBeAllClose(
        map(more[i], (value, j) => (value - less[i].data[j]) / 2e-5),
        close,
      ),
    );
  });

  it('drop the weights that the first ones dropped', async () => {
    const kept = dropoutMask([2, 4, 3, 4], { seed: PROGRAM_SEED, stream: 7 }, 0.4);
    expect(new Set(kept.data).size).toBe(2);
    const [found, expected] = await products([q, k, v], { dropout: 0.4, stream: 7 }, kept);
    expected.forEach((each, i) => expect(found[i], `input ${i}`).toBeAllClose(each, close));
  });

  it('a penalty of the norm of the slopes', async () => {
    const penalty = ([a, b, c]: readonly Array64[]) => {
      const [slope] = reference.attentionGradient(a, b, c, w, { causal: true });
      return (Math.sqrt(dot(slope, slope)) - 1) ** 2;
    };
    const [found, ...slopes] = await evaluate(
      (a, b, c) => {
        const y = ops.attention(a, b, c, { causal: true });
        const [slope] = gradients(inner(y, literal(w)), [a]);
        const loss = ops.square(ops.subtract(ops.sqrt(inner(slope!, slope!)), 1));
        return [loss, ...gradients(loss, [a, b, c]).map((each) => each!)];
      },
      [q, k, v],
      simulated,
    );
    expect(found.data[0]).toBeCloseTo(penalty([q, k, v]), 4);
    [q, k, v].forEach((own, i) =>
      expect(slopes[i], `input ${i}`).toBeAllClose(
        finiteDifference((x) => penalty([q, k, v].with(i, x)), own),
        close,
      ),
    );
  });

  it('have derivatives, too', async () => {
    const directions = [q, k, v].map(({ shape }, i) => rounded(random(20 + i, shape)));
    const found = await evaluate(
      (...tensors) => {
        const once = along(
          inner(ops.attention(tensors[0], tensors[1], tensors[2]), literal(w)),
          tensors,
          directions,
        );
        return gradients(along(once, tensors, directions), tensors).map((each) => each!);
      },
      [q, k, v],
      simulated,
    );
    const at = (step: number) => {
      const [a, b, c] = [q, k, v].map((x, i) => map(x, (value, j) => value + step * directions[i].data[j]));
      return reference.attentionGradient(a, b, c, w);
    };
    const [more, none, less] = [at(1e-3), at(0), at(-1e-3)];
    found.forEach((own, i) =>
      expect(own, `input ${i}`).toBeAllClose(
        map(more[i], (value, j) => (value - 2 * none[i].data[j] + less[i].data[j]) / 1e-6),
        { rtol: 2e-3, atol: 1e-3 },
      ),
    );
  });
});

describe('second derivatives of recurrent networks', () => {
  const [batch, steps, units] = [3, 2, 2];
  const mask = array([batch, steps], [1, 1, 0, 1, 1, 0]);
  const recurrent = { lstm: ops.lstm, gru: ops.gru, simpleRnn: ops.simpleRnn };
  const kinds = { lstm: [4, 2], gru: [3, 1], simpleRnn: [1, 1] } as const;

  it.each([
    ['lstm', true],
    ['gru', true],
    ['simpleRnn', false],
  ] as const)('%s, with all that it takes: %s; as those of the unrolled one', async (kind, more) => {
    const [gates, states] = kinds[kind];
    const columns = gates * units;
    const shapes = [[batch, steps, 3], [3, columns], [units, columns], [columns], [columns], ...Array(states).fill([batch, units])]; // prettier-ignore
    const inputs = shapes.map((shape, i) => rounded(random(i + 1, shape as number[])));
    const directions = inputs.map(({ shape }, i) => rounded(random(20 + i, shape)));
    /** A sum of outputs and last states that bends, and what its derivatives are by. */
    const build = (
      [x, kernel, recurrentKernel, bias, recurrentBias, ...initialState]: Tensor[],
      unroll: boolean,
    ) => {
      const options = more
        ? {
            bias,
            mask: literal(mask),
            initialState,
            goBackwards: true,
            ...(kind === 'gru' && { recurrentBias }),
            recurrentActivation: 'hardSigmoid' as const,
          }
        : {};
      const sequence = recurrent[kind](x, kernel, recurrentKernel, { ...options, unroll });
      const ends = sequence.states.map((own, i) => ops.reduceSum(ops.scale(ops.square(own), i + 0.5)));
      const loss = ends.reduce((a, b) => ops.add(a, b), ops.reduceSum(ops.square(sequence.outputs)));
      const others = more ? [bias, ...(kind === 'gru' ? [recurrentBias] : []), ...initialState] : [];
      return { loss, wrt: [x, kernel, recurrentKernel, ...others] };
    };
    const found = await evaluate(
      (...tensors) =>
        [false, true].flatMap((unroll) => {
          const { loss, wrt } = build(tensors, unroll);
          const own = wrt.map((tensor) => directions[tensors.indexOf(tensor)]);
          return gradients(along(loss, wrt, own), wrt).map((each) => each!);
        }),
      inputs,
      { simulated: true },
    );
    const count = found.length / 2;
    expect(count).toBeGreaterThan(2);
    found.slice(0, count).forEach((own, i) => {
      expect(own, `input ${i}`).toBeAllClose(found[count + i], close);
      expect(Math.max(...own.data.map(Math.abs))).toBeGreaterThan(1e-3);
    });
  });

  it('are the same within what is recomputed', async () => {
    const inputs = [
      [2, 2, 3],
      [3, 8],
      [2, 8],
    ].map((shape, i) => rounded(random(i + 1, shape)));
    const direction = rounded(random(20, [2, 2, 3]));
    const found = await evaluate(
      (x, kernel, recurrentKernel) =>
        [recompute, (block: () => Tensor) => block()].flatMap((around) => {
          const y = around(() => ops.square(ops.lstm(x, kernel, recurrentKernel).outputs));
          const own = along(ops.reduceSum(y), [x], [direction]);
          return gradients(own, [x, kernel, recurrentKernel]).map((each) => each!);
        }),
      inputs,
      { simulated: true },
    );
    found.slice(0, 3).forEach((own, i) => expect(own).toBeAllClose(found[3 + i], { rtol: 1e-5, atol: 1e-6 }));
  });
});

import { inputsOf } from '../../src/ops/attention/attrs.ts';
import type { AttentionAttrs } from '../../src/ops/attention/attrs.ts';
import type { Node } from '../../src/ops/core/op.ts';
import { array, map, random, randomIntegers } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import { attention, attentionGradient, attentionWeights } from '../../test/reference/attention.ts';
import type { Twin } from './twin.ts';

const options = (inputs: readonly Array64[], { attrs }: Node<AttentionAttrs>) => {
  const { causal, scale } = attrs;
  return { causal, scale, bias: inputsOf(inputs, attrs).bias };
};

/** Output and logSum of attention. */
function outputs(inputs: readonly Array64[], node: Node<AttentionAttrs>): Array64[] {
  const [q, k, v] = inputs;
  const own = options(inputs, node);
  return [attention(q, k, v, own), attentionWeights(q, k, own).logSum];
}

/** x turned by (cos, sin) of each position and pair. */
function turned(x: Array64, angles: Array64, sign: number): Array64 {
  const [, steps, heads, size] = x.shape;
  const half = size / 2;
  return map(x, (own, i) => {
    const [place, step] = [i % size, Math.floor(i / size / heads) % steps];
    const at = 2 * (step * half + (place % half));
    const other = x.data[i + (place < half ? half : -half)];
    return own * angles.data[at] + (place < half ? -sign : sign) * other * angles.data[at + 1];
  });
}

/** Of attention without dropout; its gradient has the inputs output, logSum and dL/doutput, and then those of attention. */
export const twins: Readonly<Record<string, Twin>> = {
  rotary: {
    compute: ({ attrs: { sign } }, [x, angles]) => [turned(x, angles, sign)],
  },
  attentionDecode: {
    compute: ({ attrs: { scale } }, [q, k, v, { data: lengths }]) => {
      const [batch, keys] = k.shape;
      const shown = (i: number) => (i % keys < lengths[Math.floor(i / keys)] ? 0 : -Infinity);
      const bias = array(
        [batch, 1, 1, keys],
        Array.from({ length: batch * keys }, (_, i) => shown(i)),
      );
      return [attention(q, k, v, { scale, bias })];
    },
    feed: ({ inputs }, index) =>
      index === 3 ? randomIntegers(4, inputs[3].shape, inputs[1].shape[1] + 1) : undefined,
  },
  attention: { compute: (node, inputs) => outputs(inputs, node) },
  attentionGradient: {
    compute: (node, [, , dy, ...own]) => attentionGradient(own[0], own[1], own[2], dy, options(own, node)),
    feed: (node, index) =>
      outputs(
        node.inputs.slice(3).map(({ shape }, i) => random(i + 4, shape)),
        node,
      )[index],
  },
};

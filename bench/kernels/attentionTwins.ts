import { inputsOf } from '../../src/ops/attention/attrs.ts';
import type { AttentionAttrs } from '../../src/ops/attention/attrs.ts';
import type { Node } from '../../src/ops/core/op.ts';
import { random } from '../../test/reference/array.ts';
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

/** Of attention without dropout; its gradient has the inputs output, logSum and dL/doutput, and then those of attention. */
export const twins: Readonly<Record<string, Twin>> = {
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

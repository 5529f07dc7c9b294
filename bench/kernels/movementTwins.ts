import type { Node } from '../../src/ops/core/op.ts';
import { map, random, randomIntegers } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import * as movement from '../../test/reference/movement.ts';
import { cumsum, recurrence } from '../../test/reference/scan.ts';
import { argsort } from '../../test/reference/sort.ts';
import type { Twin } from './twin.ts';

/** Rows of a table to take: any of them. */
const taken = ({ inputs, outputs, attrs }: Node, index: number) => {
  const rows = (attrs.shape ?? inputs[0].shape)[0];
  return index === 1 ? randomIntegers(6, inputs[1].shape, Math.min(rows, outputs[0].shape[0])) : undefined;
};

function slice({ attrs: { begin, size, step } }: Node, x: Array64): Array64 {
  if (step.some((each: number) => each !== 1)) throw new Error('a slice in steps has no float64 twin here');
  return movement.slice(x, begin, size);
}

/** Ops that move elements, change their type, or put them in order; and running sums. */
export const twins: Readonly<Record<string, Twin>> = {
  transpose: { compute: ({ attrs }, [x]) => [movement.transpose(x, attrs.permutation)] },
  slice: { compute: (node, [x]) => [slice(node, x)] },
  concat: { compute: ({ attrs }, inputs) => [movement.concat(inputs, attrs.axis)] },
  cast: {
    compute: (_node, [x]) => [map(x, Math.trunc)],
    feed: ({ inputs: [x] }) => random(1, x.shape, -100, 100),
  },
  gather: { compute: (_node, [table, rows]) => [movement.gather(table, rows)], feed: taken },
  gatherGradient: {
    compute: ({ outputs }, [dy, rows]) => [movement.scatterAdd(outputs[0].shape, rows, dy)],
    feed: taken,
  },
  cumsum: { compute: ({ attrs }, [x]) => [cumsum(x, attrs.axis, attrs)] },
  recurrence: { compute: ({ attrs }, [factors, terms]) => [recurrence(factors, terms, attrs)] },
  argsort: { compute: ({ attrs }, [x]) => [argsort(x, -1, attrs.descending)] },
  oneHot: {
    compute: ({ attrs }, [labels]) => [movement.oneHot(labels, attrs.depth)],
    feed: ({ inputs, attrs }) => randomIntegers(6, inputs[0].shape, attrs.depth),
  },
};

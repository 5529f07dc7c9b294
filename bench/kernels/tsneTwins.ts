import { partsOf } from '../../src/ops/tsne/tsne.ts';
import { array, map, random, randomIntegers } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import * as reference from '../../test/reference/tsne.ts';
import type { Twin } from './twin.ts';

/** The sums over each part of the points, one after the other. */
function inParts(points: number, of: (from: number, to: number) => readonly Array64[]): Array64[] {
  const { parts, part } = partsOf(points);
  const found = Array.from({ length: parts }, (_, k) => of(k * part, Math.min(points, (k + 1) * part)));
  return found[0].map((first, output) => {
    const data = found.flatMap((own) => [...own[output].data]);
    return array([parts, ...first.shape], data);
  });
}

export const twins: Readonly<Record<string, Twin>> = {
  perplexity: {
    compute: ({ attrs }, [distances]) => [
      reference.neighbourProbabilities(distances, Math.exp(attrs.entropy)).p,
      undefined,
    ],
    feed: ({ inputs }) => random(5, inputs[0].shape, 0.5, 20),
  },
  tsneRepulsion: {
    compute: (_, [y]) => inParts(y.shape[0], (from, to) => Object.values(reference.repulsion(y, from, to))),
  },
  tsneAttraction: {
    compute: (_, [y, starts, neighbours, p]) =>
      Object.values(reference.graphAttraction(y, starts, neighbours, p)),
    feed({ inputs: [y, starts, neighbours, p] }, index) {
      const [[points], [edges]] = [y.shape, neighbours.shape];
      if (index === 1) return map(random(6, starts.shape), (__, i) => Math.floor((i * edges) / points));
      if (index === 2) return randomIntegers(6, neighbours.shape, points);
      return index === 3 ? random(7, p.shape, 0.1, 1) : undefined;
    },
  },
  tsneExactAttraction: {
    compute: ({ attrs: { first } }, inputs) =>
      inParts(inputs[0].shape[0], (from, to) =>
        Object.values(reference.blockAttraction(inputs, { first, from, to })),
      ),
    // The norms of products up to 1, so that no distance is below 0.
    feed: ({ inputs }, index) => (index === 2 ? random(8, inputs[2].shape, 1, 2) : undefined),
  },
};

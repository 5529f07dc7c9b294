import {
  neighbourProbabilities,
  tsneAttraction,
  tsneExactAttraction,
  tsneRepulsion,
} from '../../../src/ops/tsne/tsne.ts';
import { line, lowered, tensor } from './toy.ts';
import type { Small, Toy } from './toy.ts';

/** Three invocations for each of two workgroups, of one part. */
const PAIRS: Small = { constants: { WORKGROUP_SIZE: 3 }, workgroups: [2, 1, 1] };
const PLACES = [0, 0, 1, 0, 0, 2, -1, -1, 3, 1, 2, -2];
const places = (points = 6) => tensor('places', [points, 2]);

const repulsion = (file: string, variant: string): Toy => ({
  kernel: `tsne/${file}`,
  title: 'how six points push each other away',
  lower: () => lowered(tsneRepulsion(places()).force, { variants: { tsneRepulsion: variant } }),
  values: { places: PLACES },
  small: PAIRS,
});

export const toys: readonly Toy[] = [
  {
    kernel: 'tsne/perplexity',
    title: 'three rows of five neighbours, as many as two in effect',
    lower: () => lowered(neighbourProbabilities(tensor('distances', [3, 5]), 2).p),
    values: { distances: [1, 2, 3, 4, 5, -1, 0, 1, 2, 9, 2, 2, 3, 3, -1] },
    small: line(3, 3),
  },
  repulsion('repulsion_1_naive', 'naive'),
  repulsion('repulsion_2_tiled', 'tiled'),
  {
    kernel: 'tsne/attraction',
    title: 'how their neighbours pull at four points',
    lower: () => {
      const starts = tensor('starts', [5], 'i32');
      const graph = { starts, neighbours: tensor('neighbours', [6], 'i32'), p: tensor('p', [6]) };
      return lowered(tsneAttraction(places(4), graph).force);
    },
    values: {
      places: PLACES.slice(0, 8),
      starts: [0, 2, 3, 5, 6],
      neighbours: [1, 2, 0, 0, 3, 2],
      p: [0.2, 0.1, 0.2, 0.1, 0.2, 0.2],
    },
    small: line(4, 2),
  },
  {
    kernel: 'tsne/attraction_exact',
    title: 'how six points with two features pull at each other',
    lower: () => lowered(tsneExactAttraction(places(), tensor('x', [6, 2]), tensor('scales', [6, 2])).force),
    values: {
      places: PLACES,
      x: [0, 0, 1, 1, 0, 1, 3, 3, 3, 2, 2, 2],
      scales: [1, -0.3, 0.8, -0.4, 1, -0.3, 1.2, -0.2, 1, -0.3, 0.9, -0.3],
    },
    small: PAIRS,
  },
];

import scatterCode from '../../shaders/draw/scatter.wgsl?raw';
import type { Kind, Range } from './kind.ts';

/** Points that lie on the GPU, each in the colour of its class. */
export interface PointsSource {
  readonly kind: 'points';
  /** Rows of `stride` numbers, of which the first two are a place. */
  readonly rows: Range;
  readonly stride: number;
  readonly count: number;
  /** Classes, a byte for each point. */
  readonly labels: Range;
  /** The labels are four groups that the figure compares, with these colours, in place of classes. Default false. */
  readonly compared?: boolean;
  /** What lies at the edge of the canvas. */
  readonly reach: number;
}

/** So many points leave each other room as discs of this share of the canvas; more of them are smaller. */
const RADIUS = { points: 1000, share: 0.0065 };
const OPACITY = 0.78;

const over = { srcFactor: 'one', dstFactor: 'one-minus-src-alpha', operation: 'add' } as const;

export const points: Kind<PointsSource> = {
  code: scatterCode,
  blend: { color: over, alpha: over },
  bindings: ({ rows, labels }) => [rows, labels],
  describe(source, { width, height }, palette, { floats, words, colours }) {
    const { reach, stride, count, compared } = source;
    const share = RADIUS.share * Math.min(1.4, Math.sqrt(RADIUS.points / count));
    floats.set([width, height, reach, Math.max(1, width * share), OPACITY]);
    words[5] = stride;
    colours(8, compared ? palette.compared : palette.classes);
  },
  vertices: ({ count }) => [6, count],
};

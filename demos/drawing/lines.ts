import linesCode from '../../shaders/draw/lines.wgsl?raw';
import type { Kind, Range } from './kind.ts';

/** Lines through points that lie on the GPU, all of one grey. */
export interface LinesSource {
  readonly kind: 'lines';
  /** Places, x and y each, of the points of each line, one line after the other. */
  readonly places: Range;
  readonly lines: number;
  /** Of each line. */
  readonly points: number;
  /** What lies at the edge of the canvas. */
  readonly reach: number;
}

/** Of a line, as a share of the canvas, and how much it covers. */
const WIDTH = 0.0022;
const OPACITY = 0.6;

const over = { srcFactor: 'one', dstFactor: 'one-minus-src-alpha', operation: 'add' } as const;

export const lines: Kind<LinesSource> = {
  code: linesCode,
  blend: { color: over, alpha: over },
  bindings: ({ places }) => [places],
  describe({ reach, points }, { width, height }, { fake: muted }, { floats, words, colours }) {
    floats.set([width, height, reach, Math.max(1, width * WIDTH), OPACITY]);
    words[5] = points;
    colours(8, [muted]);
  },
  vertices: ({ lines: count, points }) => [6, count * (points - 1)],
};

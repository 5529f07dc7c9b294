import { ArgumentError } from '../errors.ts';

/** A threshold, and what is found and what is falsely called at it or above. */
export interface RocPoint {
  /** Scores from here on count as positive; the first point's is Infinity: nothing does. */
  readonly threshold: number;
  /** Share of the negatives that are called positive. */
  readonly falsePositives: number;
  /** Share of the positives that are found. */
  readonly truePositives: number;
}

export interface RocCurve {
  /** From (0, 0) to (1, 1), one for each distinct score. */
  readonly points: readonly RocPoint[];
  /**
   * Area under the curve by trapezoids: the probability that a positive has a higher score than a negative, equal scores
   * counting one half (Mann and Whitney's U divided by its largest value; Hanley & McNeil 1982).
   */
  readonly area: number;
}

/**
 * The receiver operating characteristic of scores, exactly: with every distinct score as a threshold. (The metric `auc` is
 * Keras's, which counts at 200 thresholds.)
 *
 * @param labels 0 or 1
 * @throws ArgumentError if there is no positive or no negative, or a score is NaN
 */
export function rocCurve(labels: ArrayLike<number>, scores: ArrayLike<number>): RocCurve {
  const order = Array.from(labels, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const positives = order.reduce((sum, i) => sum + labels[i], 0);
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0 || order.some((i) => Number.isNaN(scores[i]))) {
    throw new ArgumentError(
      `rocCurve: needs scores of both classes, all of them numbers; got ${positives} positives and ${negatives} negatives`,
    );
  }
  const points: RocPoint[] = [{ threshold: Infinity, falsePositives: 0, truePositives: 0 }];
  let [found, called, area] = [0, 0, 0];
  for (let at = 0; at < order.length;) {
    const threshold = scores[order[at]];
    const [foundBefore, calledBefore] = [found, called];
    for (; at < order.length && scores[order[at]] === threshold; at++) {
      if (labels[order[at]] === 1) found++;
      else called++;
    }
    area += ((called - calledBefore) * (found + foundBefore)) / 2;
    points.push({ threshold, falsePositives: called / negatives, truePositives: found / positives });
  }
  return { points, area: area / (positives * negatives) };
}

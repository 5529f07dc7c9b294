import { featureStatistics, frechetDistance } from './frechetDistance.ts';
import type { FeatureStatistics } from './frechetDistance.ts';

/** The probabilities and features of a classifier for some images. */
export interface DigitReading {
  /** [images, classes], rows that sum to 1. */
  readonly probabilities: Float32Array;
  /** [images, features]: what its last layer reads. */
  readonly features: Float32Array;
  readonly classes: number;
}

/** Readings of one classifier, one after the other. */
export function joinReadings(readings: readonly DigitReading[]): DigitReading {
  const join = (key: 'probabilities' | 'features') => {
    const all = new Float32Array(readings.reduce((sum, reading) => sum + reading[key].length, 0));
    let offset = 0;
    for (const reading of readings) {
      all.set(reading[key], offset);
      offset += reading[key].length;
    }
    return all;
  };
  return { probabilities: join('probabilities'), features: join('features'), classes: readings[0].classes };
}

/** The scores of generated digits, from the predictions and features of a classifier. */
export interface DigitScore {
  /** Mean of the largest class probability, 0 … 1: whether each image is one of the digits. */
  readonly classifierConfidence: number;
  /** Entropy of the predicted classes in nats, at most ln 10 = 2.303: whether all digits come equally often. */
  readonly classEntropy: number;
  /** Between the features of these images and of real ones; 0 for equal distributions. */
  readonly frechetDistance: number;
}

/** The statistics of the features that a reading holds. */
export function statisticsOf({ probabilities, features, classes }: DigitReading): FeatureStatistics {
  return featureStatistics(features, (features.length * classes) / probabilities.length);
}

/** Scores images against the statistics of real ones (`statisticsOf`). */
export function scoreDigits(reading: DigitReading, real: FeatureStatistics): DigitScore {
  return {
    classifierConfidence: meanConfidence(reading),
    classEntropy: entropy(predictedShares(reading)),
    frechetDistance: frechetDistance(statisticsOf(reading), real),
  };
}

export function meanConfidence({ probabilities, classes }: Pick<DigitReading, 'probabilities' | 'classes'>) {
  let sum = 0;
  for (let row = 0; row < probabilities.length; row += classes) {
    sum += probabilities.subarray(row, row + classes).reduce((a, b) => Math.max(a, b));
  }
  return sum / (probabilities.length / classes);
}

/** The fraction of the images for which each class is predicted: one class above all others is mode collapse. */
export function predictedShares(reading: Pick<DigitReading, 'probabilities' | 'classes'>): Float64Array {
  const shares = new Float64Array(reading.classes);
  const predicted = predictedClasses(reading);
  for (const own of predicted) shares[own]++;
  return shares.map((count) => count / predicted.length);
}

/**
 * The fraction of images that were asked for as a class and are read as it.
 *
 * @param wanted the class that each image was asked for
 */
export function shareAsLabelled(
  reading: Pick<DigitReading, 'probabilities' | 'classes'>,
  wanted: ArrayLike<number>,
): number {
  const predicted = predictedClasses(reading);
  return predicted.filter((own, i) => own === wanted[i]).length / predicted.length;
}

/** For each image the class of the largest probability. */
function predictedClasses({
  probabilities,
  classes,
}: Pick<DigitReading, 'probabilities' | 'classes'>): number[] {
  return Array.from({ length: probabilities.length / classes }, (_, image) => {
    const row = probabilities.subarray(image * classes, (image + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}

/** −Σ p ln p, in nats. */
export function entropy(shares: ArrayLike<number>): number {
  return Array.from(shares).reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

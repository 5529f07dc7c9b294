import type { Dataset } from '../../data/dataset.ts';
import type { Inspection } from '../../nn/training/evaluateOptions.ts';
import { confusionMatrix, formatConfusion } from './confusion.ts';
import { drawPictures } from './digits.ts';
import type { Picture } from './digits.ts';
import { formatCount, formatLoss, formatPercent } from './format.ts';
import type { Terminal } from './terminal.ts';

export interface Classified {
  readonly accuracy: number;
  readonly loss: number;
  readonly predictions: Uint8Array;
  /** Share that the network gives its prediction, from 0 to 1. */
  readonly confidence: Float64Array;
}

/** The network's prediction for each sample: `logits` is [samples, classes]. */
export function classify(labels: ArrayLike<number>, logits: Float32Array, losses: Float32Array): Classified {
  const samples = labels.length;
  const classes = logits.length / samples;
  const predictions = new Uint8Array(samples);
  const confidence = new Float64Array(samples);
  let right = 0;
  let loss = 0;
  for (let i = 0; i < samples; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    predictions[i] = row.indexOf(largest);
    // softmax of the largest: 1 / Σ exp(z − z_max)
    confidence[i] = 1 / row.reduce((sum, z) => sum + Math.exp(z - largest), 0);
    if (predictions[i] === labels[i]) right++;
    loss += losses[i];
  }
  return { accuracy: right / samples, loss: loss / samples, predictions, confidence };
}

const WORST = 6;

/** Prints accuracy and loss, the confusion matrix, and the images that the network gets most wrong. */
export function reportClassification(
  terminal: Terminal,
  test: Dataset,
  { outputs, loss }: Pick<Inspection, 'outputs' | 'loss'>,
): Classified {
  const labels = test.y.data;
  const result = classify(labels, outputs, loss);
  const classNames =
    test.classNames ?? Array.from({ length: outputs.length / test.size }, (_, i) => String(i));
  const accuracy = terminal.style('bold', formatPercent(result.accuracy));
  terminal.line(
    `Test: accuracy ${accuracy}, loss ${formatLoss(result.loss)}, on ${formatCount(test.size)} ${test.name} images`,
  );
  terminal.line();
  terminal.line('Rows: label; columns: prediction');
  terminal.line(
    formatConfusion(confusionMatrix(labels, result.predictions, classNames.length), classNames, terminal),
  );
  const worst = worstOf(labels, result.predictions, loss, WORST);
  if (worst.length === 0) return result;

  terminal.line();
  terminal.line('Most wrong (label → prediction, confidence):');
  const [height, width] = test.x.shape;
  const green = (text: string) => terminal.style(['bold', 'green'], text);
  const red = (text: string) => terminal.style('red', text);
  const pictures = worst.map((i): Picture => {
    const confidence = `${(result.confidence[i] * 100).toFixed(1)}%`;
    return {
      pixels: test.x.data.subarray(i * width * height, (i + 1) * width * height) as Uint8Array,
      width,
      height,
      caption: `${green(classNames[labels[i]])} → ${red(classNames[result.predictions[i]])}, ${confidence}`,
    };
  });
  terminal.line(drawPictures(pictures, terminal.columns));
  return result;
}

/** The wrongly classified samples of the largest losses, at most `count` of them. */
export function worstOf(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  losses: Float32Array,
  count: number,
): number[] {
  const wrong = Array.from(losses.keys()).filter((i) => predictions[i] !== labels[i]);
  return wrong.sort((a, b) => losses[b] - losses[a] || a - b).slice(0, count);
}

import { gradients, ops } from '../../src/index.ts';
import type { GanNetworks, GeneratorLoss, Network, Tensor } from '../../src/index.ts';
import { entropy, meanConfidence, predictedShares } from '../../src/models/digitScore.ts';
import { generated, judge, shown, SIDE } from './generated.ts';
import type { Inputs } from './generated.ts';
import { SAMPLES } from './protocol.ts';
import type { Reading } from './protocol.ts';

export { History } from '../drawing/history.ts';

const CLASSES = 10;

export interface Judges {
  readonly gan: GanNetworks;
  readonly loss: GeneratorLoss;
  /** Reads digits. */
  readonly reader: Network;
  /** Brings images to the size that the reader takes, where they are larger. */
  readonly shrink?: (images: Tensor, side: number) => Tensor;
}

/** Generated images and real ones, what the discriminator and the reader think of them, and what it wants changed. */
export function everything(
  { gan, loss, reader, shrink = (images) => images }: Judges,
  inputs: Inputs,
): Record<string, Tensor> {
  const { fakes, logits, outputs } = generated(gan, inputs);
  const reals = gan.prepare(inputs.reals);
  const realOpinions = ops.sigmoid(judge(gan, reals));

  // Each image has its own loss: the gradient of their sum is that of each.
  const own = loss === 'minimax' ? ops.logSigmoid(ops.negate(logits)) : ops.negate(ops.logSigmoid(logits));
  const gradient = gradients(ops.reduceSum(own), [fakes])[0]!;
  const pull = ops.reduceMax(ops.abs(gradient), { axes: [1, 2, 3], keepDims: true });

  const digits = ops.softmax(reader.call(shrink(outputs.fakes, SIDE), { training: false }));
  return {
    ...outputs,
    reals: shown(gan, reals),
    realOpinions,
    gradients: ops.divide(gradient, ops.maximum(pull, 1e-12)), // each at its own scale
    largestGradient: ops.fill([1], 1),
    // Read back at once.
    reading: ops.concat([
      outputs.fakeOpinions,
      realOpinions,
      ops.reshape(pull, [-1]),
      ops.reshape(digits, [-1]),
    ]),
  };
}

/** What the output `reading` tells. */
export function readingOf(all: Float32Array): Reading {
  const [fake, real, pull] = [0, 1, 2].map((part) => all.slice(part * SAMPLES, (part + 1) * SAMPLES));
  const probabilities = all.subarray(3 * SAMPLES);
  const rows = Array.from(fake, (_, i) => probabilities.subarray(i * CLASSES, (i + 1) * CLASSES));
  return {
    fake,
    real,
    pull,
    digits: Uint8Array.from(rows, (row) => row.indexOf(Math.max(...row))),
    confidences: Float32Array.from(rows, (row) => Math.max(...row)),
    meanConfidence: meanConfidence({ probabilities, classes: CLASSES }),
    entropy: entropy(predictedShares({ probabilities, classes: CLASSES })),
  };
}

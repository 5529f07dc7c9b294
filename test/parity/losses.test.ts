import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import * as losses from '../../src/nn/losses.ts';
import { lossInfoOf } from '../../src/nn/losses/define.ts';
import { lossTerm } from '../../src/nn/recording.ts';
import { rowsFor } from '../../src/nn/steps.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { evaluate } from '../helpers/evaluate.ts';
import '../helpers/close.ts';
import { array } from '../reference/array.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';

interface LossCase extends ParityCase {
  readonly target: ParityTensor;
  readonly prediction: ParityTensor;
  readonly weight: ParityTensor | null;
  readonly loss: ParityTensor;
  readonly gradient: ParityTensor;
}

type Options = Readonly<Record<string, never>>;

/** Keras's classes and wgrad's words. */
const makers: Readonly<Record<string, (options: Options) => losses.LossFunction>> = {
  BinaryCrossentropy: losses.binaryCrossentropy,
  BinaryFocalCrossentropy: losses.binaryFocalCrossentropy,
  CategoricalCrossentropy: losses.categoricalCrossentropy,
  CategoricalFocalCrossentropy: losses.categoricalFocalCrossentropy,
  CategoricalGeneralizedCrossEntropy: losses.categoricalGeneralizedCrossEntropy,
  SparseCategoricalCrossentropy: losses.sparseCategoricalCrossentropy,
  MeanSquaredError: losses.meanSquaredError,
  MeanAbsoluteError: losses.meanAbsoluteError,
  MeanAbsolutePercentageError: losses.meanAbsolutePercentageError,
  MeanSquaredLogarithmicError: losses.meanSquaredLogarithmicError,
  Huber: losses.huber,
  LogCosh: losses.logCosh,
  Poisson: losses.poisson,
  KLDivergence: losses.kullbackLeiblerDivergence,
  CosineSimilarity: losses.cosineSimilarity,
  Hinge: losses.hinge,
  SquaredHinge: losses.squaredHinge,
  CategoricalHinge: losses.categoricalHinge,
  Dice: losses.dice,
  Tversky: losses.tversky,
};

/** `label_smoothing` → `labelSmoothing`. */
const camel = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const array64 = ({ shape, data }: ParityTensor) => array(shape, data);

describe.each(
  ['losses', 'moreLosses', 'torchLosses']
    .flatMap((file) => parityCases<LossCase>(file))
    .map((own, i) => [caseName(own, i), own] as const),
)('loss %s', (_, { keras, config, target, prediction, weight, loss, gradient }) => {
  it('value and gradient', async () => {
    const make = makers[keras];
    expect(make, `a word for ${keras}`).toBeDefined();
    const own = make(
      Object.fromEntries(Object.entries(config).map(([key, value]) => [camel(key), value])) as Options,
    );
    const [value, slope] = await evaluate(
      (p, t, w) => {
        const { reduced } = lossTerm(keras, own, lossInfoOf(own)!.reduction, rowsFor(keras, p, t, w));
        const mean = reduceMean(reduced);
        return [mean, gradients(mean, [p])[0]!];
      },
      [prediction, target, ...(weight ? [weight] : [])].map(array64),
      { dtypes: ['f32', target.dtype === 'i' ? 'i32' : 'f32', 'f32'] },
    );
    expect(value).toBeAllClose(loss.data);
    expect(slope).toBeAllClose(array64(gradient));
  });
});

import { describe, expect, it } from 'vitest';
import { dataset, take } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { randomStream } from '../../src/data/random.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import * as metrics from '../../src/nn/metrics.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { ModelCompileOptions } from '../../src/nn/model.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { square, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { flatten } from '../../src/ops/movement/movement.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import * as losses from '../reference/losses.ts';
import * as reference from '../reference/metrics.ts';
import { compiledTiny, clusters } from './modelFixtures.ts';

/** Points that lie on either side of a line, with a band in which they are mixed. */
function halves(size: number): Dataset {
  const random = randomStream(9, 0);
  const x = Float32Array.from({ length: size * 2 }, () => 2 * random() - 1);
  const y = Uint8Array.from({ length: size }, (_, i) => Number(x[2 * i] + random() > 0.8));
  return dataset({ name: 'halves', x, y, inputShape: [2] });
}

const EVERY = [
  'accuracy',
  'precision',
  'recall',
  'f1',
  'auc',
  metrics.auc({ curve: 'PR', name: 'areaPR' }),
  'meanSquaredError',
  'meanAbsoluteError',
  'confusionMatrix',
] as const;

/** One sigmoid, at a rate of 0 unless told otherwise: what it predicts stays the same. */
async function binary(options: Partial<ModelCompileOptions> = {}) {
  const layers = [dense({ units: 1, activation: 'sigmoid' })];
  return sequential(layers, { inputShape: [2], name: 'halver', seed: 5 }).compile({
    gpu: await testGpu(),
    optimizer: sgd({ learningRate: 0 }),
    loss: 'binaryCrossentropy',
    metrics: EVERY,
    ...options,
  });
}

/** Every metric in float64, over some samples. */
function expected(predictions: ArrayLike<number>, truth: ArrayLike<number>) {
  const p = array([predictions.length, 1], predictions);
  const t = array([truth.length, 1], truth);
  const { tp, fp, fn, tn } = reference.counts(p.data, t.data, 0.5);
  const [given, curve] = [{}, { curve: 'PR' }] as const;
  return {
    loss: losses.binaryCrossentropy(p, t).mean,
    accuracy: (tp + tn) / predictions.length,
    precision: reference.precision(p.data, t.data),
    recall: reference.recall(p.data, t.data),
    f1: reference.f1(p.data, t.data),
    auc: reference.auc(p.data, t.data, given),
    areaPR: reference.auc(p.data, t.data, curve),
    meanSquaredError: losses.meanSquaredError(p, t).mean,
    meanAbsoluteError: losses.meanAbsoluteError(p, t).mean,
    confusionMatrix: [
      [tn, fp],
      [fn, tp],
    ],
  };
}

/** Numbers agree to 1e-6, names and matrices exactly. */
function expectValues(found: object, wanted: Record<string, unknown>): void {
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const [name, value] of Object.entries(found)) {
    if (typeof value === 'number') expect(value, `value of ${name}`).toBeCloseTo(wanted[name] as number, 6);
    else expect(value, `value of ${name}`).toEqual(wanted[name]);
  }
}

describe('metrics of a model', () => {
  const data = halves(37);

  it.each([1, 8, 37])('are those of all samples, evaluated in batches of %i', async (batchSize) => {
    const model = await binary();
    const wanted = expected(await model.predict(data), data.y.data);
    // The samples are such that the mean over batches would be another number.
    expect(Math.min(wanted.precision, wanted.recall)).toBeGreaterThan(0.1);
    const found = await model.evaluate(data, { batchSize });
    expectValues(found, wanted);
    const matrix: readonly (readonly number[])[] = found.confusionMatrix;
    expect(matrix.flat().reduce((a, b) => a + b)).toBe(37);
    model.destroy();
  });

  it('are those of all samples of an epoch, also where its last batch is smaller', async () => {
    const model = await binary();
    const predictions = await model.predict(data);
    const { confusionMatrix: _, ...none } = expected(predictions, data.y.data);
    const { epochs, steps } = await model.fit(data, {
      epochs: 3,
      batchSize: 8,
      shuffle: false,
      validationData: take(data, 20),
    });
    const samples = (step: number) =>
      Array.from({ length: step % 5 === 4 ? 5 : 8 }, (__, row) => (step % 5) * 8 + row);
    const over = (indices: number[]) => {
      const { confusionMatrix: ___, ...values } = expected(
        indices.map((i) => predictions[i]),
        indices.map((i) => data.y.data[i]),
      );
      return values;
    };
    expect(steps.length).toBe(15); // 3 · ⌈37 / 8⌉
    for (const { epoch: __, step, ...values } of steps) expectValues(values, over(samples(step)));
    expect(epochs.length).toBe(3);
    const validation = expected(predictions.slice(20), data.y.data.slice(20));
    for (const { epoch, step: __, ...values } of epochs) {
      const own = steps.filter((each) => each.epoch === epoch).flatMap((each) => samples(each.step));
      const found = Object.fromEntries(Object.keys(none).map((name) => [name, values[name]]));
      expectValues(found, over(own));
      expect(values.validationAuc).toBeCloseTo(validation.auc, 6);
      expect(values.validationF1).toBeCloseTo(validation.f1, 6);
      expect(Object.keys(values).filter((name) => /atrix/.test(name))).toEqual([]);
    }
    model.destroy();
  });

  it('come per sample where they are means of one value', async () => {
    const model = await binary();
    const { loss, metrics: values, outputs } = await model.evaluator().inspect(data);
    expect(Object.keys(values)).toEqual(['accuracy', 'meanSquaredError', 'meanAbsoluteError']);
    const errors = Array.from(outputs, (p, i) => Math.abs(p - data.y.data[i]));
    expect(values.meanAbsoluteError).toBeAllClose(errors);
    expect(loss).toBeAllClose(
      losses.binaryCrossentropy(array([37, 1], outputs), array([37, 1], data.y.data)).perSample.data,
    );
    model.destroy();
  });

  it('may be of one’s own: a root mean square, of columns and a value', async () => {
    const rootMeanSquare: metrics.Metric = {
      name: 'rootMeanSquare',
      compute: (prediction, target) => square(subtract(flatten(prediction), flatten(target))),
      value: (means) => Math.sqrt(means.reduce((a, b) => a + b, 0) / means.length),
    };
    const three = clusters(10);
    const targets = dataset({ x: three.x.data, y: three.x.data, inputShape: [2], targetShape: [2] });
    const model = await sequential([dense({ units: 2 })], { inputShape: [2] }).compile({
      gpu: await testGpu(),
      optimizer: 'adam',
      loss: 'meanSquaredError',
      metrics: [rootMeanSquare],
    });
    const { loss, rootMeanSquare: root } = await model.evaluate(targets, { batchSize: 4 });
    expect(root).toBeCloseTo(Math.sqrt(loss), 6);
    model.destroy();
  });

  it('of several classes are exact too', async () => {
    const cluster = clusters(50);
    const model = await compiledTiny({
      metrics: [
        'accuracy',
        metrics.topKCategoricalAccuracy({ k: 2 }),
        metrics.recall({ class: 1 }),
        'confusionMatrix',
      ],
    });
    const outputs = array([50, 3], await model.predict(cluster));
    const labels = array([50], cluster.y.data);
    const matrix = reference.confusionMatrix(outputs, labels);
    const found = await model.evaluate(cluster, { batchSize: 16 });
    expect(found.confusionMatrix).toEqual(matrix);
    expect(found.topKCategoricalAccuracy).toBeCloseTo(reference.topK(outputs, labels, 2), 12);
    expect(found.recallOfClass1).toBeCloseTo(matrix[1][1] / matrix[1].reduce((a, b) => a + b), 12);
    expect(found.accuracy).toBeCloseTo(losses.accuracy(outputs, labels), 12);
    model.destroy();
  });
});

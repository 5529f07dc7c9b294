import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { dense, losses, metrics, model, modelInput, ops, sgd } from '../../src/index.ts';
import type { FitOptions, Metric, MetricSpec } from '../../src/index.ts';
import { EarlyStopping } from '../../src/nn/callbacks/earlyStopping.ts';
import { monitoredValues } from '../../src/nn/callbacks/monitor.ts';
import { Objective } from '../../src/nn/objective.ts';
import type { ObjectiveOptions } from '../../src/nn/objective.ts';
import { loadNames, metricOf } from '../../src/nn/registry.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, tinyModel } from './modelFixtures.ts';

await loadNames();

/** A model of one output for each name, each a regression. */
function regressions(...names: string[]) {
  const x = modelInput({ shape: [2] });
  const outputs = names.map((name) => dense({ units: 1, name }).apply(x));
  return model({ inputs: x, outputs, name: 'tasks' });
}

const mine = (extra: Partial<Metric> = {}): Metric => ({
  name: 'mine',
  compute: (prediction) => ops.reduceMean(prediction, { axes: [1] }),
  ...extra,
});

/** Whether training stops after each of the values of what is monitored. */
function stops(
  objective: Objective,
  options: { monitor: string; mode?: 'min' | 'max' },
  ...values: number[]
) {
  const early = new EarlyStopping(options, monitoredValues(objective.values, true));
  return values.map((value) =>
    early.count({ values: { epoch: 0, step: 0, loss: 0, [options.monitor]: value }, index: 0 }),
  );
}
const RISES = [false, false, true]; // of 0.5, 0.6, 0.45
const FALLS = [false, true, false];

describe('what is monitored rises or falls as the metric says', () => {
  it('and not as the letters of an output do', () => {
    const names = ['auction', 'f1', 'precision', 'recall', 'accuracy', 'loss'];
    const objective = new Objective(regressions(...names), {
      loss: 'meanSquaredError',
      metrics: { auction: 'meanAbsoluteError', f1: metrics.precision() },
    });
    for (const name of names) {
      for (const value of [`${name}Loss`, `validation${name[0].toUpperCase()}${name.slice(1)}Loss`]) {
        expect(stops(objective, { monitor: value }, 0.5, 0.6, 0.45), `of ${value}`).toEqual(FALLS);
      }
    }
    expect(stops(objective, { monitor: 'validationAuctionMeanAbsoluteError' }, 0.5, 0.6, 0.45)).toEqual(
      FALLS,
    );
    expect(stops(objective, { monitor: 'f1Precision' }, 0.5, 0.6, 0.45)).toEqual(RISES);
  });

  it.each<[spec: MetricSpec, name: string, rises: boolean]>([
    ['accuracy', 'accuracy', true],
    [metrics.accuracy, 'accuracy', true],
    ['binaryAccuracy', 'binaryAccuracy', true],
    ['topKCategoricalAccuracy', 'topKCategoricalAccuracy', true],
    [metrics.precision({ class: 1, name: 'loss of the first' }), 'loss of the first', true],
    [metrics.recall({ class: 1 }), 'recallOfClass1', true],
    [metrics.f1({ class: 1 }), 'f1OfClass1', true],
    [metrics.auc({ class: 1 }), 'aucOfClass1', true],
    ['meanSquaredError', 'meanSquaredError', false],
    [losses.huber, 'huber', false],
    ['cosineSimilarity', 'cosineSimilarity', true],
    [losses.cosineSimilarity, 'cosineSimilarity', false], // the loss has the other sign
    ['rootMeanSquaredError', 'rootMeanSquaredError', false],
    ['acc', 'acc', true],
    [mine({ better: 'higher' }), 'mine', true],
    [mine({ better: 'lower', name: 'accuracyGap' }), 'accuracyGap', false],
  ])('%o', (spec, name, rises) => {
    const objective = new Objective(tinyModel(), { loss: 'softmaxCrossEntropy', metrics: [spec] });
    for (const monitor of [name, `validation${name[0].toUpperCase()}${name.slice(1)}`]) {
      expect(stops(objective, { monitor }, 0.5, 0.6, 0.45)).toEqual(rises ? RISES : FALLS);
      expect(stops(objective, { monitor, mode: 'max' }, 0.5, 0.6, 0.45)).toEqual(RISES);
      expect(stops(objective, { monitor, mode: 'min' }, 0.5, 0.6, 0.45)).toEqual(FALLS);
    }
  });

  it('trains on while an output whose name sounds like a metric improves', async () => {
    const tasks = regressions('precision', 'recall');
    const x = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const y = Float32Array.from({ length: 20 }, (_, i) => x[2 * i] - x[2 * i + 1]);
    const data = dataset({ x, y: [y, y], inputShape: [2], targetShape: [[1], [1]] });
    await tasks.compile({ gpu: await testGpu(), optimizer: sgd({ learningRate: 0.05 }), loss: 'meanSquaredError' });
    const history = await tasks.fit(data, {
      epochs: 6,
      batchSize: 20,
      validationData: data,
      earlyStopping: { monitor: 'validationPrecisionLoss' },
    });
    expect(history).toMatchObject({ stopped: 'finished', epochs: { length: 6 } });
    tasks.destroy();
  }); // prettier-ignore
});

describe('told before the first step', () => {
  const data = clusters(20);
  type Case = [what: string, options: object, text: RegExp, error?: typeof ShapeError];
  const wide = dataset({ x: new Float32Array(6), y: new Uint8Array(2), inputShape: [3] });
  const stray = dataset({ name: 'stray', x: new Float32Array(4), y: Uint8Array.of(0, 3), inputShape: [2] });
  const rows = dataset({
    name: 'rows',
    x: new Float32Array(4),
    y: new Float32Array(4),
    inputShape: [2],
    targetShape: [2],
  });
  const monitor = (name: string, more = {}) => ({
    validationData: data,
    earlyStopping: { monitor: name, ...more },
  });
  const plateau = (options: object) => ({ validationData: data, reduceOnPlateau: options });
  it.each<Case>([
    ['a slip', monitor('validatonLoss'), /no value "validatonLoss".*did you mean "validationLoss"\? Monitor one of/],
    ['Keras’s name of none', monitor('val_accur'), /did you mean "validationAccuracy"\?/],
    ['another case', monitor('Loss'), /did you mean "loss"\?/],
    ['nothing like it', monitor('entropy of it'), /has no value "entropy of it"; it has epoch, step, loss, accuracy, mine, validationLoss, validationAccuracy, validationMine\. Monitor/],
    ['no validation data', { earlyStopping: {} }, /no value "validationLoss"; it has epoch, step, loss, accuracy, mine\. Pass validationData/],
    ['nor a slip of it', { reduceOnPlateau: { monitor: 'validationAcuracy' } }, /reduceOnPlateau: .* did you mean "validationAccuracy"\? Pass validationData/],
    ['a matrix', monitor('confusionMatrix'), /"confusionMatrix" is a matrix, which cannot be better or worse; monitor one of epoch, /],
    ['a matrix over validation data', monitor('validationConfusionMatrix'), /is a matrix/],
    ['no direction', monitor('mine'), /nothing says whether "mine" should rise or fall; pass mode: 'max' or 'min', or give the metric better/],
    ['nor for validation', plateau({ monitor: 'validationMine' }), /nothing says whether "validationMine" should/],
    ['nor of a count', monitor('step'), /nothing says whether "step" should/],
    ['a mode', monitor('loss', { mode: 'down' }), /mode is "down"; choose min, max or auto/],
    ['patience NaN', monitor('loss', { patience: NaN }), /earlyStopping: patience is NaN; it must be a number of at least 0/],
    ['patience in words', monitor('loss', { patience: '2' }), /patience is 2; it must be a number/],
    ['minDelta below 0', monitor('loss', { minDelta: -1 }), /minDelta is -1/],
    ['a factor above 1', plateau({ factor: 2 }), /factor is 2; it must be a number above 0 and below 1/],
    ['a callback that is none', { onEpoch: 'log' }, /tiny: onEpoch is "log"; it must be a function/],
    ['validation data of another shape', { validationData: wide }, /takes samples of shape \[2\].* have \[3\]/, ShapeError],
    ['validation labels of no class', { validationData: stray }, /label 3 of sample 1 of data set 'stray' is none of the 3 classes/],
    ['validation targets of another shape', { validationData: rows }, /softmaxCrossEntropy.*\[2, 3\].*\[2, 2\]/, ShapeError],
    ['a class that does not exist', { classWeight: { 3: 2 } }, /classWeight names class 3, which does not exist/],
  ])('%s', async (_, options, text, error = ArgumentError) => {
    const tiny = await compiledTiny({ metrics: ['accuracy', 'confusionMatrix', mine()] });
    let steps = 0;
    const run = async () => tiny.fit(data, { epochs: 1, beforeStep: () => void steps++, ...options } as FitOptions);
    await expect(run()).rejects.toThrow(text);
    await expect(run()).rejects.toThrow(error);
    expect([steps, tiny.step]).toEqual([0, 0]);
    await tiny.fit(data, { steps: 1 }); // the model is free for another training
    tiny.destroy();
  }); // prettier-ignore
});

describe('names', () => {
  const objective = (options: Partial<ObjectiveOptions>) => () =>
    new Objective(tinyModel(), { loss: 'softmaxCrossEntropy', ...options });

  it.each([
    ['MSE', 'meanSquaredError'],
    ['mean_squared_error', 'meanSquaredError'],
    ['categorical_crossentropy', 'categoricalCrossentropy'],
    ['sparse_categorical_crossentropy', 'sparseCategoricalCrossentropy'],
    ['CategoricalCrossEntropy', 'categoricalCrossentropy'],
    ['binary_crossentropy', 'binaryCrossentropy'],
    ['BCELoss', 'binaryCrossentropy'],
    ['BCEWithLogitsLoss', 'binaryCrossEntropyWithLogits'],
    ['CrossEntropyLoss', 'softmaxCrossEntropy'],
    ['kl_divergence', 'kullbackLeiblerDivergence'],
    ['hindge', 'hinge'],
    ['log_cosh', 'logCosh'],
  ])('of the loss %s lead to %s', (name, meant) => {
    expect(objective({ loss: name as never })).toThrow(`There is no loss "${name}"; choose one of softmaxCrossEntropy`);
    expect(objective({ loss: name as never })).toThrow(`did you mean "${meant}"?`);
  }); // prettier-ignore

  it.each([
    ['categorical_accuracy', 'categoricalAccuracy'],
    ['sparse_categorical_accuracy', 'sparseCategoricalAccuracy'],
    ['binary_accuracy', 'binaryAccuracy'],
    ['root_mean_squared_error', 'rootMeanSquaredError'],
    ['AUC', 'auc'],
    ['MSE', 'meanSquaredError'],
    ['f1_score', 'f1Score'],
    ['mean_io_u', 'meanIoU'],
    ['top_k_categorical_accuracy', 'topKCategoricalAccuracy'],
  ])('of the metric %s lead to %s', (name, meant) => {
    expect(objective({ metrics: [name as never] })).toThrow(`did you mean "${meant}"?`);
  });

  it('of a maker lead to a call of it', () => {
    expect(() => metricOf(metrics.auc as never)).toThrow(
      'metrics.auc makes a metric; call it: metrics.auc()',
    );
  });

  it('are needed for functions of one’s own', () => {
    expect(() => metricOf((prediction) => prediction)).toThrow(
      "A metric is a function without a name; give it one: { name: 'myMetric', compute:",
    );
    function spread(prediction: Parameters<Metric['compute']>[0]) {
      return prediction;
    }
    expect(metricOf(spread)).toEqual({ name: 'spread', compute: spread });
    expect(() => metricOf(mine({ better: 'more' as never }))).toThrow(
      /metric "mine": better is "more"; choose 'higher' or 'lower'/,
    );
  });

  it('of outputs and metrics must not be those of values over the validation data', () => {
    expect(() => new Objective(regressions('validation', 'b'), { loss: 'huber' })).toThrow(
      /a value is named "validationLoss", as another one is over the validation data/,
    );
    expect(objective({ metrics: ['accuracy', mine({ name: 'validationAccuracy' })] })).toThrow(
      /a value is named "validationAccuracy"/,
    );
  });
});

import { describe, expect, it } from 'vitest';
import { dataset, shuffle, take } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { randomStream } from '../../src/data/random.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { model } from '../../src/nn/model.ts';
import type { Model, ModelCompileOptions } from '../../src/nn/model.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import * as reference from '../reference/losses.ts';
import { weightsOf } from './modelFixtures.ts';

const SIZE = 22;
const random = randomStream(4, 0);
const floats = (length: number) => Float32Array.from({ length }, () => 2 * random() - 1);
const place = floats(SIZE * 2);
const colour = floats(SIZE * 3);
const kinds = Uint8Array.from({ length: SIZE }, (_, i) => (i * 5) % 3);
const amounts = floats(SIZE);
const data = dataset({
  name: 'pairs',
  x: [place, colour],
  y: [kinds, amounts],
  inputShape: [[2], [3]],
  targetShape: [[], [1]],
});

/** Places and colours, by a layer of their own each, to kinds and an amount. */
function twoTasks(): Model {
  const a = modelInput({ shape: [2], name: 'place' });
  const b = modelInput({ shape: [3], name: 'colour' });
  const kind = dense({ units: 3, name: 'kind' }).apply(dense({ units: 4, activation: 'tanh' }).apply(a));
  const amount = dense({ units: 1, name: 'amount' }).apply(b);
  return model({ inputs: [a, b], outputs: [kind, amount], name: 'tasks', seed: 3 });
}

const OPTIONS = {
  optimizer: sgd({ learningRate: 0 }),
  loss: { kind: 'softmaxCrossEntropy', amount: 'huber' },
  lossWeights: { amount: 0.5 },
  metrics: { kind: ['accuracy', 'confusionMatrix'], amount: 'meanAbsoluteError' },
} as const satisfies Partial<ModelCompileOptions>;

const compiled = async (options: Partial<ModelCompileOptions> = {}) =>
  twoTasks().compile({ gpu: await testGpu(), ...OPTIONS, ...options });

/** What a step or an evaluation should give for some samples, given the outputs of all. */
function expected(
  [kind, amount]: readonly ArrayLike<number>[],
  rows: readonly number[],
  weights?: Float32Array,
) {
  const pick = (values: ArrayLike<number>, width: number) =>
    array(
      [rows.length, width],
      rows.flatMap((row) => Array.from({ length: width }, (_, c) => values[row * width + c])),
    );
  const [logits, guesses] = [pick(kind, 3), pick(amount, 1)];
  const labels = array([rows.length], pick(kinds, 1).data);
  const own = rows.map((row) => weights?.[row] ?? 1);
  const mean = (values: ArrayLike<number>) =>
    own.reduce((sum, weight, i) => sum + weight * values[i], 0) / rows.length;
  const kindLoss = mean(reference.sparseSoftmaxCrossEntropy(logits, labels).perSample.data);
  const amountLoss = mean(reference.huber(guesses, pick(amounts, 1)).perSample.data);
  return {
    loss: kindLoss + 0.5 * amountLoss,
    kindLoss,
    amountLoss,
    kindAccuracy: reference.accuracy(logits, labels),
    amountMeanAbsoluteError: reference.meanAbsoluteError(guesses, pick(amounts, 1)).mean,
  };
}

const all = Array.from({ length: SIZE }, (_, i) => i);

function expectValues(found: Record<string, unknown>, wanted: Record<string, number>): void {
  for (const [name, value] of Object.entries(wanted))
    expect(found[name], `value of ${name}`).toBeCloseTo(value, 5);
}

describe('a model with two inputs and two outputs', () => {
  it('evaluates, predicts and inspects all of them', async () => {
    const tasks = await compiled();
    const outputs = await tasks.predictAll(data);
    expect(outputs.map(({ length }) => length)).toEqual([SIZE * 3, SIZE]);
    expect(await tasks.predictAll([place, colour], { batchSize: 7 })).toEqual(outputs);
    expect(await tasks.predict(data)).toEqual(outputs[0]);
    const values = await tasks.compiled.gpu.variables.readAll(tasks.variables);
    const [weight, bias] = ['amount.weight', 'amount.bias'].map((name) =>
      values.get(tasks.variables.find((variable) => variable.name === name)!)!,
    );
    expect(outputs[1][5]).toBeCloseTo(
      [0, 1, 2].reduce((sum, c) => sum + colour[15 + c] * weight[c], bias[0]),
      5,
    );

    const found = await tasks.evaluate(data, { batchSize: 8 });
    expectValues(found, expected(outputs, all));
    expect(Object.keys(found)).toEqual([
      'loss',
      'kindLoss',
      'amountLoss',
      'kindAccuracy',
      'kindConfusionMatrix',
      'amountMeanAbsoluteError',
    ]);
    expect(found.kindConfusionMatrix.flat().reduce((a, b) => a + b)).toBe(SIZE);

    const inspection = await tasks.evaluator().inspect(data, { batchSize: 8 });
    expect(inspection.outputsByName).toEqual({ kind: outputs[0], amount: outputs[1] });
    expect(inspection.loss.length).toBe(SIZE);
    expect(Object.keys(inspection.metrics)).toEqual([
      'kindLoss',
      'amountLoss',
      'kindAccuracy',
      'amountMeanAbsoluteError',
    ]);
    tasks.destroy();
  });

  it('is trained on both losses at once, by the samples’ weights', async () => {
    const weights = Float32Array.from({ length: SIZE }, (_, i) => i % 3);
    const weighted: Dataset = { ...data, weights: { data: weights, shape: [] } };
    const tasks = await compiled();
    const outputs = await tasks.predictAll(data);
    const { steps, epochs } = await tasks.fit(weighted, {
      epochs: 2,
      batchSize: 8,
      shuffle: false,
      validationData: data,
    });
    for (const { step, ...values } of steps) {
      const place = (step % 3) * 8; // 22 samples are batches of 8, 8 and 6
      const rows = Array.from({ length: Math.min(8, SIZE - place) }, (_, row) => place + row);
      expectValues(values, expected(outputs, rows, weights));
    }
    expect(epochs.length).toBe(2);
    expect(epochs[0].validationAmountLoss).toBeCloseTo(expected(outputs, all).amountLoss, 6);
    expect(Object.keys(steps[0])).not.toContain('kindConfusionMatrix');
    tasks.destroy();
  });

  it('learns both', async () => {
    const tasks = await compiled({ optimizer: 'adam' });
    const { epochs } = await tasks.fit(shuffle(data), { epochs: 30, batchSize: 11 });
    const [first, last] = [epochs[0], epochs.at(-1)!];
    expect(last.kindLoss).toBeLessThan(first.kindLoss);
    expect(last.amountLoss).toBeLessThan(first.amountLoss);
    tasks.destroy();
  });

  it('leaves an output without a loss untrained', async () => {
    const tasks = await compiled({
      optimizer: sgd({ learningRate: 0.1 }),
      loss: [null, 'huber'],
      lossWeights: undefined,
      metrics: { amount: ['meanSquaredError'] },
    });
    const before = await weightsOf(tasks);
    const one = dataset({ x: [place, colour], y: amounts, inputShape: [[2], [3]], targetShape: [1] });
    const { steps } = await tasks.fit(one, { steps: 2, batchSize: 11 });
    expect(Object.keys(steps[0])).toEqual(['epoch', 'step', 'loss', 'amountLoss', 'amountMeanSquaredError']);
    const after = await weightsOf(tasks);
    const changed = after.map((value, i) => value !== before[i]);
    expect(changed.filter(Boolean).length).toBe(4); // the weights and the bias of the amount
    expect((await tasks.predictAll(one)).length).toBe(2);
    tasks.destroy();
  });
});

describe('refuse', () => {
  it.each<[string, Partial<ModelCompileOptions>, RegExp]>([
    [
      'an output without a loss',
      { loss: { kind: 'huber' } as never },
      /tasks: loss has nothing for output "amount"; add it, or null for an output that is not trained/,
    ],
    [
      'an output that there is not',
      { loss: { kind: 'huber', amount: 'huber', size: 'huber' } },
      /tasks: loss is for an output "size", but the outputs are "kind", "amount"/,
    ],
    [
      'a list too short',
      { loss: ['huber'] },
      /tasks: loss has 1 entries, but the model has 2 outputs, "kind", "amount"; give one for each/,
    ],
    [
      'no loss',
      { loss: undefined as never },
      /tasks: loss is undefined; give one, a list with one for each output/,
    ],
    ['only nulls', { loss: [null, null], metrics: {} }, /tasks: no output has a loss; give one at least/],
    ['an unknown loss', { loss: ['huber', 'hubr' as never] }, /There is no loss "hubr"; choose one of /],
    ['a weight below 0', { lossWeights: [1, -1] }, /loss weight of output "amount" is -1; .* at least 0/],
    [
      'metrics in a list',
      { metrics: ['accuracy'] },
      /tasks: the model has several outputs; give the metrics by output, for example metrics: \{ kind: \[\.\.\.\] \}/,
    ],
    [
      'metrics of no output',
      { metrics: { kinds: ['accuracy'] } },
      /tasks: metrics is for an output "kinds", but the outputs are "kind", "amount"/,
    ],
    [
      'metrics of an output without a loss',
      { loss: [null, 'huber'], metrics: { kind: ['accuracy'] } },
      /tasks: output "kind" has metrics and no loss, so there are no targets for it/,
    ],
    [
      'a loss that is no value per sample',
      { loss: ['softmaxCrossEntropy', (p) => p.node.inputs[1]], metrics: {} },
      /tasks: the loss of output "amount" gives \[.*\], but it must give one value for each of the 32 samples of a batch, \[32\]/,
    ],
  ])('%s', async (_, options, text) => {
    await expect(compiled(options).then((tasks) => tasks.evaluate(data))).rejects.toThrow(text);
  });

  it('data of another number of inputs or targets', async () => {
    const tasks = await compiled();
    const one = dataset({ name: 'one', x: place, y: kinds, inputShape: [2] });
    await expect(tasks.evaluate(one)).rejects.toThrow(
      /tasks: takes 2 inputs \(place, colour\), but data set 'one' has 1; pass one array for each, dataset\(\{ x: \[/,
    );
    const half = dataset({ name: 'half', x: [place, colour], y: kinds, inputShape: [[2], [3]] });
    expect(() => tasks.fit(half)).toThrow(
      /tasks: is trained on 2 outputs \(kind, amount\), but data set 'half' has 1 targets; pass one array for each/,
    );
    const swapped = dataset({ x: [colour, place], y: kinds, inputShape: [[3], [2]] });
    await expect(tasks.predict(swapped)).rejects.toThrow(
      /takes samples of shape \[2\] for input place, but those of data set 'data' have \[3\]/,
    );
    await expect(tasks.fit(data, { classWeight: { 0: 2 } })).rejects.toThrow(
      /one output; those of data set 'pairs'/,
    );
    tasks.destroy();
  });

  it('lists that do not fit each other', () => {
    const make = (options: object) => () =>
      dataset({ x: place, y: kinds, inputShape: [2], ...options } as never);
    expect(make({ x: [place, colour] })).toThrow(
      /x is a list of 2 arrays, so inputShape must be a list of as many shapes/,
    );
    expect(make({ inputShape: [[2]] })).toThrow(/inputShape is a list of 1 shapes, so x must be a list/);
    expect(make({ x: [place, colour.subarray(3)], inputShape: [[2], [3]] })).toThrow(
      /x\[0\] holds 22 samples of shape \[2\], so x\[1\] needs 66 values of inputShape\[1\] \[3\], but has 63/,
    );
    expect(take(data, 1, 3).moreInputs![0].data).toEqual(colour.subarray(3, 9));
  });
});

describe('outputs whose names a record puts in another order, or has already', () => {
  it.each([[['10', '9', 'b']], [['constructor', '__proto__', '0']]])(
    '%j keep theirs',
    async (outputNames) => {
      const x = modelInput({ shape: [1] });
      const constant = (value: number) =>
        dense({ units: 1, kernelInitializer: 'zeros', biasInitializer: { name: 'constant', value } }).apply(
          x,
        );
      const three = model({ inputs: x, outputs: [constant(1), constant(2), constant(3)], outputNames });
      await three.compile({
        gpu: await testGpu(),
        loss: ['meanSquaredError', 'meanAbsoluteError', 'meanAbsoluteError'],
        metrics: { [outputNames[0]]: 'meanAbsoluteError' },
      });
      expect((await three.predictAll([0])).map(([value]) => value)).toEqual([1, 2, 3]);
      expect([...(await three.predict([0]))]).toEqual([1]);
      const zeros = dataset({ x: [0], y: [[0], [0], [0]], inputShape: [1], targetShape: [[1], [1], [1]] });
      const inspected = await three.evaluator().inspect(zeros);
      expect([...inspected.outputs]).toEqual([1]);
      expect(outputNames.map((name) => inspected.outputsByName[name][0])).toEqual([1, 2, 3]);
      const found = await three.evaluate(zeros);
      expect(outputNames.map((name) => found[`${name}Loss`])).toEqual([1, 2, 3]);
      expect([found.loss, found[`${outputNames[0]}MeanAbsoluteError`]]).toEqual([6, 1]);
      await expect(three.compile({ loss: { [outputNames[1]]: 'huber' } })).rejects.toThrow(
        outputNames[1] === '__proto__'
          ? /loss has nothing for output "constructor"/
          : /loss has nothing for output "10"/,
      );
      three.destroy();
    },
  );
});

import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { l1, l1L2, l2, orthogonalRegularizer, regularizerOf } from '../../src/nn/regularizers.ts';
import type { Regularizer } from '../../src/nn/regularizers.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { Layer } from '../../src/nn/layers/layer.ts';
import type { CallContext } from '../../src/nn/layers/layer.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { model } from '../../src/nn/model.ts';
import type { Model } from '../../src/nn/model.ts';
import { modelFromJSON } from '../../src/nn/json/modelFromJSON.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { abs, scale, square } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { checkGradient, evaluate, testGpu } from '../helpers/evaluate.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as twins from '../reference/penalties.ts';

const scalar = (value: number) => array([], [value]);

describe.each<[string, Regularizer, (x: Array64) => number]>([
  ['l1', l1(0.3), (x) => twins.l1L2(x, 0.3, 0)],
  ['l2', l2(0.2), (x) => twins.l1L2(x, 0, 0.2)],
  ['l1L2', l1L2({ l1: 0.1, l2: 0.4 }), (x) => twins.l1L2(x, 0.1, 0.4)],
  ['l2 by default', l2(), (x) => twins.l1L2(x, 0, 0.01)],
  ['l1 by name', regularizerOf('l1', 'test'), (x) => twins.l1L2(x, 0.01, 0)],
  ['orthogonal rows', orthogonalRegularizer({ factor: 2 }), (x) => twins.orthogonal(x, 2, 'rows')],
  [
    'orthogonal columns',
    orthogonalRegularizer({ factor: 2, mode: 'columns' }),
    (x) => twins.orthogonal(x, 2, 'columns'),
  ],
])('%s', (_, regularizer, twin) => {
  it('agrees with its formula, and with finite differences', async () => {
    const x = random(3, [4, 5]);
    const [y] = await evaluate((w) => regularizer(w), [x]);
    expect(y).toBeAllClose(scalar(twin(x)), { rtol: 1e-5 });
    await checkGradient((w) => regularizer(w), [x], { reference: (own) => scalar(twin(own)) });
  });
});

it('an orthogonal matrix costs nothing, and rows of zeros do not hurt', async () => {
  const rows = array([3, 3], [2, 0, 0, 0, 0, 3, 0, 0, 0]);
  const [y] = await evaluate((w) => orthogonalRegularizer()(w), [rows]);
  expect(y.data[0]).toBeCloseTo(0, 6);
});

/** 21 samples in batches of 8: the last one has 5. */
const samples = (weights?: Float32Array): Dataset =>
  dataset({
    x: Float32Array.from(random(5, [21, 3]).data),
    y: Float32Array.from(random(6, [21, 2]).data),
    inputShape: [3],
    targetShape: [2],
    ...(weights && { weights }),
  });
const batchSize = 8;

/** 3 → 4 → 2; `first` and `second` are further options of the dense layers. */
const tiny = (first: object = {}, second: object = {}): Model =>
  sequential(
    [
      dense({ units: 4, activation: 'tanh', ...first }),
      dense({ units: 2, biasInitializer: 'ones', ...second }),
    ],
    { inputShape: [3], seed: 4 },
  );
const compiled = async (own: Model): Promise<Model> =>
  own.compile({ gpu: await testGpu(), optimizer: sgd({ learningRate: 0.1 }), loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] }); // prettier-ignore
const weightsOf = async (own: Model): Promise<Array64[]> => {
  const values = await (await testGpu()).variables.readAll(own.variables);
  return own.variables.map((variable) => array(variable.shape, values.get(variable)!));
};
/** Mean over all outputs of a layer's penalty, for each sample. */
const outputsOf = async (own: Model) => array([21, 2], await own.predict(samples()));

describe('a penalty of weights', () => {
  const regularized = () =>
    tiny({ kernelRegularizer: l2(0.05) }, { kernelRegularizer: 'l1', biasRegularizer: l1L2({ l1: 0.2 }) });
  const penalty = ([w1, , w2, b2]: readonly Array64[]) =>
    twins.l1L2(w1, 0, 0.05) + twins.l1L2(w2, 0.01, 0) + twins.l1L2(b2, 0.2, 0);

  it.each([undefined, Float32Array.from({ length: 21 }, (_, i) => (i % 4) / 2)])(
    'is added to the loss that evaluate tells, whatever the samples weigh',
    async (weights) => {
      const [plain, own] = [await compiled(tiny()), await compiled(regularized())];
      const expected = await plain.evaluate(samples(weights), { batchSize });
      const found = await own.evaluate(samples(weights), { batchSize });
      const own64 = penalty(await weightsOf(own));
      expect(own64).toBeGreaterThan(0.3);
      expect(found.loss).toBeCloseTo(expected.loss + own64, 5);
      expect(found.meanAbsoluteError).toBeCloseTo(expected.meanAbsoluteError, 6);
    },
  );

  it('is added to the loss of each step, and its gradient to the gradient', async () => {
    const [plain, own] = [await compiled(tiny()), await compiled(regularized())];
    const before = await weightsOf(own);
    const losses: number[][] = [];
    for (const each of [plain, own]) {
      const told: number[] = [];
      for await (const { loss } of each.fit(samples(), { steps: 1, batchSize })) told.push(loss);
      losses.push(told);
    }
    expect(losses[1][0]).toBeCloseTo(losses[0][0] + penalty(before), 5);
    const slopes = [(w: number) => 0.1 * w, () => 0, (w: number) => 0.01 * Math.sign(w), (w: number) => 0.2 * Math.sign(w)]; // prettier-ignore
    const [expected, found] = [await weightsOf(plain), await weightsOf(own)];
    found.forEach((after, i) => {
      const wanted = expected[i].data.map((value, k) => value - 0.1 * slopes[i](before[i].data[k]));
      expect(after.data, `${own.variables[i].name}`).toBeAllClose(wanted);
    });
  });

  it('of frozen layers does not count, and shared ones count once', async () => {
    const frozen = tiny({ kernelRegularizer: l2(5), trainable: false });
    const [plain, own] = [await compiled(tiny()), await compiled(frozen)];
    const loss = async (each: Model) => (await each.evaluate(samples(), { batchSize })).loss;
    expect(await loss(own)).toBeCloseTo(await loss(plain), 6);

    const x = modelInput({ shape: [3] });
    const layer = dense({ units: 3, kernelRegularizer: l2(1) });
    const shared = model({ inputs: x, outputs: layer.apply(layer.apply(x)) });
    expect(shared.callWithLosses(input('x', [2, 3])).losses).toHaveLength(1);
  });

  it('counts in the total of several outputs, not in that of each', async () => {
    const x = modelInput({ shape: [3] });
    const of = (kernelRegularizer?: Regularizer) => {
      const [a, b] = ['a', 'b'].map((name) => dense({ units: 1, name, kernelRegularizer }).apply(x));
      return model({ inputs: x, outputs: [a, b], seed: 2 });
    };
    const y = Float32Array.from(random(7, [21]).data);
    const { x: own } = samples();
    const data = dataset({
      x: own.data as Float32Array,
      y: [y, y],
      inputShape: [3],
      targetShape: [[1], [1]],
    });
    const [plain, penalized] = [await compiled2(of()), await compiled2(of(l2(0.5)))];
    const [expected, found] = [await plain.evaluate(data), await penalized.evaluate(data)];
    const penalty64 = (await weightsOf(penalized)).reduce((sum, w) => sum + twins.l1L2(w, 0, 0.5), 0);
    expect(found.loss).toBeCloseTo(expected.loss + penalty64, 5);
    expect([found.aLoss, found.bLoss]).toEqual([expected.aLoss, expected.bLoss]);
  });
});

const compiled2 = async (own: Model): Promise<Model> =>
  own.compile({ gpu: await testGpu(), optimizer: 'sgd', loss: 'meanSquaredError' });

describe('a penalty of outputs', () => {
  it('is the mean over the samples of any number, each counted once', async () => {
    const [plain, own] = [await compiled(tiny()), await compiled(tiny({}, { activityRegularizer: l1L2({ l1: 0.3, l2: 0.1 }) }))]; // prettier-ignore
    const penalty = twins.l1L2(await outputsOf(own), 0.3, 0.1) / 21;
    for (const size of [8, 21, 32]) {
      const options = { batchSize: size };
      const [expected, found] = [
        await plain.evaluate(samples(), options),
        await own.evaluate(samples(), options),
      ];
      expect(found.loss, `batches of ${size}`).toBeCloseTo(expected.loss + penalty, 5);
    }
  });

  it('is part of what a step minimises', async () => {
    // y = w x: d/dw of the mean over N of l2 · y² is 2 l2 w Σ x² / N, beside the gradient of the loss.
    const of = (activityRegularizer?: Regularizer) =>
      sequential([dense({ units: 1, useBias: false, kernelInitializer: 'ones', activityRegularizer })], {
        inputShape: [1],
      });
    const x = Float32Array.of(1, -2, 3, 0.5);
    const data = dataset({ x, y: new Float32Array(4), inputShape: [1], targetShape: [1] });
    const after = async (own: Model) => {
      await (await compiled(own)).fit(data, { steps: 1, batchSize: 4 });
      return (await weightsOf(own))[0].data[0];
    };
    const squares = x.reduce((sum, value) => sum + value * value, 0) / 4;
    expect(await after(of())).toBeCloseTo(1 - 0.1 * 2 * squares, 5);
    expect(await after(of(l2(0.25)))).toBeCloseTo(1 - 0.1 * 2.5 * squares, 5);
  });

  it('may be a function of a value per sample, and nothing else', async () => {
    const own = (y: Tensor) => reduceSum(abs(y), { axes: [1] });
    const found = await compiled(tiny({}, { activityRegularizer: own }));
    const plain = await compiled(tiny());
    const expected = (await plain.evaluate(samples())).loss + twins.l1L2(await outputsOf(plain), 1, 0) / 21;
    expect((await found.evaluate(samples())).loss).toBeCloseTo(expected, 5);
    const whole = tiny({}, { activityRegularizer: (y: Tensor) => reduceSum(abs(y)) });
    await expect(compiled(whole).then((m) => m.evaluate(samples()))).rejects.toThrow(
      /activityRegularizer gives \[\] for an output \[\d+, 2\], but it must give a value per sample/,
    );
  });
});

describe('addLoss', () => {
  it('of a layer, of a model, and of a class of layers adds to loss and gradient', async () => {
    class Costly extends Layer {
      override readonly type = 'costly';
      protected override compute(x: Tensor, { losses }: CallContext): Tensor {
        losses?.push(reduceSum(scale(square(x), 0.25), { axes: [1] }));
        return x;
      }
    }
    const plain = await compiled(tiny());
    const expected = (await plain.evaluate(samples(), { batchSize })).loss;
    const cost = twins.l1L2(await outputsOf(plain), 0, 0.25) / 21;
    const half = (y: Tensor) => reduceSum(scale(square(y), 0.25), { axes: [1] });
    const layered = tiny();
    layered.layers[1].addLoss(half);
    const modelled = tiny();
    modelled.addLoss(([y]) => half(y));
    const classy = sequential([...tiny().layers, new Costly()], { inputShape: [3] });
    for (const own of [layered, modelled, classy]) {
      expect((await (await compiled(own)).evaluate(samples(), { batchSize })).loss).toBeCloseTo(expected + cost, 5); // prettier-ignore
    }
    await layered.fit(samples(), { steps: 1, batchSize: 21 });
    await modelled.fit(samples(), { steps: 1, batchSize: 21 });
    await plain.fit(samples(), { steps: 1, batchSize: 21 });
    const [a, b, c] = [await weightsOf(layered), await weightsOf(modelled), await weightsOf(plain)];
    a.forEach((own, i) => expect(own).toBeAllClose(b[i]));
    expect(a[0]).not.toBeAllClose(c[0]);
  });

  it('refuses what cannot be averaged over any number of samples', async () => {
    const of = (loss: (y: Tensor) => Tensor) => {
      const own = tiny();
      own.addLoss(([y]) => loss(y));
      return compiled(own).then((m) => m.evaluate(samples()));
    };
    const message = /addLoss got \[\] for a batch of \d+ samples; give one value per sample/;
    await expect(of((y) => reduceSum(abs(y)))).rejects.toThrow(message);
    await expect(of(abs)).rejects.toThrow(/addLoss got \[\d+, 2\]/);
    await expect(of(() => 3 as never)).rejects.toThrow(/addLoss got 3/);
    expect(() => tiny().addLoss(3 as never)).toThrow(/addLoss was given 3; give a function/);
    expect(() => activation('relu').addLoss('l2' as never)).toThrow(/addLoss was given "l2"/);
  });
});

describe('as options', () => {
  it('they stand by what they were made with, and are made again from JSON', async () => {
    const own = tiny({ kernelRegularizer: l2(0.5), activityRegularizer: 'l1' }, { biasRegularizer: orthogonalRegularizer() }); // prettier-ignore
    const json = JSON.parse(JSON.stringify(own)) as ReturnType<Model['toJSON']>;
    expect(json.layers[0].config).toMatchObject({
      kernelRegularizer: { name: 'l2', factor: 0.5 },
      activityRegularizer: { name: 'l1', factor: 0.01 },
    });
    const again = modelFromJSON(json);
    expect(again.toJSON()).toEqual(own.toJSON());
  });

  it('say what is wrong with them', () => {
    const of = (kernelRegularizer: unknown) => () => dense({ units: 1, kernelRegularizer: kernelRegularizer as never }); // prettier-ignore
    expect(of('L2')).toThrow(/dense: there is no regularizer "L2"; did you mean "l2"\?/);
    expect(of(l2)).toThrow(/l2 makes a regularizer; call it: l2\(\)/);
    expect(of({ name: 'l2', rate: 1 })).toThrow(/no option "rate"/);
    expect(of({ name: 'l2', factor: -1 })).toThrow(/l2: factor is -1; it must be a finite number of at least 0/); // prettier-ignore
    expect(() => orthogonalRegularizer({ mode: 'row' as never })).toThrow(/choose 'rows' or 'columns'/);
    expect(() => dense({ units: 1, activityRegularizer: 'none' as never })).toThrow(/no regularizer "none"/);
    const vector = sequential([dense({ units: 2, biasRegularizer: orthogonalRegularizer() })], { inputShape: [3] }); // prettier-ignore
    expect(() => vector.weightPenalties()).toThrow(/orthogonalRegularizer: works on a matrix, got \[2\]/);
    const wide = sequential([dense({ units: 2, kernelRegularizer: (w) => abs(w) })], { inputShape: [3] });
    expect(() => wide.weightPenalties()).toThrow(/gives \[3, 2\], but it must give a single number/);
  });
});

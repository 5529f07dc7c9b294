import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import {
  adam,
  dataset,
  dense,
  dropout,
  earlyStopping,
  learningRateScheduler,
  modelCheckpoint,
  sequential,
  splitValidation,
  streamed,
  take,
  terminateOnNaN,
  train,
  Variable,
  ops,
  sgd,
} from '../../../src/index.ts';
import type { FitOptions, Model, Step, TrainingData } from '../../../src/index.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { arc, compiledTinyGan } from '../ganFixtures.ts';
import { clusters, compiledTiny, ownGpu, weightsOf } from '../modelFixtures.ts';

const data = clusters(20, 1); // three batches of 8, 8 and 4 samples
const validationData = clusters(9, 2);
const stream = streamed(
  (epoch) =>
    [0, 6, 9, 13].map((from, i, all) => take(data, from, ((all[i + 1] ?? 17) as number) + (epoch % 3))),
  { inputShape: [2] },
);

const make = async (gpu?: Gpu): Promise<Model> =>
  sequential([dense({ units: 6, activation: 'tanh' }), dropout(0.3), dense({ units: 3 })], {
    inputShape: [2],
    name: 'steps',
    seed: 4,
  }).compile({
    gpu: gpu ?? (await testGpu()),
    optimizer: adam({ learningRate: 0.02 }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });

describe('stepsPerEpoch', () => {
  const sources: [string, TrainingData, number][] = [
    ['a data set', data, 3],
    ['a stream', stream, 4],
  ];
  const options = (own: TrainingData): FitOptions => (own === data ? { batchSize: 8 } : {});

  it.each(sources)(
    'cuts the same steps on %s into other epochs',
    async (_name, own, perPass) => {
      const whole = await make();
      const { steps } = await whole.fit(own, { ...options(own), epochs: 4 });
      for (const stepsPerEpoch of [1, 2, perPass, 2 * perPass]) {
        const parts = await make();
        const epochs = (4 * perPass) / stepsPerEpoch;
        const history = await parts.fit(own, { ...options(own), stepsPerEpoch, epochs });
        const plain = (all: typeof steps) => all.map(({ step, loss, accuracy }) => [step, loss, accuracy]);
        expect(plain(history.steps)).toEqual(plain(steps));
        expect(history.steps.map(({ epoch }) => epoch)).toEqual(
          steps.map((_, i) => Math.floor(i / stepsPerEpoch)),
        );
        expect(history.epochs.map(({ epoch, step }) => [epoch, step])).toEqual(
          Array.from({ length: epochs }, (_, i) => [i, (i + 1) * stepsPerEpoch]),
        );
        expect(await weightsOf(parts)).toEqual(await weightsOf(whole));
        parts.destroy();
      }
      whole.destroy();
    },
    60_000,
  );

  it.each(sources)(
    'goes on where it was on %s, from files and after aborts',
    async (_name, own) => {
      const all: FitOptions = { ...options(own), stepsPerEpoch: 5, epochs: 3, resume: true, validationData };
      const whole = await make();
      const history = await whole.fit(own, all);
      const expected = await weightsOf(whole);
      whole.destroy();
      const part = fc.record({ after: fc.integer({ min: 0, max: 6 }), file: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
          let model = await make();
          const told: unknown[] = [];
          const onEpoch = (values: unknown) => void told.push(values);
          for (const { after, file } of parts) {
            const stop = new AbortController();
            let steps = 0;
            const beforeStep = () => void (steps++ === after && stop.abort());
            await model.fit(own, { ...all, onEpoch, signal: stop.signal, beforeStep });
            if (!file) continue;
            const bytes = await model.save();
            model.destroy();
            model = await make();
            model.load(bytes);
          }
          await model.fit(own, { ...all, onEpoch });
          expect(told).toEqual(history.epochs);
          expect(await weightsOf(model)).toEqual(expected);
          model.destroy();
        }),
        { numRuns: 6, seed: 7, endOnFailure: true },
      );
    },
    60_000,
  );

  it('goes on after the loss of the GPU', async () => {
    const opened: Gpu[] = [];
    const outcomes = [];
    for (const at of [undefined, 1, 7]) {
      const { gpu: first, real } = await ownGpu();
      const recover = async () => {
        const { gpu } = await ownGpu();
        opened.push(gpu);
        return gpu;
      };
      const model = await make(first);
      let lost = false;
      const { steps, epochs } = await model.fit(data, {
        batchSize: 8,
        stepsPerEpoch: 5,
        epochs: 2,
        recover,
        beforeStep: (step) => {
          if (step !== at || lost) return;
          lost = true;
          real.destroy();
        },
      });
      outcomes.push({ steps, epochs, weights: await weightsOf(model) });
      model.destroy();
      first.destroy();
    }
    for (const gpu of opened) gpu.destroy();
    expect(outcomes[0].steps).toHaveLength(10);
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  }, 30_000);

  it('takes a step that was not made back', async () => {
    const run = async (rate: (epoch: number) => number) => {
      const model = await compiledTiny({ optimizer: sgd({ learningRate: 0.1 }) });
      const callbacks = [terminateOnNaN(), learningRateScheduler(rate)];
      const { stopped } = await model.fit(data, { batchSize: 8, stepsPerEpoch: 2, epochs: 3, callbacks });
      return { model, stopped };
    };
    // In the third epoch the first step is made, and the second is not.
    const broken = await run((epoch) => (epoch === 2 ? 3e38 : 0.1));
    const fine = await run(() => 0.1);
    expect([broken.stopped, broken.model.step, fine.stopped, fine.model.step]).toEqual([
      'nan',
      5,
      'finished',
      6,
    ]);
    await broken.model.setWeights(await fine.model.getWeights());
    broken.model.learningRate = 0.1;
    // Its second step is that of the third epoch; one more makes them equal in steps.
    const rest: FitOptions = { batchSize: 8, stepsPerEpoch: 2, resume: true, epochs: 4 };
    const [a, b] = [await broken.model.fit(data, rest), await fine.model.fit(data, rest)];
    expect([a.steps.map(({ step }) => step), b.steps.map(({ step }) => step)]).toEqual([
      [5, 6, 7],
      [6, 7],
    ]);
    broken.model.destroy();
    fine.model.destroy();
  });

  it('is for a stream without end, a GAN and a step of one’s own, too', async () => {
    const endless = streamed(
      function* () {
        for (let i = 0; ; i++) yield take(data, (5 * i) % 15, ((5 * i) % 15) + 5);
      },
      { inputShape: [2] },
    );
    const model = await make();
    const { epochs } = await model.fit(endless, {
      stepsPerEpoch: 7,
      epochs: 2,
      validationData: endless,
      validationSteps: 2,
    });
    expect(epochs.map(({ step }) => step)).toEqual([7, 14]);
    expect(epochs[1].validationLoss).toBe((await model.evaluate(take(data, 0, 10))).loss);
    model.destroy();
    const gan = await compiledTinyGan();
    const history = await gan.fit(arc(20), { batchSize: 8, stepsPerEpoch: 2, epochs: 3 });
    expect(history.epochs.map(({ step }) => step)).toEqual([2, 4, 6]);
    gan.destroy();
    const w = new Variable({ name: 'w', shape: [2, 1], initialize: (values) => values.fill(0.5) });
    const step: Step = (_, { x }) => {
      const loss = ops.reduceMean(ops.square(ops.matmul(x, ops.read(w))), { axes: [1] });
      return { losses: { loss }, minimize: { loss, variables: [w], optimizer: sgd() } };
    };
    const own = train(data, step, {
      gpu: await testGpu(),
      batchSize: 4,
      stepsPerEpoch: 3,
      epochs: 3,
      validationSplit: 0.25,
      validationFrequency: 2,
      validationSteps: 1,
    });
    const told = (await own).epochs.map((values) => [values.step, 'validationLoss' in values]);
    expect(told).toEqual([
      [3, false],
      [6, true],
      [9, false],
    ]);
    own.destroy();
  });
});

describe('validation', () => {
  it('of a share is that of the last samples', async () => {
    for (const validationSplit of [0.25, 0.33]) {
      const [one, other] = [await make(), await make()];
      const a = await one.fit(data, { batchSize: 4, epochs: 2, validationSplit });
      const { train: rest, validation } = splitValidation(data, validationSplit);
      expect(rest.size).toBe(Math.floor(20 * (1 - validationSplit)));
      const b = await other.fit(rest, { batchSize: 4, epochs: 2, validationData: validation });
      expect(a).toEqual(b);
      expect(a.epochs[0].validationLoss).toBeGreaterThan(0);
      one.destroy();
      other.destroy();
    }
  });

  it('comes after the epochs that are asked for, and callbacks count these', async () => {
    const frequencies: [number | number[], number[]][] = [
      [1, [0, 1, 2, 3, 4]],
      [2, [1, 3]],
      [
        [1, 4, 9],
        [0, 3],
      ],
    ];
    for (const [validationFrequency, expected] of frequencies) {
      const model = await make();
      const begun: number[] = [];
      const files: string[] = [];
      const { epochs, stopped } = await model.fit(data, {
        epochs: 5,
        validationData,
        validationFrequency,
        callbacks: [
          earlyStopping({ minDelta: 10, patience: 9 }),
          modelCheckpoint({
            write: (_bytes, { name }) => void files.push(name),
            name: '{epoch}-{val_loss:.0f}',
          }),
          { onValidationBegin: (epoch) => void begun.push(epoch) },
        ],
      });
      expect(begun).toEqual(expected);
      expect(epochs.filter((values) => 'validationLoss' in values).map(({ epoch }) => epoch)).toEqual(
        expected,
      );
      expect(files.map((name) => name.endsWith('none'))).toEqual(
        epochs.map(({ epoch }) => !expected.includes(epoch)),
      );
      expect(stopped).toBe('finished');
      const early = await model.fit(data, {
        epochs: 9,
        validationData,
        validationFrequency: 2,
        earlyStopping: { minDelta: 10, patience: 2 },
      });
      expect([early.stopped, early.epochs.length]).toEqual(['early', 6]); // after its third validation
      model.destroy();
    }
  });

  it('and an evaluation may be of some steps', async () => {
    const model = await make();
    const { epochs } = await model.fit(data, {
      validationData: data,
      validationSteps: 2,
      validationBatchSize: 6,
    });
    expect(epochs[0].validationLoss).toBe((await model.evaluate(take(data, 0, 12), { batchSize: 6 })).loss);
    expect(await model.evaluate(data, { batchSize: 6, steps: 99 })).toEqual(
      await model.evaluate(data, { batchSize: 6 }),
    );
    expect(await model.predict(data, { batchSize: 6, steps: 2 })).toEqual(
      await model.predict(take(data, 0, 12), { batchSize: 6 }),
    );
    expect(await model.predict(stream, { steps: 2 })).toHaveLength(9 * 3);
    const weights = Float32Array.from({ length: 20 }, (_, i) => i / 10);
    const weighted = dataset({
      x: data.x.data as Float32Array,
      y: data.y.data as Uint8Array,
      inputShape: [2],
      weights,
    });
    expect(await model.evaluate(data, { sampleWeight: weights })).toEqual(await model.evaluate(weighted));
    expect(await model.evaluate(weighted, { sampleWeight: weights.map(() => 1) })).toEqual(
      await model.evaluate(data),
    );
    await expect(model.evaluate(data, { steps: 0 })).rejects.toThrow(/steps is 0; it must be a whole number/);
    await expect(model.evaluate(data, { sampleWeight: [1] })).rejects.toThrow(ShapeError);
    await expect(model.evaluate(data, { sampleWeight: weights.map(() => NaN) })).rejects.toThrow(
      ArgumentError,
    );
    await expect(model.evaluate(stream, { sampleWeight: weights })).rejects.toThrow(
      /sampleWeight is for data sets/,
    );
    model.destroy();
  });
});

it('initialEpoch is the number of the first epoch, and epochs that of the end', async () => {
  const model = await make();
  const seen: number[] = [];
  const scheduler = learningRateScheduler((epoch, rate) => {
    seen.push(epoch);
    return rate;
  });
  const first = await model.fit(data, { batchSize: 8, initialEpoch: 2, epochs: 4, callbacks: [scheduler] });
  expect(first.epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
    [2, 3],
    [3, 6],
  ]);
  await model.fit(data, { batchSize: 8, initialEpoch: 0, callbacks: [scheduler] });
  await model.fit(data, { batchSize: 8, callbacks: [scheduler] });
  expect(seen).toEqual([2, 3, 0, 0]);
  expect([model.epoch, model.step]).toEqual([2, 12]);
  expect((await model.fit(data, { initialEpoch: 1 })).epochs).toEqual([]);
  // In parts, with the number of each, it is the training in one piece.
  const [whole, parts] = [await make(), await make()];
  await whole.fit(data, { batchSize: 8, epochs: 3 });
  for (let initialEpoch = 0; initialEpoch < 3; initialEpoch++) {
    await parts.fit(data, { batchSize: 8, initialEpoch, epochs: initialEpoch + 1 });
  }
  expect(await weightsOf(parts)).toEqual(await weightsOf(whole));
  for (const own of [model, whole, parts]) own.destroy();
});

it('what cannot be is refused, with the fix', async () => {
  const model = await make();
  const wrong: [FitOptions, RegExp][] = [
    [{ stepsPerEpoch: 0 }, /stepsPerEpoch is 0; it must be a whole number of at least 1/],
    [{ stepsPerEpoch: 2, epochs: 1.5 }, /epochs is 1.5, but with stepsPerEpoch it must be a whole number/],
    [{ initialEpoch: 3, epochs: 2 }, /initialEpoch is 3; it must be a whole number from 0 to 2/],
    [{ initialEpoch: 0.5 }, /initialEpoch is 0.5/],
    [{ initialEpoch: 0, resume: true }, /initialEpoch and resume are both given/],
    [{ validationFrequency: 2 }, /validationFrequency is for a validation, but there is none/],
    [{ validationSteps: 2 }, /validationSteps is for a validation, but there is none/],
    [{ validationData, validationFrequency: 0 }, /validationFrequency is 0; it must be a whole number/],
    [{ validationData, validationFrequency: [1, 0] }, /validationFrequency is \[1, 0\]/],
    [{ validationData, validationSteps: 1.5 }, /validationSteps is 1.5/],
    [{ validationData, validationSplit: 0.5 }, /validationData and validationSplit are both given/],
    [{ validationSplit: 1 }, /validationSplit is 1; it must be a number above 0 and below 1/],
    [{ validationSplit: 0.96 }, /leaves one side empty/],
    [{ validation_freq: 1 } as never, /did you mean "validationFrequency"\?/],
    [{ steps_per_epoch: 1 } as never, /did you mean "stepsPerEpoch"\?/],
  ];
  for (const [options, text] of wrong) {
    const run = (async () => model.fit(data, options))();
    await expect(run).rejects.toThrow(text);
    await expect(run).rejects.toThrow(ArgumentError);
  }
  expect(() => model.fit(stream, { validationSplit: 0.5 })).toThrow(/validationSplit is for data sets/);
  expect(model.step).toBe(0);
  model.destroy();
});

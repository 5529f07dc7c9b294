import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError, NumericError } from '../../../src/errors.ts';
import {
  csvLogger,
  earlyStopping,
  learningRateScheduler,
  modelCheckpoint,
  ops,
  reduceOnPlateau,
  sgd,
  terminateOnNaN,
  train,
  Variable,
} from '../../../src/index.ts';
import type { Callback, CheckpointStore, FitOptions, Model, Step } from '../../../src/index.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { arc, compiledTinyGan } from '../ganFixtures.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from '../modelFixtures.ts';

const data = clusters(20, 1); // three steps of 8, 8 and 4 samples
const validationData = clusters(9, 2);
const STEPS = 3;
const base = { batchSize: 8, validationData } satisfies FitOptions;

/** Writes down what it is told, all hooks sync or all async. */
function diary(isAsync = false) {
  const told: string[] = [];
  const note = (text: string) => {
    if (!isAsync) return void told.push(text);
    return new Promise<void>((resolve) =>
      setTimeout(() => {
        told.push(text);
        resolve();
      }, 1),
    ) as unknown as void;
  };
  const callback: Callback = {
    onTrainBegin: () => note('train begins'),
    onTrainEnd: ({ stopped }) => note(`train ends: ${stopped}`),
    onEpochBegin: (epoch) => note(`epoch ${epoch} begins`),
    onEpochEnd: (epoch, values) => note(`epoch ${epoch} ends at ${values.step}: ${Object.keys(values)}`),
    onTrainBatchBegin: (step) => note(`step ${step} begins`),
    onTrainBatchEnd: (step, values) => note(`step ${step} ends: ${Object.keys(values)}`),
    onValidationBegin: (epoch) => note(`validation ${epoch} begins`),
    onValidationEnd: (epoch, values) => note(`validation ${epoch} ends: ${Object.keys(values)}`),
  };
  return { told, callback };
}

const STEP = 'epoch,step,loss,accuracy';
const VALIDATION = 'validationLoss,validationAccuracy';
const ofEpoch = (epoch: number) => [
  `epoch ${epoch} begins`,
  ...Array.from({ length: STEPS }, (_, i) => `step ${epoch * STEPS + i} begins`),
  ...Array.from({ length: STEPS }, (_, i) => `step ${epoch * STEPS + i} ends: ${STEP}`),
  `validation ${epoch} begins`,
  `validation ${epoch} ends: ${VALIDATION}`,
  `epoch ${epoch} ends at ${(epoch + 1) * STEPS}: ${STEP},${VALIDATION}`,
];
/** In the order of an epoch: when the values of steps come is a matter of time. */
const ordered = (told: readonly string[]) => {
  const place = (text: string) =>
    /^step \d+ ends/.test(text) ? 1 : text.startsWith('validation') || / ends at /.test(text) ? 2 : 0;
  const result: string[] = [];
  let own: string[] = [];
  for (const text of told) {
    own.push(text);
    if (!/^epoch .* ends at|^train/.test(text)) continue;
    result.push(
      ...[0, 1, 2].flatMap((kind) => own.filter((text) => !text.startsWith('train') && place(text) === kind)),
      ...own.filter((text) => text.startsWith('train')),
    );
    own = [];
  }
  return [...result, ...own];
};

describe('hooks', () => {
  it.each([false, true])('are told what happens, in its order (async: %s)', async (isAsync) => {
    const model = await compiledTiny();
    const { told, callback } = diary(isAsync);
    const order: string[] = [];
    await model.fit(data, {
      ...base,
      epochs: 2,
      callbacks: [callback, false, { onEpochEnd: (epoch) => void order.push(`second ${epoch}`) }, undefined],
      onEpoch: ({ epoch }) => void order.push(`onEpoch ${epoch}`),
    });
    expect(ordered(told)).toEqual(['train begins', ...ofEpoch(0), ...ofEpoch(1), 'train ends: finished']);
    // Before the values of a step it begins, and all are told before the end of the epoch.
    for (let step = 0; step < 2 * STEPS; step++) {
      expect(told.indexOf(`step ${step} begins`)).toBeLessThan(told.indexOf(`step ${step} ends: ${STEP}`));
    }
    expect(order).toEqual(['second 0', 'onEpoch 0', 'second 1', 'onEpoch 1']);
    model.destroy();
  });

  it('are at work one at a time, slow ones, too', async () => {
    const own = await compiledTiny();
    const working: string[] = [];
    const together: string[] = [];
    const slow = async (name: string) => {
      if (working.length > 0) together.push(`${name} beside ${working.join(', ')}`);
      working.push(name);
      await new Promise((resolve) => setTimeout(resolve, 30));
      working.splice(working.indexOf(name), 1);
    };
    let batches = 0;
    await own.fit(data, {
      epochs: 2,
      batchSize: 8,
      callbacks: [
        {
          onEpochBegin: () => slow('onEpochBegin'),
          onEpochEnd: () => slow('onEpochEnd'),
          onTrainBatchBegin: () => slow('onTrainBatchBegin'),
          onTrainBatchEnd: () => slow(`onTrainBatchEnd ${batches++}`),
        },
      ],
    });
    expect(together).toEqual([]);
    expect(batches).toBe(own.step);
    own.destroy();
  });

  it('may change the rate and end the training; what they throw ends it, too', async () => {
    const model = await compiledTiny({ optimizer: sgd({ learningRate: 0.5 }) });
    const rates: number[] = [];
    const seen: unknown[] = [];
    const { stopped, epochs, steps } = await model.fit(data, {
      ...base,
      epochs: 9,
      callbacks: [
        {
          onEpochBegin: (epoch, run) => void (run.learningRate = 1 / (epoch + 2)),
          onTrainBatchBegin: (step, run) => {
            rates.push(run.learningRate);
            seen.push([run.name, run.step, run.epoch, run.firstEpoch]);
            if (step === 4) run.stop();
          },
        },
      ],
    });
    expect(rates).toEqual([1 / 2, 1 / 2, 1 / 2, 1 / 3, 1 / 3]);
    expect(seen.slice(2, 4)).toEqual([
      ['tiny', 2, 0, 0],
      ['tiny', 3, 1, 0],
    ]);
    // Of the second epoch one step was made; what it came to is told.
    expect([stopped, steps.length, model.step]).toEqual(['early', 4, 4]);
    expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 3],
      [1, 4],
    ]);
    const ends = (callback: Callback) => model.fit(data, { ...base, epochs: 5, callbacks: [callback] });
    const early = await ends({ onEpochEnd: (_epoch, _values, run) => run.stop() });
    expect([early.stopped, early.steps.length, early.epochs.length]).toEqual(['early', 3, 1]);
    const none = await ends({ onTrainBegin: (run) => run.stop() });
    expect([none.stopped, none.steps.length, none.epochs.length]).toEqual(['early', 0, 0]);
    const late = await ends({ onTrainBatchEnd: (_step, _values, run) => run.stop() });
    expect([late.stopped, late.epochs.length]).toEqual(['early', 1]);
    const boom = new Error('made for the test');
    for (const hook of ['onTrainBegin', 'onTrainBatchEnd', 'onValidationEnd', 'onEpochEnd', 'onTrainEnd']) {
      await expect(ends({ [hook]: () => Promise.reject(boom) })).rejects.toBe(boom);
    }
    model.destroy();
  });

  it('may save, and go on from there', async () => {
    const model = await compiledTiny();
    const files: Uint8Array[] = [];
    const save: Callback = { onEpochEnd: async (_epoch, _values, run) => void files.push(await run.save()) };
    await model.fit(data, { ...base, epochs: 3, callbacks: [save] });
    const again = await compiledTiny();
    again.load(files[1]);
    expect([again.step, again.epoch]).toEqual([6, 2]);
    await again.fit(data, { ...base, epochs: 3, resume: true });
    expect(await weightsOf(again)).toEqual(await weightsOf(model));
    again.destroy();
    model.destroy();
  });

  it('of a class are found, and strange ones refused', async () => {
    class Mine implements Callback {
      count = 0;
      onEpochEnd() {
        this.count++;
      }
    }
    const mine = new Mine();
    const model = await compiledTiny();
    await model.fit(data, { ...base, epochs: 2, callbacks: [mine] });
    expect(mine.count).toBe(2);
    const refused: [unknown, RegExp][] = [
      [earlyStopping(), /callbacks is a value of the class CountingCallback; give a list, callbacks: \[/],
      [['log'], /callbacks\[0\] is "log"; give an object with hooks/],
      [[{ onEpochEnds: () => {} }], /callbacks\[0\] has a hook "onEpochEnds".*did you mean "onEpochEnd"\?/],
      [[{ onTestBegin: () => {} }], /did you mean "onValidationBegin"\?/],
      [[{ onBatchEnd: () => {} }], /did you mean "onTrainBatchEnd"\?/],
      [[{ on_epoch_end: () => {} }], /did you mean "onEpochEnd"\?/],
      [[{ onEpochEnd: 3 }], /callbacks\[0\]: onEpochEnd is 3; it must be a function/],
      [[{}], /callbacks\[0\] is .*, which has no hook/],
      [[mine, mine], /callbacks\[1\] is in the list twice/],
      [
        [1, 2].map(() => earlyStopping({ monitor: 'loss', restoreBestWeights: true })),
        /two of the callbacks have restoreBestWeights/,
      ],
    ];
    for (const [callbacks, text] of refused) {
      const run = model.fit(data, { ...base, callbacks: callbacks as never });
      await expect(run).rejects.toThrow(ArgumentError);
      await expect(run).rejects.toThrow(text);
    }
    model.destroy();
  });
});

it('early stopping and plateaus in the list are those of the options', async () => {
  const outcomes = [];
  const stopping = { monitor: 'loss', minDelta: 10, patience: 3 };
  const plateau = { monitor: 'val_loss', minDelta: 10, patience: 1, factor: 0.5 };
  for (const options of [
    { earlyStopping: stopping, reduceOnPlateau: plateau },
    { callbacks: [earlyStopping(stopping), reduceOnPlateau(plateau)] },
  ] as FitOptions[]) {
    const model = await compiledTiny();
    const history = await model.fit(data, { ...base, epochs: 9, ...options });
    outcomes.push({ history, rate: model.learningRate, weights: await weightsOf(model) });
    model.destroy();
  }
  expect(outcomes[0].history).toMatchObject({ stopped: 'early', epochs: { length: 4 } });
  expect(outcomes[0].rate).toBe(0.02 / 8);
  expect(outcomes[1]).toEqual(outcomes[0]);
});

it('a scheduler counts epochs as Keras does: anew in each training, on in one that resumes', async () => {
  const model = await compiledTiny({ optimizer: sgd({ learningRate: 1 }) });
  const calls: unknown[] = [];
  const scheduler = learningRateScheduler((epoch, rate) => {
    calls.push([epoch, rate]);
    return epoch === 0 ? 0.5 : rate / 2;
  });
  await model.fit(data, { ...base, epochs: 3, callbacks: [scheduler] });
  expect(model.learningRate).toBe(0.125);
  await model.fit(data, { ...base, epochs: 1, callbacks: [scheduler] });
  await model.fit(data, { ...base, epochs: 6, resume: true, callbacks: [scheduler] });
  expect(calls).toEqual([
    [0, 1],
    [1, 0.5],
    [2, 0.25],
    [0, 0.125],
    [4, 0.5],
    [5, 0.25],
  ]);
  expect(() => learningRateScheduler(0.1 as never)).toThrow(/takes a function .*, but was given 0.1/);
  const wrong = model.fit(data, { ...base, callbacks: [learningRateScheduler(() => NaN)] });
  await expect(wrong).rejects.toThrow(/gave NaN for epoch 0; it must give a finite number of at least 0/);
  model.destroy();
});

it('a CSV logger writes lines that are the history', async () => {
  const model = await compiledTiny();
  const lines: string[] = [];
  const write = async (line: string) => void lines.push(line);
  const { epochs } = await model.fit(data, { ...base, epochs: 2, callbacks: [csvLogger({ write })] });
  const names = ['epoch', 'accuracy', 'loss', 'step', 'validationAccuracy', 'validationLoss'];
  const rows = epochs.map((values) => names.map((name) => values[name]).join(','));
  expect(lines.join('')).toBe([names.join(','), ...rows, ''].join('\n'));
  const more = csvLogger({ write, separator: ';', append: true });
  lines.length = 0;
  await model.fit(data, { epochs: 1, callbacks: [more] });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^2;[\d.]+;[\d.]+;7\n$/);
  const wrong: [object, RegExp][] = [
    [{}, /option "write" is missing/],
    [{ write: 'log.csv' }, /write is "log.csv"; it must be a function/],
    [{ write, separator: '' }, /separator is ""/],
    [{ write, append: 1 }, /append is 1/],
  ];
  for (const [options, text] of wrong) expect(() => csvLogger(options as never)).toThrow(text);
  model.destroy();
});

describe('terminateOnNaN', () => {
  it('makes a NaN an end like others', async () => {
    for (const restore of [false, true]) {
      const make = () => compiledTiny({ optimizer: sgd({ learningRate: 0.1 }) });
      const [model, other] = [await make(), await make()];
      for (const own of [model, other]) await own.fit(data, base);
      const best = await weightsOf(other);
      other.learningRate = 0;
      await other.fit(data, { batchSize: 8, steps: 4, onEpoch: () => void (other.learningRate = 3e38) }); // the last step that can be made
      const { told, callback } = diary();
      const { stopped, error, epochs, steps } = await model.fit(data, {
        ...base,
        epochs: 4,
        resume: true,
        callbacks: [
          terminateOnNaN(),
          callback,
          learningRateScheduler((epoch) => (epoch === 2 ? 3e38 : 0)),
          restore && earlyStopping({ monitor: 'loss', restoreBestWeights: true, patience: 9 }),
        ],
      });
      // The second epoch, without a rate, and the first step of the third one are made.
      expect([stopped, epochs.length, model.step, steps.length]).toEqual(['nan', 1, 7, 5]);
      expect(error).toBeInstanceOf(NumericError);
      expect(told.at(-1)).toBe('train ends: nan');
      expect(await weightsOf(model)).toEqual(restore ? best : await weightsOf(other));
      model.destroy();
      other.destroy();
    }
  });

  it('is asked for', async () => {
    const model = await compiledTiny({ optimizer: sgd({ learningRate: 3e38 }) });
    await expect(model.fit(data, base)).rejects.toThrow(NumericError);
    model.destroy();
  });
});

describe('modelCheckpoint', () => {
  it('saves after epochs, after the best ones, or after steps', async () => {
    const model = await compiledTiny();
    const files = new Map<string, Uint8Array>();
    const saved: string[][] = [[], [], []];
    const writer =
      (i: number) =>
      async (bytes: Uint8Array, { name }: { name: string }) => {
        await new Promise((resolve) => setTimeout(resolve, 20)); // slower than the steps
        saved[i].push(name);
        files.set(name, bytes);
      };
    const values: number[] = [];
    const { epochs } = await model.fit(data, {
      ...base,
      epochs: 4,
      callbacks: [
        modelCheckpoint({ write: writer(0), name: '{epoch:02d}-{val_loss:.3f}' }),
        modelCheckpoint({
          write: writer(1),
          name: 'best',
          monitor: 'val_loss',
          saveBestOnly: true,
          mode: 'max',
        }),
        modelCheckpoint({ write: writer(2), saveFreq: 5 }),
      ],
      onEpoch: ({ validationLoss }) => void values.push(validationLoss),
    });
    expect(saved[0]).toEqual(epochs.map(({ validationLoss }, i) => `0${i + 1}-${validationLoss.toFixed(3)}`));
    expect(saved[1]).toHaveLength(
      values.filter((own, i) => values.slice(0, i).every((other) => other < own)).length,
    );
    expect(saved[2]).toEqual(['checkpoint-000000005.safetensors', 'checkpoint-000000010.safetensors']);
    const again = await compiledTiny();
    again.load(files.get(saved[0][1])!);
    expect([again.step, again.epoch]).toEqual([6, 2]);
    await again.fit(data, { ...base, epochs: 4, resume: true });
    expect(await weightsOf(again)).toEqual(await weightsOf(model));
    again.destroy();
    model.destroy();
  });

  it('says what is wrong with it', async () => {
    const write = () => {};
    const wrong: [object, RegExp][] = [
      [{}, /option "write" is missing/],
      [{ write: 3 }, /write is 3/],
      [{ write, name: '' }, /name is ""/],
      [{ write, filepath: 'a' }, /did you mean "name"\?/],
      [{ write, saveFreq: 1.5 }, /saveFreq is 1.5; it must be 'epoch' or a whole number of steps/],
      [{ write, saveFreq: 3, saveBestOnly: true }, /saveBestOnly asks for the value of an epoch/],
      [{ write, saveBestOnly: 'yes' }, /saveBestOnly is "yes"/],
      [{ write, initialValueThreshold: NaN }, /initialValueThreshold is NaN/],
    ];
    for (const [options, text] of wrong) expect(() => modelCheckpoint(options as never)).toThrow(text);
    const model = await compiledTiny();
    const fit = (...callbacks: FitOptions['callbacks'] & {}) => model.fit(data, { batchSize: 8, callbacks });
    await expect(fit(modelCheckpoint({ write, name: '{val_loss}' }))).rejects.toThrow(
      /asks for \{val_loss\}, but there is epoch, step, loss/,
    );
    await expect(fit(modelCheckpoint({ write, saveFreq: 2, name: '{loss}' }))).rejects.toThrow(
      /there is epoch, step/,
    );
    await expect(fit(modelCheckpoint({ write, saveBestOnly: true }))).rejects.toThrow(
      /no value "validationLoss"/,
    );
    const full = new Error('the disk is full');
    await expect(fit(modelCheckpoint({ write: () => Promise.reject(full) }))).rejects.toBe(full);
    const failures: unknown[] = [];
    const onFailure = (error: unknown) => void failures.push(error);
    const told = fit(modelCheckpoint({ write: () => Promise.reject(full), onFailure, saveFreq: 1 }));
    await expect(told).rejects.toBe(full); // the last one is not saved
    expect(failures.length).toBeGreaterThan(1);
    const store = {
      name: 'a store',
      list: async () => [],
      read: async () => new Uint8Array(),
      write: async () => {},
      remove: async () => {},
    } as CheckpointStore;
    const twice = [modelCheckpoint({ write: store }), modelCheckpoint({ write: store })];
    await expect(fit(...twice)).rejects.toThrow(/a store is the store of two that save/);
    model.destroy();
  });
});

describe('a training in parts', () => {
  it('tells each step and epoch as one in one piece, and counts as it does', async () => {
    const EPOCHS = 4;
    const options = (own: Callback, files: string[]): FitOptions => ({
      ...base,
      epochs: EPOCHS,
      resume: true,
      callbacks: [
        own,
        earlyStopping({ monitor: 'loss', minDelta: 10, patience: 3, baseline: 0, restoreBestWeights: true }),
        reduceOnPlateau({ monitor: 'loss', minDelta: 10, patience: 1, cooldown: 1, factor: 0.5 }),
        learningRateScheduler((epoch, rate) => (epoch === 2 ? rate * 1.5 : rate)),
        modelCheckpoint({
          write: (_bytes, { name }) => void files.push(name),
          name: '{epoch}',
          saveBestOnly: true,
          monitor: 'loss',
          mode: 'max',
        }),
      ],
    });
    const whole = await compiledTiny();
    const all = diary();
    const allFiles: string[] = [];
    await whole.fit(data, options(all.callback, allFiles));
    const expected = {
      told: ordered(all.told).filter((text) => !text.startsWith('train')),
      weights: await weightsOf(whole),
      rate: whole.learningRate,
      step: whole.step,
    };
    whole.destroy();
    const part = fc.record({ after: fc.integer({ min: 0, max: 7 }), file: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
        const { told, callback } = diary();
        const files: string[] = [];
        let own: Model = await compiledTiny();
        for (const { after, file } of parts) {
          const stop = new AbortController();
          let steps = 0;
          await own.fit(data, {
            ...options(callback, files),
            signal: stop.signal,
            beforeStep: () => void (steps++ === after && stop.abort()),
          });
          if (!file) continue;
          const bytes = await own.save();
          own.destroy();
          own = await compiledTiny();
          own.load(bytes);
        }
        await own.fit(data, options(callback, files));
        // A step that was aborted before it began has been told to begin: it is again.
        const known = told.filter(
          (text, i) =>
            !text.startsWith('train') && !(/^step \d+ begins$/.test(text) && told.indexOf(text) < i),
        );
        expect(ordered(known)).toEqual(expected.told);
        expect([files, await weightsOf(own), own.learningRate, own.step]).toEqual([
          allFiles,
          expected.weights,
          expected.rate,
          expected.step,
        ]);
        own.destroy();
      }),
      { numRuns: 8, seed: 6, endOnFailure: true },
    );
  }, 120_000);
});

describe('after the loss of the GPU', () => {
  const all: { gpu: Gpu }[] = [];
  afterAll(() => all.forEach(({ gpu }) => gpu.destroy()));
  async function reopenable(): Promise<{ gpu: Gpu; lose: () => void }> {
    const { gpu: first, real } = await ownGpu();
    const gpu = new Gpu(first.device, async () => (await reopenable()).gpu);
    all.push({ gpu });
    return { gpu, lose: () => real.destroy() };
  }

  it('each step and epoch is told once, and all is counted as if nothing had happened', async () => {
    const outcomes = [];
    for (const at of [undefined, 0, 4, 7, 11]) {
      const { gpu, lose } = await reopenable();
      const model = await tinyModel().compile({
        gpu,
        optimizer: sgd({ learningRate: 0.1 }),
        loss: 'softmaxCrossEntropy',
        metrics: ['accuracy'],
      });
      const { told, callback } = diary();
      const files: string[] = [];
      let lost = false;
      const history = await model.fit(data, {
        ...base,
        epochs: 5,
        recover: true,
        callbacks: [
          earlyStopping({ monitor: 'loss', minDelta: 10, patience: 3, restoreBestWeights: true }),
          reduceOnPlateau({ monitor: 'loss', minDelta: 10, patience: 1, factor: 0.5 }),
          learningRateScheduler((epoch, rate) => (epoch === 2 ? 0.3 : rate)),
          modelCheckpoint({
            write: (_bytes, { name }) => void files.push(name),
            saveFreq: 2,
            name: '{epoch}-{step}',
          }),
          callback,
        ],
        beforeStep: (step) => {
          if (step !== at || lost) return;
          lost = true;
          lose();
        },
      });
      expect(lost).toBe(at !== undefined);
      outcomes.push({
        history,
        told: ordered(told),
        files,
        weights: await weightsOf(model),
        rate: model.learningRate,
      });
      model.destroy();
    }
    expect(outcomes[0].history.stopped).toBe('early');
    expect(outcomes[0].told.filter((text) => /^epoch \d begins/.test(text))).toHaveLength(4);
    expect(outcomes[0].files).toEqual(['1-2', '2-4', '2-6', '3-8', '4-10', '4-12']);
    for (const own of outcomes.slice(1)) expect(own).toEqual(outcomes[0]);
  }, 60_000);
});

it('a GAN and a step of one’s own have callbacks, too', async () => {
  const gan = await compiledTinyGan();
  const told: unknown[] = [];
  const { stopped, epochs } = await gan.fit(arc(20), {
    epochs: 6,
    batchSize: 10,
    callbacks: [
      earlyStopping({ monitor: 'generatorLoss', mode: 'min', minDelta: 100, patience: 2 }),
      { onEpochEnd: (epoch, { generatorLoss }) => void told.push([epoch, generatorLoss]) },
    ],
  });
  expect([stopped, told]).toEqual([
    'early',
    epochs.map(({ epoch, generatorLoss }) => [epoch, generatorLoss]),
  ]);
  expect(told).toHaveLength(3);
  await expect(gan.fit(arc(20), { callbacks: [earlyStopping()] })).rejects.toThrow(
    /no value "validationLoss"; it has epoch, step, discriminatorLoss, generatorLoss/,
  );
  gan.destroy();

  const w = new Variable({ name: 'w', shape: [2, 1], initialize: (values) => values.fill(0.5) });
  const step: Step = (_, { x }) => {
    const error = ops.reduceMean(ops.square(ops.matmul(x, ops.read(w))), { axes: [1] });
    return { losses: { error }, minimize: { loss: error, variables: [w], optimizer: sgd() } };
  };
  const lines: string[] = [];
  const run = train(data, step, {
    gpu: await testGpu(),
    epochs: 5,
    batchSize: 10,
    callbacks: [
      csvLogger({ write: (line) => void lines.push(line) }),
      { onEpochEnd: (_epoch, { error }, own) => void (error > 0 && own.stop()) },
    ],
  });
  expect((await run).stopped).toBe('early');
  expect(lines[0]).toMatch(/^epoch,error,step\n0,[\d.e-]+,2\n$/);
  run.destroy();
});

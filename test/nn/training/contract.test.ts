import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { take } from '../../../src/data/dataset.ts';
import { streamed } from '../../../src/data/stream.ts';
import { ArgumentError, InterruptedError } from '../../../src/errors.ts';
import { adam, dense, sequential } from '../../../src/index.ts';
import type { FitOptions } from '../../../src/index.ts';
import { folderCheckpoints } from '../../../src/node/folderCheckpoints.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { outcomeOf } from '../../faults/flows.ts';
import { arc, compiledTinyGan } from '../ganFixtures.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from '../modelFixtures.ts';

const data = clusters(40);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const ema = { optimizer: adam({ learningRate: 0.02, ema: { decay: 0.9 } }) };

/** A GPU that opens others of its kind in its place. */
async function reopenable(): Promise<{ gpu: Gpu; lose: () => void }> {
  const { gpu, real } = await ownGpu();
  const own = new Gpu(gpu.device, async () => (await reopenable()).gpu);
  return { gpu: own, lose: () => real.destroy() };
}

describe('after an exception, resume goes on with all that was counted', () => {
  const boom = new Error('made for the test');
  const ends: Record<string, (at: number) => FitOptions> = {
    beforeStep: (at) => ({
      beforeStep: (step) => {
        if (step === at) throw boom;
      },
    }),
    onSteps: (at) => ({
      onSteps: (values) => {
        if (values.some(({ step }) => step >= at - 1)) throw boom;
      },
    }),
    onEpoch: (at) => ({
      onEpoch: ({ step }) => {
        if (step >= at) throw boom;
      },
    }),
  };
  const options: FitOptions = {
    batchSize: 10,
    epochs: 5,
    validationData: clusters(9, 2),
    earlyStopping: { patience: 3, restoreBestWeights: true, monitor: 'validationAccuracy' },
    reduceOnPlateau: { patience: 1, minDelta: 1, monitor: 'loss' },
  };

  it.each(Object.entries(ends).flatMap(([name, end]) => [6, 8].map((at) => [name, at, end] as const)))(
    'of %s at step %i',
    async (_name, at, end) => {
      const whole = await compiledTiny();
      const { epochs, stopped } = await whole.fit(data, options);
      const broken = await compiledTiny();
      const told: number[] = [];
      const { onEpoch, ...others } = end(at);
      const run = broken.fit(data, {
        ...options,
        ...others,
        onEpoch: (values) => {
          told.push(values.epoch); // also to one who throws
          return onEpoch?.(values);
        },
      });
      await expect(run).rejects.toBe(boom);
      const bytes = await broken.save();
      const loaded = await compiledTiny({ seed: 9 });
      loaded.load(bytes);
      for (const own of [broken, loaded]) {
        const rest = await own.fit(data, { ...options, resume: true });
        expect(rest.epochs).toEqual(epochs.filter(({ epoch }) => !told.includes(epoch)));
        expect(rest.stopped).toBe(stopped);
        expect(await weightsOf(own)).toEqual(await weightsOf(whole));
        expect(own.learningRate).toBe(whole.learningRate);
        own.destroy();
      }
      whole.destroy();
    },
  );

  it('of a stream, and of a validation', async () => {
    const fit = async (fails: 'nothing' | 'data' | 'validation') => {
      const own = await compiledTiny();
      let left = 1;
      const batches = (what: string) =>
        streamed(
          function* (epoch) {
            yield take(data, 0, 8);
            if (
              what === fails &&
              epoch === (what === 'data' ? 3 : 0) &&
              left-- === (what === 'data' ? 1 : -1)
            )
              throw boom;
            yield take(data, 8, 16);
          },
          { inputShape: [2] },
        );
      const how: FitOptions = { epochs: 8, earlyStopping: { monitor: 'loss', patience: 3, minDelta: 10 } };
      const settings = { ...how, validationData: batches('validation') };
      const first = own.fit(batches('data'), settings);
      const told = await first.then(
        ({ epochs }) => epochs,
        () => undefined,
      );
      const rest = told ? [] : (await own.fit(batches('data'), { ...settings, resume: true })).epochs;
      const step = own.step;
      own.destroy();
      return { step, last: [...(told ?? []), ...rest].at(-1) };
    };
    const whole = await fit('nothing');
    expect(await fit('data')).toEqual(whole);
  });

  it('a fit that trains nothing, and one that is aborted before, take nothing away', async () => {
    const own = await compiledTiny();
    await own.fit(data, { batchSize: 10, steps: 2 });
    await own.fit(data, { batchSize: 10, signal: AbortSignal.abort() });
    await own.fit(data, { batchSize: 10, steps: 0 });
    await expect(own.fit(data, { onReady: () => Promise.reject(boom) })).rejects.toBe(boom);
    const { epochs } = await own.fit(data, { batchSize: 10, epochs: 1, resume: true });
    const whole = await compiledTiny();
    expect(epochs).toEqual((await whole.fit(data, { batchSize: 10 })).epochs);
    expect(await weightsOf(own)).toEqual(await weightsOf(whole));
    own.destroy();
    whole.destroy();
  });

  it('saved in onReady of a run that goes on, a file has what the file before had', async () => {
    const own = await compiledTiny();
    await own.fit(data, { batchSize: 10, steps: 6, earlyStopping: { monitor: 'loss', patience: 9 } });
    const before = await own.save();
    let saved: Uint8Array | undefined;
    const how = { earlyStopping: { monitor: 'loss', patience: 9 }, resume: true, batchSize: 10, epochs: 2 };
    await own.fit(data, { ...how, onReady: async () => void (saved = await own.save()) });
    expect(saved).toEqual(before);
    own.destroy();
  });
});

describe('a run that went on after a loss', () => {
  it.each(['steps before it', 'early stopping before it'])(
    'counts from its own beginning: %s',
    async (what) => {
      const outcomes: unknown[] = [];
      for (const at of [undefined, 0, 1, 2]) {
        const { gpu, lose } = await reopenable();
        const own = await tinyModel().compile({ gpu, ...ema, loss: 'softmaxCrossEntropy' });
        const early = { monitor: 'loss', patience: 1, minDelta: 10 };
        if (what === 'steps before it') await own.fit(data, { batchSize: 10, steps: 2 });
        else await own.fit(data, { batchSize: 10, epochs: 5, earlyStopping: early });
        let steps = 0;
        const { epochs, stopped } = await own.fit(data, {
          batchSize: 10,
          epochs: 2,
          recover: true,
          ...(what === 'steps before it' ? {} : { earlyStopping: { ...early, patience: 2 } }),
          beforeStep: () => {
            if (steps++ === at) lose();
          },
        });
        outcomes.push({ step: own.step, epochs, stopped, weights: await weightsOf(own) });
        own.destroy();
      }
      for (const own of outcomes.slice(1)) expect(own).toEqual(outcomes[0]);
    },
  );

  it('has the learning rates that its callbacks have set', async () => {
    const outcomes: unknown[] = [];
    for (const at of [undefined, 5, 7, 8]) {
      const { gpu, lose } = await reopenable();
      const own = await tinyModel().compile({ gpu, ...ema, loss: 'softmaxCrossEntropy' });
      let lost = false;
      await own.fit(data, {
        batchSize: 10,
        epochs: 3,
        recover: true,
        checkpoint: { every: 3, write: () => {} },
        onEpoch: () => void (own.learningRate *= 0.5),
        beforeStep: (step) => {
          if (step !== at || lost) return;
          lost = true;
          lose();
        },
      });
      outcomes.push({ rate: own.learningRate, weights: await weightsOf(own) });
      own.destroy();
    }
    for (const own of outcomes.slice(1)) expect(own).toEqual(outcomes[0]);
  });

  it('has layers that were renamed meanwhile', async () => {
    const { gpu, lose } = await reopenable();
    const own = await tinyModel().compile({ gpu, loss: 'softmaxCrossEntropy', optimizer: 'adam' });
    await own.fit(data, {
      batchSize: 10,
      epochs: 2,
      recover: true,
      beforeStep: (step) => {
        if (step !== 5 || own.layers[0].name === 'renamed') return;
        own.layers[0].name = 'renamed';
        lose();
      },
    });
    expect(own.step).toBe(8);
    own.destroy();
  });

  it('ends with an abort while a GPU is opened, and refuses what is no GPU', async () => {
    for (const [recover, error] of [
      [
        () => new Promise<Gpu>(() => {}),
        /No other GPU could be opened in its place: the training was aborted/,
      ],
      [async () => ({}) as Gpu, /recover gave an object with nothing in it; it must give what init gives/],
    ] as const) {
      const { gpu, lose } = await reopenable();
      const own = await tinyModel().compile({ gpu, loss: 'softmaxCrossEntropy', optimizer: 'adam' });
      const end = new AbortController();
      setTimeout(() => end.abort(), 200);
      const run = own.fit(data, { recover, signal: end.signal, beforeStep: () => lose() });
      await expect(run).rejects.toThrow(error);
      own.destroy();
    }
  });
});

describe('averaged weights', () => {
  const compiled = async () => {
    const own = await compiledTiny(ema);
    await own.fit(data, { epochs: 3, batchSize: 10 });
    return own;
  };

  it('come between evaluations, never into one', async () => {
    const own = await compiled();
    const plain = await own.evaluate(data, { batchSize: 3 });
    const averaged = await own.useAveragedWeights(() => own.evaluate(data, { batchSize: 3 }));
    expect(averaged.loss).not.toBe(plain.loss);
    const [first, inside] = await Promise.all([
      own.evaluate(data, { batchSize: 3 }),
      own.useAveragedWeights(() => own.evaluate(data, { batchSize: 3 })),
    ]);
    expect([first, inside]).toEqual([plain, averaged]);
    // One that is begun meanwhile by somebody else is of the averages, all of it.
    let during: Promise<unknown> | undefined;
    await own.useAveragedWeights(() => void (during = own.evaluate(data, { batchSize: 3 })));
    expect(await during).toEqual(averaged);
    expect(await own.evaluate(data, { batchSize: 3 })).toEqual(plain);
    own.destroy();
  });

  it('are not what an epoch is validated with', async () => {
    const outcomes = [];
    for (const uses of [false, true]) {
      const own = await compiledTiny(ema);
      const work: Promise<unknown>[] = [];
      const { epochs } = await own.fit(data, {
        batchSize: 10,
        epochs: 3,
        validationData: clusters(9, 2),
        onSteps: () =>
          void (
            uses &&
            work.push(
              outcomeOf(
                'use',
                own.useAveragedWeights(() => pause(5)),
              ),
            )
          ),
      });
      await Promise.all(work);
      outcomes.push(epochs);
      own.destroy();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it('of a layer that two models share are lent to one of them at a time, and waited for by the other', async () => {
    const gpu = await testGpu();
    const shared = dense({ units: 2, name: 'shared' });
    const models = ['a', 'b'].map((name) =>
      sequential([shared, dense({ units: 3 })], { inputShape: [2], name }),
    );
    for (const own of models) await own.compile({ gpu, ...ema, loss: 'softmaxCrossEntropy' });
    const [a, b] = models;
    await a.fit(data, { batchSize: 10 });
    const before = await weightsOf(a);
    let refused: unknown;
    let trained: PromiseLike<unknown> | undefined;
    await a.useAveragedWeights(async () => {
      refused = await outcomeOf(
        'b',
        b.useAveragedWeights(() => {}),
      );
      trained = b.fit(data, { batchSize: 10, epochs: 1 });
      await pause(30);
      expect(b.step).toBe(0);
    });
    expect(refused).toBeInstanceOf(ArgumentError);
    expect((refused as Error).message).toMatch(/in use already, here or in a model that shares layers/);
    expect(await weightsOf(a)).not.toEqual(undefined);
    await trained;
    expect(b.step).toBe(4);
    expect(await weightsOf(a)).not.toEqual(before);
    for (const own of models) own.destroy();
  });
});

describe('load', () => {
  it('is refused while the model is saved or compiled', async () => {
    const [own, other] = [await compiledTiny(), await compiledTiny({ seed: 7 })];
    await own.fit(data, { batchSize: 10, epochs: 2 });
    const bytes = await other.save();
    const whole = await own.save();
    const saving = own.save();
    await null; // oxlint-disable-line unicorn/no-unnecessary-await -- a turn
    expect(() => own.load(bytes)).toThrow(/load was called while it is being saved; await that first/);
    expect(await saving).toEqual(whole);
    const compiling = own.compile({ gpu: own.compiled.gpu, loss: 'softmaxCrossEntropy', optimizer: 'adam' });
    expect(() => own.load(bytes)).toThrow(/load was called while it is being compiled; await compile first/);
    await compiling;
    own.load(bytes);
    expect(await weightsOf(own)).toEqual(await weightsOf(other));
    own.destroy();
    other.destroy();
  });

  it('with another metric, loss or monitor does not mix what was counted', async () => {
    const counted = await compiledTiny();
    const how = { batchSize: 10, epochs: 4 };
    await counted.fit(data, { ...how, epochs: 2, earlyStopping: { monitor: 'accuracy', patience: 9 } });
    // Of the accuracy it has counted epochs without improvement; of the loss none.
    const { stopped } = await counted.fit(data, {
      ...how,
      resume: true,
      earlyStopping: { monitor: 'loss', patience: 2 },
    });
    expect(stopped).toBe('finished');
    counted.destroy();
  });
});

it('a training that stopped early has stopped: what goes on from its file trains no further', async () => {
  const own = await compiledTiny();
  const how: FitOptions = {
    batchSize: 10,
    epochs: 9,
    earlyStopping: { monitor: 'loss', patience: 2, minDelta: 10 },
  };
  const { stopped } = await own.fit(data, how);
  expect([stopped, own.epoch]).toEqual(['early', 3]);
  const again = await compiledTiny();
  again.load(await own.save());
  expect(await again.fit(data, { ...how, resume: true })).toEqual({
    epochs: [],
    steps: [],
    stopped: 'early',
  });
  expect(again.epoch).toBe(3);
  // With more patience it goes on.
  const { epochs } = await again.fit(data, {
    ...how,
    resume: true,
    earlyStopping: { ...how.earlyStopping, patience: 4 },
  });
  expect(epochs.map(({ epoch }) => epoch)).toEqual([3, 4]);
  own.destroy();
  again.destroy();
});

it('parts of epochs are rounded as they are meant', async () => {
  const own = await compiledTiny();
  for (const [epochs, size, batchSize, steps] of [
    [1.3, 100, 10, 13],
    [1.1, 10, 1, 11],
    [0.7, 10, 1, 7],
    [2.25, 16, 4, 9],
  ]) {
    const { steps: made } = await own.fit(clusters(size), { epochs, batchSize });
    expect(made).toHaveLength(steps);
  }
  own.destroy();
});

it('a GAN may be saved in onReady of its second part', async () => {
  const gan = await compiledTinyGan();
  const saved: number[] = [];
  const run = gan.fit(arc(20), {
    steps: 4,
    train: (step) => (step % 2 ? 'generator' : 'discriminator'),
    onReady: async () => void saved.push((await gan.save()).length),
  });
  expect(await outcomeOf('fit', run)).toMatchObject({ stopped: 'finished' });
  expect(saved).toHaveLength(2);
  gan.destroy();
});

describe('folders', () => {
  it('are unlocked after a second fit of the same store was refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wgrad-contract-'));
    const write = folderCheckpoints(folder);
    const [one, two] = [await compiledTiny(), await compiledTiny()];
    const outcomes = await Promise.all([
      outcomeOf('one', one.fit(data, { checkpoint: { write } })),
      outcomeOf('two', two.fit(data, { checkpoint: { write } })),
    ]);
    expect(outcomes.filter((own) => own instanceof Error)).toHaveLength(1);
    const first = one.step > 0 ? one : two;
    await first.fit(data, {
      checkpoint: { write: folderCheckpoints(folder), every: 1 },
      resume: true,
      epochs: 2,
    });
    // Another model, which is as far on, does not remove what is there.
    const other = await compiledTiny({ name: 'another' });
    await other.fit(data, { epochs: 5 });
    await expect(other.fit(data, { checkpoint: { write } })).rejects.toThrow(
      /holds checkpoints of another training, of the model 'tiny'/,
    );
    for (const own of [one, two, other]) own.destroy();
    await rm(folder, { recursive: true });
  });

  it('an onFailure that throws ends the training at its end, and is nobody’s unhandled rejection', async () => {
    const own = await compiledTiny();
    const told = new Error('of onFailure');
    const write = () => Promise.reject(new Error('full'));
    const onFailure = () => {
      throw told;
    };
    await expect(own.fit(data, { checkpoint: { write, onFailure } })).rejects.toBe(told);
    own.destroy();
  });
});

it('weights in several buffers are read as they are at one moment', async () => {
  const { counted, gpu } = await ownGpu();
  const shared = dense({ units: 2 });
  const first = sequential([shared], { inputShape: [2], name: 'first' });
  await first.compile({ gpu });
  const second = sequential([shared, dense({ units: 2 })], { inputShape: [2], name: 'second' });
  await second.compile({ gpu });
  counted.reset();
  expect((await gpu.variables.readAll(second.variables)).size).toBe(4);
  expect(counted.calls.submit).toBe(1);
  expect(counted.calls.mapAsync).toBe(2);
  first.destroy();
  second.destroy();
  gpu.destroy();
});

it('destroy while a GPU is opened in the place of a lost one ends the training', async () => {
  const { gpu, lose } = await reopenable();
  const own = await tinyModel().compile({ gpu, loss: 'softmaxCrossEntropy', optimizer: 'adam' });
  const run = own.fit(data, {
    recover: () => {
      setTimeout(() => own.destroy(), 20);
      return new Promise<Gpu>(() => {});
    },
    beforeStep: () => lose(),
  });
  expect(await outcomeOf('fit', run)).toBeInstanceOf(InterruptedError);
});

it('a layer that another model trains now gets no values from a file, nor its initial ones', async () => {
  const gpu = await testGpu();
  const shared = dense({ units: 2, name: 'shared' });
  const models = ['a', 'b'].map((name) =>
    sequential([shared, dense({ units: 3 })], { inputShape: [2], name }),
  );
  const options = { gpu, optimizer: 'adam', loss: 'softmaxCrossEntropy' } as const;
  for (const own of models) await own.compile(options);
  const [a, b] = models;
  const bytes = await a.save();
  let refused: unknown[] = [];
  await b.fit(data, {
    onEpoch: async () => {
      const load = await outcomeOf('load', (async () => a.load(bytes))());
      refused = [load, await outcomeOf('compile', a.compile({ ...options, weights: 'initial' }))];
    },
  });
  for (const error of refused) {
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(
      /a: .* was called while b, which shares the variable .*, is being trained/,
    );
  }
  a.load(bytes);
  await a.compile({ ...options, weights: 'initial' });
  for (const own of models) own.destroy();
});

it('the values of steps are told while a training is paused', async () => {
  const own = await compiledTiny();
  const told: number[] = [];
  let goOn = () => {};
  const run = own.fit(data, {
    batchSize: 10,
    epochs: 1,
    onSteps: (values) => told.push(...values.map(({ step }) => step)),
    beforeStep: (step) => (step === 3 ? new Promise<void>((resolve) => (goOn = resolve)) : undefined),
  });
  await expect.poll(() => told).toEqual([0, 1, 2]);
  goOn();
  await run;
  expect(told).toEqual([0, 1, 2, 3]);
  own.destroy();
});

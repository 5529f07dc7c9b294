import { describe, expect, it } from 'vitest';
import { dataset } from '../../../src/data/dataset.ts';
import { streamed } from '../../../src/data/stream.ts';
import { ArgumentError, InterruptedError } from '../../../src/errors.ts';
import { decodeSafetensors, sgd, train } from '../../../src/index.ts';
import type { CheckpointStore, FitOptions, Model, Step } from '../../../src/index.ts';
import { Variable } from '../../../src/ops/core/leaves.ts';
import * as ops from '../../../src/ops/index.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { outcomeOf } from '../../faults/flows.ts';
import { arc, compiledTinyGan } from '../ganFixtures.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from '../modelFixtures.ts';

const data = clusters(40);
const never = new Promise<never>(() => {});

/** A GPU that opens others of its kind in its place, which `opened` gets. */
async function reopenable(opened: Gpu[] = [], delay = 0): Promise<{ gpu: Gpu; lose: () => void }> {
  const { gpu, real } = await ownGpu();
  const own = new Gpu(gpu.device, async () => {
    await new Promise((resolve) => setTimeout(resolve, delay));
    const other = (await reopenable(opened, delay)).gpu;
    opened.push(other);
    return other;
  });
  return { gpu: own, lose: () => real.destroy() };
}

const compile = (gpu: Gpu): Promise<Model> =>
  tinyModel().compile({ gpu, optimizer: sgd({ learningRate: 0.1 }), loss: 'softmaxCrossEntropy' });

describe('learning rates that callbacks set', () => {
  /** Each sets a rate once, at a moment that the loss of the GPU comes after. */
  const ways: Record<string, (model: () => Model, step: number) => FitOptions> = {
    onSteps: (model, at) => {
      let done = false;
      return {
        onSteps: (values) => {
          if (done || !values.some(({ step }) => step === at)) return;
          done = true;
          model().learningRate = 0.01;
        },
      };
    },
    onEpoch: (model) => ({ onEpoch: () => void (model().learningRate *= 0.5) }),
    reduceOnPlateau: () => ({ reduceOnPlateau: { monitor: 'loss', patience: 1, minDelta: 10, factor: 0.5 } }),
  };

  it.each(Object.keys(ways))(
    'by %s are those of the steps after it, whenever the GPU is lost',
    async (way) => {
      const outcomes: unknown[] = [];
      for (const at of [undefined, 2, 4, 5, 9]) {
        const { gpu, lose } = await reopenable();
        const own = await compile(gpu);
        let lost = false;
        const { onSteps, ...options } = ways[way](() => own, 1);
        const rates: number[] = [];
        await own.fit(data, {
          ...options,
          batchSize: 10,
          epochs: 3,
          recover: true,
          onSteps,
          beforeStep: async (step) => {
            // The values of the step before are told before the next one.
            if (way === 'onSteps') await expect.poll(() => step < 2 || own.learningRate).not.toBe(0.1);
            if (step === at && !lost) {
              lost = true;
              lose();
            }
            rates[step] = own.learningRate;
          },
        });
        outcomes.push({ rates: rates.slice(3), weights: await weightsOf(own) });
        own.destroy();
      }
      for (const own of outcomes.slice(1)) expect(own).toEqual(outcomes[0]);
    },
  );

  it('by onRecover count from the first new step on', async () => {
    const { gpu, lose } = await reopenable();
    const own = await compile(gpu);
    const rates: number[] = [];
    let lost = false;
    await own.fit(data, {
      batchSize: 10,
      epochs: 2,
      recover: true,
      onRecover: () => void (own.learningRate = 0.01),
      beforeStep: (step) => {
        rates[step] = own.learningRate;
        if (step !== 6 || lost) return;
        lost = true;
        lose();
      },
    });
    expect(rates).toEqual([0.1, 0.1, 0.1, 0.1, 0.01, 0.1, 0.01, 0.01]);
    own.destroy();
  });
});

describe('recover', () => {
  it('refuses arrays that were refilled meanwhile, and a validation that can be run only once', async () => {
    const { gpu, lose } = await reopenable();
    const own = await compile(gpu);
    const { x, y } = clusters(40);
    const mine = dataset({
      name: 'mine',
      x: x.data as Float32Array,
      y: y.data as Uint8Array,
      inputShape: [2],
    });
    const refilled = own.fit(mine, {
      recover: true,
      beforeStep: () => {
        x.data.fill(0.5);
        lose();
      },
    });
    await expect(refilled).rejects.toThrow(/the arrays of data set 'mine' were changed during the training/);
    own.destroy();

    const again = await reopenable();
    const model = await compile(again.gpu);
    const { x: gone, y: labels } = clusters(40);
    const lent = dataset({ x: gone.data as Float32Array, y: labels.data as Uint8Array, inputShape: [2] });
    const transferred = model.fit(lent, {
      recover: true,
      beforeStep: () => {
        structuredClone(0, { transfer: [gone.data.buffer as ArrayBuffer] });
        again.lose();
      },
    });
    await expect(transferred).rejects.toThrow(ArgumentError);
    model.destroy();
    const other = await compiledTiny();
    const once = streamed([{ x: new Float32Array(4), y: new Uint8Array(2) }][Symbol.iterator](), {
      inputShape: [2],
    });
    await expect(other.fit(data, { recover: true, validationData: once })).rejects.toThrow(
      /recover needs data that can be read again/,
    );
    other.destroy();
  });

  it('a callback or a store that never answers holds up no destroy', async () => {
    const silent: CheckpointStore = {
      name: 'silence',
      open: () => never,
      list: () => never,
      read: () => never,
      write: () => never,
      remove: () => never,
    };
    for (const options of [{ onRecover: () => never }, { checkpoint: { write: silent } }] as FitOptions[]) {
      const { gpu, lose } = await reopenable();
      const own = await compile(gpu);
      const run = own.fit(data, {
        recover: true,
        ...options,
        beforeStep: (step) => void (step === 0 && lose()),
      });
      setTimeout(() => own.destroy(), 300);
      expect(await outcomeOf('fit', run)).toBeInstanceOf(InterruptedError);
    }
  });

  it('frees a GPU that opens after an abort', async () => {
    const opened: Gpu[] = [];
    const { gpu, lose } = await reopenable(opened, 300);
    const own = await compile(gpu);
    const end = new AbortController();
    setTimeout(() => end.abort(), 100);
    await expect(
      own.fit(data, { recover: true, signal: end.signal, beforeStep: () => lose() }),
    ).rejects.toThrow(/aborted/);
    await expect.poll(() => opened.map((late) => late.device.isDestroyed)).toEqual([true]);
    own.destroy();
  });

  it('a step of one’s own can be saved in onRecover: as it goes on in a moment', async () => {
    const { gpu, lose } = await reopenable();
    const w = new Variable({ name: 'w', shape: [2, 1], initialize: (values) => values.fill(0.5) });
    const step: Step = (_, { x }) => {
      const loss = ops.reduceMean(ops.square(ops.matmul(x, ops.read(w))), { axes: [1] });
      return { losses: { loss }, minimize: { loss, variables: [w], optimizer: sgd() } };
    };
    let bytes: Uint8Array | undefined;
    let lost = false;
    const run = train(data, step, {
      gpu,
      recover: true,
      batchSize: 10,
      epochs: 2,
      onRecover: async () => void (bytes = await run.save()),
      beforeStep: (at) => {
        if (at !== 5 || lost) return;
        lost = true;
        lose();
      },
    });
    await run;
    const { tensors, metadata } = decodeSafetensors(bytes!, 'saved');
    expect([[...tensors.keys()].includes('w'), metadata.step]).toEqual([true, '4']);
    run.destroy();
  });
});

describe('what callbacks and stores do wrong', () => {
  const boom = new Error('made for the test');
  const none = () => Promise.resolve([] as string[]);
  const store = (own: Partial<CheckpointStore>): CheckpointStore => ({
    name: 'a store of mine',
    list: none,
    read: () => Promise.reject(boom),
    write: async () => {},
    remove: async () => {},
    ...own,
  });

  it('is the error of the training, once', async () => {
    const own = await compiledTiny();
    const fails: FitOptions[] = [
      {
        onSteps: (() => Promise.reject(boom)) as never,
        beforeStep: () => new Promise((resolve) => setTimeout(resolve, 5)),
      },
      {
        checkpoint: { write: () => Promise.reject(new Error('full')), onFailure: () => Promise.reject(boom) },
      },
      {
        beforeStep: () => Promise.reject(boom),
        checkpoint: { write: store({ close: () => Promise.reject(new Error('close')) }) },
      },
      { checkpoint: { write: store({ close: () => Promise.reject(boom) }) } },
    ];
    for (const options of fails)
      await expect(own.fit(data, { batchSize: 10, ...options })).rejects.toBe(boom);
    const told: unknown[] = [];
    const checkpoint = {
      write: store({ close: () => Promise.reject(boom) }),
      onFailure: (error: unknown) => void told.push(error),
    };
    await own.fit(data, { batchSize: 10, checkpoint });
    expect(told).toEqual([boom]);
    const list = async () => new Set() as never;
    await expect(own.fit(data, { checkpoint: { write: store({ list }) } })).rejects.toThrow(
      /a store of mine: list\(\) gave .*; it must give an array of names/,
    );
    own.destroy();
  });

  it('old files that cannot be removed are told, or are the error at the end', async () => {
    const own = await compiledTiny();
    const names = ['checkpoint-000000001.safetensors', 'checkpoint-000000002.safetensors'];
    await own.fit(data, { batchSize: 10 });
    const told: unknown[] = [];
    let written = false;
    const late = store({
      list: async () => (written ? names : []),
      write: async () => void (written = true),
      remove: () => Promise.reject(boom),
    });
    await own.fit(data, {
      batchSize: 10,
      checkpoint: { write: late, keep: 1, onFailure: (error) => void told.push(error) },
    });
    expect(told).toContain(boom);
    written = false;
    await expect(own.fit(data, { batchSize: 10, checkpoint: { write: late, keep: 1 } })).rejects.toBe(boom);
    own.destroy();
  });
});

it('maps are no records of weights, losses or metrics; a callback that is false is none', async () => {
  const own = await compiledTiny();
  const map = new Map([[1, 50]]) as never;
  await expect(own.fit(data, { classWeight: map })).rejects.toThrow(
    /classWeight is .*; give weights by class/,
  );
  await expect(own.fit(data, { classWeight: { '': 50 } as never })).rejects.toThrow(ArgumentError);
  const { gpu } = own.compiled;
  await expect(own.compile({ gpu, loss: 'softmaxCrossEntropy', metrics: map })).rejects.toThrow(
    /metrics is .*; give a list/,
  );
  await expect(own.compile({ gpu, loss: 'softmaxCrossEntropy', lossWeights: map })).rejects.toThrow(
    /lossWeights is /,
  );
  const off = { earlyStopping: false, reduceOnPlateau: false } as never as FitOptions;
  expect((await own.fit(data, off)).stopped).toBe('finished');
  own.destroy();
});

it('a GAN asks once for each step which network to train', async () => {
  const gan = await compiledTinyGan();
  const asked: number[] = [];
  const pick = (step: number) => {
    asked.push(step);
    return 'both' as const;
  };
  await gan.fit(arc(20), { steps: 3, batchSize: 10, train: pick });
  expect(asked).toEqual([0, 1, 2]);
  gan.destroy();
});

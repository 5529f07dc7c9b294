import { afterAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/data/random.ts';
import { dataset } from '../../../src/data/dataset.ts';
import { streamed } from '../../../src/data/stream.ts';
import { AdapterError, ArgumentError, DeviceLostError, InterruptedError } from '../../../src/errors.ts';
import { adam } from '../../../src/nn/optimizers.ts';
import type { FitOptions } from '../../../src/nn/training/fit.ts';
import type { Recovery } from '../../../src/nn/training/recovery.ts';
import type { Step } from '../../../src/nn/training/step.ts';
import { train } from '../../../src/nn/training/train.ts';
import { Variable } from '../../../src/ops/core/leaves.ts';
import * as ops from '../../../src/ops/index.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { casesOf, compileTiny, expectFreed, SWEEP } from '../../faults/flows.ts';
import { arc, tinyGan } from '../ganFixtures.ts';
import * as gans from '../ganFixtures.ts';
import { clusters, ownGpu, tinyModel, weightsOf } from '../modelFixtures.ts';

const data = clusters(21, 1);
const validationData = clusters(9, 2);
const EPOCHS = 3;

/** GPUs that can be opened again, in the order in which they were opened. */
type Opened = Awaited<ReturnType<typeof ownGpu>>;
const all: Opened[] = [];
afterAll(() => {
  for (const { gpu } of all) gpu.destroy();
});

/** A GPU that `reopen` replaces by another one of its kind. */
async function reopenable(list: Opened[] = []): Promise<Opened> {
  const own = await ownGpu();
  const gpu = new Gpu(own.gpu.device, async () => (await reopenable(list)).gpu);
  const opened = { ...own, gpu };
  list.push(opened);
  all.push(opened);
  return opened;
}

/** What a training told, in its order. */
function diary() {
  const steps: number[] = [];
  const epochs: number[] = [];
  const recoveries: Recovery[] = [];
  return {
    steps,
    epochs,
    recoveries,
    options: {
      onSteps: (values: readonly { readonly step: number }[]) =>
        steps.push(...values.map(({ step }) => step)),
      onEpoch: ({ epoch }: { readonly epoch: number }) => void epochs.push(epoch),
      onRecover: (recovery: Recovery) => void recoveries.push(recovery),
    },
  };
}

const fitOptions = { epochs: EPOCHS, batchSize: 8, recover: true } satisfies FitOptions;

/** Trains on a GPU to the end; gives what it told and came to. */
interface Training {
  (gpu: Gpu, told: ReturnType<typeof diary>['options']): Promise<{ history: unknown; weights: number[] }>;
}

const ofModel: Training = async (gpu, told) => {
  const model = await compileTiny(tinyModel(), gpu);
  try {
    const history = await model.fit(data, { ...fitOptions, ...told, validationData });
    return { history, weights: await weightsOf(model) };
  } finally {
    model.destroy();
  }
};

const ofGan: Training = async (gpu, told) => {
  const gan = await tinyGan({ dropout: 0.2 }).compile({ gpu });
  try {
    const history = await gan.fit(arc(21), { ...fitOptions, ...told });
    return { history, weights: await gans.weightsOf(gan) };
  } finally {
    gan.destroy();
  }
};

const variables = () => {
  const variable = (name: string, shape: number[], value: number) =>
    new Variable({ name, shape, initialize: (values) => values.fill(value) });
  return [variable('w', [2, 1], 0.25), variable('b', [1], 0)];
};
const points = (size: number, seed = 1) => {
  const random = randomStream(seed, 0);
  const x = Float32Array.from({ length: 2 * size }, () => random() - 0.5);
  const y = Float32Array.from({ length: size }, (_, i) => 3 * x[2 * i] - x[2 * i + 1] + 0.5);
  return dataset({ name: `points ${seed}`, x, y, inputShape: [2], targetShape: [1] });
};
const line = ([w, b]: Variable[]): Step => {
  return (_, { x, y }) => {
    const error = ops.subtract(ops.add(ops.matmul(x, ops.read(w)), ops.read(b)), y);
    const loss = ops.reduceMean(ops.square(error), { axes: [1] });
    return { losses: { loss }, minimize: { loss, variables: [w, b], optimizer: adam() } };
  };
};

const ofStep: Training = async (gpu, told) => {
  const own = variables();
  const run = train(points(21), line(own), { gpu, ...fitOptions, ...told, validationData: points(9, 2) });
  const history = await run;
  const values = await run.gpu.variables.readAll(own);
  run.destroy();
  return { history, weights: own.flatMap((variable) => [...values.get(variable)!]) };
};

describe.each([
  ['a model', ofModel],
  ['a GAN', ofGan],
  ["a step of one's own", ofStep],
] as const)('%s with recover: true', (_name, training) => {
  it(
    'goes on after the loss of its GPU to the same bits, wherever that happens, and tells each step once',
    async () => {
      const whole = await reopenable();
      let count = 0;
      const counted = diary();
      whole.counted.watch(() => void count++);
      const expected = await training(whole.gpu, counted.options);
      expect(counted.steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      let recovered = 0;
      for (const n of casesOf(count - 1, 3)) {
        const gpus: Opened[] = [];
        const first = await reopenable(gpus);
        let calls = 0;
        first.counted.watch(() => calls++ === n && first.real.destroy());
        const told = diary();
        const outcome = await training(first.gpu, told.options).catch((error: unknown) => error);
        const what = `call ${n} of ${count}`;
        if (told.recoveries.length === 0) {
          // Before the fit, or after it.
          if (outcome instanceof DeviceLostError) expect(told.epochs).toEqual(n < count / 2 ? [] : [0, 1, 2]);
          else expect(outcome).toEqual(expected);
          continue;
        }
        recovered++;
        expect(outcome).toEqual(expected);
        expect([told.steps, told.epochs]).toEqual([counted.steps, counted.epochs]);
        expect(told.recoveries).toMatchObject([{ gpu: gpus[1].gpu, error: { reason: 'destroyed' } }]);
        expect(told.recoveries[0].step % 3).toBe(0); // the end of an epoch
        first.gpu.destroy(); // the variables of a step are its caller's
        await expectFreed(first.gpu, what);
      }
      expect(recovered).toBeGreaterThan(0);
    },
    SWEEP,
  );
});

describe('recover', () => {
  it('opens the GPU with a function, which stays its own; else the GPU goes with the model', async () => {
    for (const own of [true, false]) {
      const gpus: Opened[] = [];
      const first = await reopenable(gpus);
      const model = await compileTiny(tinyModel(), first.gpu);
      const told = diary();
      const recover = own || first.gpu.reopen;
      await model.fit(data, {
        ...fitOptions,
        ...told.options,
        recover,
        beforeStep: (step) => {
          if (step === 4 && told.recoveries.length === 0) first.real.destroy();
        },
      });
      expect(model.compiled.gpu).toBe(gpus[1].gpu);
      expect([model.step, model.epoch]).toEqual([9, 3]);
      expect(await model.predict(clusters(2))).toHaveLength(6);
      model.destroy();
      expect(gpus[1].gpu.device.isLost).toBe(own);
      expect(gpus[1].gpu.device.liveBuffers).toBe(0);
    }
  });

  it('goes on with the callbacks, the plateau’s rate and the best weights as they were', async () => {
    const outcomes = [];
    for (const loses of [false, true]) {
      const { gpu, real } = await reopenable();
      const model = await compileTiny(tinyModel(), gpu);
      const { epochs } = await model.fit(data, {
        ...fitOptions,
        epochs: 5,
        validationData,
        earlyStopping: { patience: 4, restoreBestWeights: true },
        reduceOnPlateau: { patience: 1, minDelta: 10 },
        beforeStep: (step) => void (loses && step === 11 && real.destroy()),
      });
      outcomes.push({ epochs, rate: model.learningRate, weights: await weightsOf(model) });
      model.destroy();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it('goes on with a stream where it was, and with checkpoints of every step', async () => {
    const outcomes = [];
    for (const loses of [false, true]) {
      const { gpu, real } = await reopenable();
      const model = await compileTiny(tinyModel(), gpu);
      const stream = streamed(
        function* batches(epoch) {
          for (let i = 0; i < 4; i++) {
            const { x, y } = clusters(5 + i, 10 * epoch + i + 1);
            yield { x: x.data, y: y.data };
          }
        },
        { inputShape: [2] },
      );
      const saved: number[] = [];
      const told = diary();
      const { steps } = await model.fit(stream, {
        ...told.options,
        epochs: 2,
        recover: true,
        checkpoint: { every: 1, write: (_bytes, { step }) => void saved.push(step) },
        beforeStep: (step) => void (loses && step === 6 && told.recoveries.length === 0 && real.destroy()),
      });
      if (loses) expect(told.recoveries).toMatchObject([{ step: 6, epoch: 1 }]);
      expect(saved.at(-1)).toBe(8);
      outcomes.push({ steps, weights: await weightsOf(model) });
      model.destroy();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it('gives a GPU up that is lost again and again, and one in whose place there is none', async () => {
    const gpus: Opened[] = [];
    const { gpu } = await reopenable(gpus);
    const model = await compileTiny(tinyModel(), gpu);
    const always = model.fit(data, {
      ...fitOptions,
      beforeStep: (step) => void (step === 1 && gpus.at(-1)!.real.destroy()),
    });
    await expect(always).rejects.toThrow(DeviceLostError);
    expect(gpus).toHaveLength(4);
    model.destroy();

    const lonely = await ownGpu();
    const other = await compileTiny(tinyModel(), lonely.gpu);
    const lost = other.fit(data, {
      ...fitOptions,
      recover: () => Promise.reject(new AdapterError('there is none')),
      beforeStep: () => lonely.real.destroy(),
    });
    await expect(lost).rejects.toThrow(DeviceLostError);
    await expect(lost).rejects.toThrow(/No other GPU could be opened in its place: there is none/);
    other.destroy();
  }, 20_000);

  it('leaves alone what is ended on purpose', async () => {
    const destroyed = await reopenable();
    const model = await compileTiny(tinyModel(), destroyed.gpu);
    const told = diary();
    const run = model.fit(data, {
      ...fitOptions,
      ...told.options,
      beforeStep: () => destroyed.gpu.destroy(),
    });
    await expect(run).rejects.toThrow(DeviceLostError);

    for (const end of ['destroy', 'compile'] as const) {
      const { gpu, real } = await reopenable();
      const again = await compileTiny(tinyModel(), gpu);
      const busy = again.fit(data, {
        ...fitOptions,
        ...told.options,
        recover: async () => {
          const other = await reopenable();
          if (end === 'destroy') again.destroy();
          else void compileTiny(again, other.gpu).catch(() => {});
          return other.gpu;
        },
        beforeStep: () => real.destroy(),
      });
      await expect(busy).rejects.toThrow(InterruptedError);
      again.destroy();
    }
    expect(told.recoveries).toEqual([]);
  });

  it('keeps the model busy meanwhile, and ends with an abort', async () => {
    const { gpu, real } = await reopenable();
    const model = await compileTiny(tinyModel(), gpu);
    const end = new AbortController();
    let refused: unknown;
    const { stopped } = await model.fit(data, {
      ...fitOptions,
      signal: end.signal,
      onRecover: () => {
        try {
          void model.fit(data);
        } catch (error) {
          refused = error;
        }
        end.abort();
      },
      beforeStep: (step) => void (step === 1 && real.destroy()),
    });
    expect(refused).toBeInstanceOf(ArgumentError);
    expect(stopped).toBe('aborted');
    expect(model.step).toBe(0); // as the checkpoint from before the first step
    await model.fit(data, { batchSize: 8, epochs: 1, resume: true });
    expect(model.step).toBe(3);
    model.destroy();
  });

  it('refuses what it cannot bring to another GPU', async () => {
    const { gpu } = await reopenable();
    const model = await compileTiny(tinyModel(), gpu);
    const once = streamed([{ x: new Float32Array(4), y: new Uint8Array(2) }][Symbol.iterator](), {
      inputShape: [2],
    });
    await expect(model.fit(once, { recover: true })).rejects.toThrow(
      /recover needs data that can be read again/,
    );
    await expect(model.fit(data, { recover: 'yes' as unknown as boolean })).rejects.toThrow(
      /recover is "yes"/,
    );
    const onRecover = true as unknown as () => void;
    await expect(model.fit(data, { recover: true, onRecover })).rejects.toThrow(
      /onRecover is true; it must be a function/,
    );
    const own = variables();
    const minimizer = gpu.minimizer(own, adam());
    const bound: Step = (g, batch, mode) => {
      const { losses } = line(own)(g, batch, mode);
      return { losses, minimize: { loss: losses.loss, variables: own, optimizer: minimizer } };
    };
    await expect(train(points(4), bound, { gpu, recover: true })).rejects.toThrow(
      /Minimizer, which is bound to one; return an optimizer, such as adam\(\)/,
    );
    model.destroy();
  });
});

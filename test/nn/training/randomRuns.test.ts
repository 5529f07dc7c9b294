import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { take } from '../../../src/data/dataset.ts';
import { streamed } from '../../../src/data/stream.ts';
import { adam, dense, dropout, sequential } from '../../../src/index.ts';
import type { FitOptions, Gan, Model } from '../../../src/index.ts';
import { ALL, SWEEP } from '../../faults/flows.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { arc, compiledTinyGan } from '../ganFixtures.ts';
import * as gans from '../ganFixtures.ts';
import { clusters, weightsOf } from '../modelFixtures.ts';

const data = clusters(23);
const batches = streamed(
  (epoch) =>
    [0, 5, 9, 16].map((from, i, all) =>
      take(data, (from + epoch) % 7, (all[i + 1] ?? 23) - from + ((from + epoch) % 7)),
    ),
  { inputShape: [2] },
);

/** Something that trains: a model or a GAN, new or as a file says. */
interface Trainee {
  fit(options: FitOptions): PromiseLike<{ readonly epochs: readonly { readonly epoch: number }[] }>;
  save(): Promise<Uint8Array>;
  weights(): Promise<number[]>;
  destroy(): void;
}

const modelOf = (own: Model, source: typeof data | typeof batches, extra: FitOptions): Trainee => ({
  fit: (options) => own.fit(source, { ...extra, ...options }),
  save: () => own.save(),
  weights: () => weightsOf(own),
  destroy: () => own.destroy(),
});
const compiled = async (file?: Uint8Array): Promise<Model> => {
  const layers = [dense({ units: 6, activation: 'tanh' }), dropout(0.3), dense({ units: 3 })];
  const own = sequential(layers, { inputShape: [2], seed: 4 });
  await own.compile({
    gpu: await testGpu(),
    optimizer: adam({ learningRate: 0.02 }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });
  if (file) own.load(file);
  return own;
};
const ganOf = (own: Gan): Trainee => ({
  fit: ({ validationData: _v, earlyStopping: _e, reduceOnPlateau: _r, ...options }) =>
    own.fit(arc(23), { ...options, batchSize: 5 } as never),
  save: () => own.save(),
  weights: () => gans.weightsOf(own),
  destroy: () => own.destroy(),
});

const EPOCHS = 4;
const callbacks: FitOptions = {
  earlyStopping: { monitor: 'loss', patience: 3 },
  reduceOnPlateau: { monitor: 'loss', patience: 1, minDelta: 0.5, factor: 0.5 },
  validationData: clusters(9, 2),
};
const kinds: Record<string, (file?: Uint8Array) => Promise<Trainee>> = {
  'a data set': async (file) => modelOf(await compiled(file), data, { ...callbacks, batchSize: 5 }),
  'a stream': async (file) => modelOf(await compiled(file), batches, callbacks),
  'a GAN': async (file) => {
    const own = await compiledTinyGan({ dropout: 0.3 });
    if (file) own.load(file);
    return ganOf(own);
  },
};

/** Ways in which a part of a training ends. */
const part = fc.record({
  end: fc.constantFrom('steps', 'abort', 'exception', 'abort at an epoch', 'exception at an epoch'),
  after: fc.integer({ min: 0, max: 9 }),
  /** Whether it goes on in a new model, from a file. */
  file: fc.boolean(),
});

describe.each(Object.entries(kinds))('a training on %s', (_kind, make) => {
  it(
    'in random parts, some of them from files, is the training in one piece, bit by bit; each epoch is told once',
    async () => {
      const whole = await make();
      let total = 0;
      const { epochs } = await whole.fit({
        epochs: EPOCHS,
        resume: true,
        beforeStep: (step) => void (total = step + 1),
      });
      const expected = await whole.weights();
      whole.destroy();
      const check = async (parts: { end: string; after: number; file: boolean }[]) => {
        let own = await make();
        const told: unknown[] = [];
        const onEpoch = (values: { readonly step: number }) => void told.push(values);
        for (const { end, after, file } of parts) {
          const stop = new AbortController();
          const boom = new Error('made for the test');
          let steps = 0;
          const leave = () => {
            if (end.startsWith('exception')) throw boom;
            stop.abort();
          };
          const options: FitOptions = {
            epochs: EPOCHS,
            resume: true,
            signal: stop.signal,
            onEpoch: (values) => {
              onEpoch(values);
              if (end.endsWith('epoch') && values.epoch >= after % EPOCHS) leave();
            },
            beforeStep: () => {
              if (!end.endsWith('epoch') && end !== 'steps' && steps++ === after) leave();
            },
          };
          if (end === 'steps') {
            const at = Number((await metadataOf(own)).step);
            // The end of a part of an epoch is told too, as what it is: not counted here.
            const before = told.length;
            await own.fit({
              ...options,
              epochs: undefined,
              steps: Math.min(total, at + (after % 3)),
              onEpoch: () => {},
            });
            told.length = before;
          } else {
            await Promise.resolve(own.fit(options)).catch((error: unknown) => expect(error).toBe(boom));
          }
          if (!file) continue;
          const bytes = await own.save();
          own.destroy();
          own = await make(bytes);
        }
        await own.fit({ epochs: EPOCHS, resume: true, onEpoch });
        expect(await own.weights()).toEqual(expected);
        // Parts of a number of steps may have told the end of an epoch themselves.
        const known = new Set(told.map((values) => JSON.stringify(values)));
        expect(known.size).toBe(told.length);
        const all = new Set(epochs.map((values) => JSON.stringify(values)));
        for (const values of known) expect(all).toContain(values);
        if (!parts.some(({ end }) => end === 'steps')) expect(told).toEqual(epochs);
        own.destroy();
      };
      await fc.assert(fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), check), {
        numRuns: ALL ? 100 : 8,
        seed: 5,
        endOnFailure: true,
      });
    },
    SWEEP,
  );
});

async function metadataOf(own: Trainee): Promise<Readonly<Record<string, string>>> {
  const { decodeSafetensors } = await import('../../../src/io/safetensors.ts');
  return decodeSafetensors(await own.save(), 'trainee').metadata;
}

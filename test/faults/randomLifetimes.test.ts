import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ArgumentError, InterruptedError } from '../../src/errors.ts';
import type { Model } from '../../src/nn/model.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { clusters, ownGpu, tinyModel, weightsOf } from '../nn/modelFixtures.ts';
import { ALL, data, expectFreed, outcomeOf, SWEEP } from './flows.ts';

const options = { optimizer: adam({ ema: { decay: 0.9 } }), loss: 'softmaxCrossEntropy' } as const;
const many = clusters(400, 5);

/** Work that is begun and not awaited. */
const works: Record<string, (model: Model) => unknown> = {
  fit: (model) => model.fit(many, { batchSize: 8, epochs: 1, validationData: data }),
  'endless fit': (model) => model.fit(many, { batchSize: 8, steps: Infinity }),
  evaluate: (model) => model.evaluate(many, { batchSize: 8 }),
  predict: (model) => model.predict(many, { batchSize: 8 }),
  save: (model) => model.save(),
  averages: (model) => model.useAveragedWeights(() => model.evaluate(data)),
};

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ on: fc.nat(1), do: fc.constantFrom(...Object.keys(works)) }) },
  { weight: 2, arbitrary: fc.record({ on: fc.nat(1), do: fc.constantFrom('compile', 'destroy') }) },
  { weight: 3, arbitrary: fc.record({ on: fc.constant(0), do: fc.constantFrom('turn', 'pause') }) },
);

it(
  'random work on two models, with compile and destroy in between: typed errors, nothing left, and a bystander trains to the same bits',
  async () => {
    const { gpu, real } = await ownGpu();
    const uncaptured: string[] = [];
    real.addEventListener('uncapturederror', ({ error }) => void uncaptured.push(error.message));
    const alone = await tinyModel().compile({ gpu, ...options });
    await alone.fit(data, { batchSize: 8, epochs: 4 });
    const expected = await weightsOf(alone);
    alone.destroy();

    const check = async (actions: { on: number; do: string }[]) => {
      const bystander = await tinyModel().compile({ gpu, ...options });
      const own = bystander.fit(data, { batchSize: 8, epochs: 4 });
      const models = [tinyModel(), tinyModel({ name: 'other' })];
      await models[0].compile({ gpu, ...options });
      const outcomes: Promise<unknown>[] = [];
      const begin = (what: string, work: () => unknown) => {
        // What is refused is thrown at once or later.
        outcomes.push(outcomeOf(what, (async () => work())()));
      };
      for (const { on, do: what } of actions) {
        const model = models[on];
        if (what === 'turn') await Promise.resolve();
        else if (what === 'pause') await new Promise((resolve) => setTimeout(resolve, 3));
        else if (what === 'compile') begin(what, () => model.compile({ gpu, ...options }));
        else if (what === 'destroy') begin(what, () => model.destroy());
        else begin(what, () => works[what](model));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const model of models) model.destroy();
      for (const outcome of await Promise.all(outcomes)) {
        if (!(outcome instanceof Error)) continue;
        const typed = outcome instanceof InterruptedError || outcome instanceof ArgumentError;
        if (!typed) console.log('BAD', outcome);
        expect(typed || outcome).toBe(true);
      }
      await own;
      expect(await weightsOf(bystander)).toEqual(expected);
      bystander.destroy();
      await expectFreed(gpu, JSON.stringify(actions));
      gpu.device.check();
    };
    await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 14 }), check), {
      numRuns: ALL ? 300 : 12,
      seed: 3,
      endOnFailure: true,
    });
    expect(uncaptured).toEqual([]);
  },
  SWEEP,
);

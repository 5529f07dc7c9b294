import { boolean, constantFrom, integer, oneof, record, sample } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataset } from '../../../src/data/dataset.ts';
import { dense } from '../../../src/nn/layers/dense.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import { sgd } from '../../../src/nn/optimizers.ts';
import { perSample } from '../../../src/ops/loss/accuracy.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { testGpu } from '../../helpers/evaluate.ts';

/** Samples whose targets are their numbers, from `first` on. */
const numbered = (size: number, first = 0) =>
  dataset({
    x: new Float32Array(size).map((_, i) => Math.sin(i)),
    y: new Float32Array(size).map((_, i) => first + i),
    inputShape: [1],
    targetShape: [1],
  });

/** A model that learns nothing and tells, as a metric, the sum and the squares of the numbers in each batch. */
async function witness() {
  return sequential([dense({ units: 1 })], { inputShape: [1], name: 'witness' }).compile({
    gpu: await testGpu(),
    optimizer: sgd({ learningRate: 0 }),
    loss: 'meanSquaredError',
    metrics: [
      function number(_: Tensor, target: Tensor) {
        return perSample(target);
      },
    ],
  });
}

const sum = (from: number, count: number) => (count * (2 * from + count - 1)) / 2;

describe('the clock of samples', () => {
  it('100 samples at batch 16 for 3 epochs are 21 steps, and a history of 3 entries', async () => {
    const model = await witness();
    const { steps, epochs } = await model.fit(numbered(100), { batchSize: 16, epochs: 3 });
    expect(steps.length).toBe(21);
    expect(epochs.map(({ epoch, step, number }) => [epoch, step, number])).toEqual([
      [0, 7, 49.5],
      [1, 14, 49.5],
      [2, 21, 49.5],
    ]);
    expect([model.step, model.epoch]).toEqual([21, 3]);
    model.destroy();
  });

  it('fits of one epoch with a batch size that does not divide the data see every sample once each', async () => {
    const model = await witness();
    for (let run = 0; run < 4; run++) {
      const { steps, epochs } = await model.fit(numbered(10), { batchSize: 4 });
      expect(steps.map(({ epoch }) => epoch)).toEqual([run, run, run]);
      expect(epochs).toMatchObject([{ epoch: run, number: 4.5 }]);
    }
    model.destroy();
  });

  it('drops the rest where it is asked to', async () => {
    const model = await witness();
    const options = { batchSize: 4, epochs: 2, shuffle: false, lastBatch: 'drop' } as const;
    const { steps, epochs } = await model.fit(numbered(10), options);
    expect(steps.map(({ number }) => number)).toEqual([1.5, 5.5, 1.5, 5.5]);
    expect(epochs.map(({ number }) => number)).toEqual([3.5, 3.5]);
    model.destroy();
  });

  it('takes a batch size above the data set’s size for that size', async () => {
    const model = await witness();
    const { steps } = await model.fit(numbered(5), { batchSize: 1000, epochs: 2 });
    expect(steps.map(({ number }) => number)).toEqual([2, 2]);
    model.destroy();
  });

  it('resumes in samples: with another batch size the rest of the epoch is what was not seen', async () => {
    const model = await witness();
    const whole = await model.fit(numbered(20), { batchSize: 20 });
    expect(whole.epochs[0].number).toBe(9.5);
    const first = await model.fit(numbered(20), { batchSize: 3, steps: 2 }); // 6 of 20 samples
    const { steps, epochs } = await model.fit(numbered(20), { batchSize: 7, epochs: 2, resume: true });
    expect(steps.length).toBe(2);
    expect(epochs).toMatchObject([{ epoch: 1, number: 9.5 }]); // the mean over the whole epoch
    const seen = 3 * first.steps.reduce((all, { number }) => all + number, 0);
    expect(seen + 7 * steps.reduce((all, { number }) => all + number, 0)).toBeCloseTo(sum(0, 20), 3);
    model.destroy();
  });

  it('random sequences of fits agree with a plain model of the clock', async () => {
    const model = await witness();
    const clock = { step: 0, epoch: 0, place: 0 };
    const run = record({
      size: integer({ min: 1, max: 12 }),
      batchSize: integer({ min: 1, max: 14 }),
      length: oneof(
        record({ epochs: integer({ min: 0, max: 3 }) }),
        record({ steps: integer({ min: 0, max: 7 }) }),
      ),
      resume: boolean(),
      lastBatch: constantFrom('keep' as const, 'drop' as const),
      shuffle: boolean(),
    });
    const runs = sample(run, { numRuns: 25, seed: 7 });
    for (const { size, batchSize, length, resume, lastBatch, shuffle } of runs) {
      const batch = Math.min(size, batchSize);
      if (!resume && clock.place > 0) Object.assign(clock, { epoch: clock.epoch + 1, place: 0 });
      const start = resume ? { step: 0, epoch: 0 } : { ...clock };
      const over = () =>
        'steps' in length
          ? clock.step >= start.step + length.steps
          : clock.epoch >= start.epoch + length.epochs;
      const expected: { step: number; epoch: number; rows: number; place: number }[] = [];
      while (!over()) {
        let rows = Math.max(0, Math.min(batch, size - clock.place));
        if (lastBatch === 'drop' && rows < batch) rows = 0;
        if (rows > 0) expected.push({ step: clock.step++, epoch: clock.epoch, rows, place: clock.place });
        clock.place += rows;
        const left = size - clock.place;
        if (rows === 0 || left <= 0 || (lastBatch === 'drop' && left < batch)) {
          Object.assign(clock, { epoch: clock.epoch + 1, place: 0 });
        }
      }
      const options = { ...length, batchSize, resume, lastBatch, shuffle };
      const { steps } = await model.fit(numbered(size), options);
      expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
        expected.map(({ step, epoch }) => [step, epoch]),
      );
      if (!shuffle) {
        const means = expected.map(({ rows, place }) => sum(place, rows) / rows);
        expect(steps.map(({ number }) => number)).toBeAllClose(means, { rtol: 1e-6 });
      }
      expect([model.step, model.epoch]).toEqual([clock.step, clock.epoch]);
    }
    model.destroy();
  });
});

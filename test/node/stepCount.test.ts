import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Clock, isOver, rowsAt } from '../../src/nn/training/clock.ts';
import { lastStep, stepsOfEpoch } from '../../src/node/cli/stepCount.ts';

it('the steps of a run are those that the training loop makes, wherever it begins', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 0, max: 9 }),
      fc.nat(),
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.double({ min: 0.01, max: 4, noNaN: true })),
      fc.boolean(),
      (size, batchSize, epoch, somewhere, length, counted) => {
        const clock = new Clock();
        clock.set({ step: 17, epoch, place: somewhere % size });
        const wished = counted ? { steps: Math.ceil(10 * length) } : { epochs: length };
        const expected = lastStep(clock, { ...wished, batchSize }, size);
        const { done, total } = stepsOfEpoch(clock, batchSize, size);
        const place = clock.place;
        let ofEpoch: number | undefined;
        while (!isOver(clock, { step: 0, epoch: 0, place: 0 }, wished, size)) {
          clock.advance(rowsAt(clock.place, size, batchSize, 'keep'));
          if (clock.place < size) continue;
          ofEpoch ??= clock.step - 17;
          clock.endEpoch();
        }
        expect(expected).toBe(Math.max(17, clock.step));
        if (ofEpoch !== undefined) expect(total - done).toBe(ofEpoch);
        expect(done).toBe(Math.ceil(place / batchSize));
      },
    ),
    { seed: 3 },
  );
});

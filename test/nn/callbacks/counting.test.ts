import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/errors.ts';
import { CheckpointCounter } from '../../../src/nn/callbacks/modelCheckpoint.ts';
import { EarlyStopping, earlyStopping } from '../../../src/nn/callbacks/earlyStopping.ts';
import { fileName } from '../../../src/nn/callbacks/fileName.ts';
import { monitoredValues, valueName } from '../../../src/nn/callbacks/monitor.ts';
import { ReduceOnPlateau, reduceOnPlateau } from '../../../src/nn/callbacks/reduceOnPlateau.ts';
import { Counters } from '../../../src/nn/training/counters.ts';
import { parseProgress } from '../../../src/nn/training/progress.ts';

const known = monitoredValues(
  [
    { name: 'loss', better: 'lower' },
    { name: 'accuracy', better: 'higher' },
  ],
  true,
);
/** Values with many ties, and epochs without a validation. */
const sequence = fc.array(fc.option(fc.integer({ min: 0, max: 8 }), { freq: 6, nil: undefined }), {
  minLength: 1,
  maxLength: 25,
});
const mode = fc.constantFrom('auto', 'min', 'max') as fc.Arbitrary<'auto' | 'min' | 'max'>;
const monitor = fc.constantFrom('val_loss', 'val_accuracy');
const rises = (own: 'auto' | 'min' | 'max', name: string) =>
  own === 'auto' ? name === 'val_accuracy' : own === 'max';
const ours = (name: string) => (name === 'val_loss' ? 'validationLoss' : 'validationAccuracy');
const valuesOf = (name: string, index: number, value: number | undefined) => ({
  epoch: index,
  step: index,
  loss: 0,
  ...(value !== undefined && { [ours(name)]: value }),
});

/** `monitor_op(current - min_delta, reference)` of Keras's MonitorCallback. */
const isBetter = (up: boolean, minDelta: number, current: number, reference: number) =>
  up ? current - minDelta > reference : current + minDelta < reference;

/** Keras's EarlyStopping, written from what it documents; gives whether training stops at each epoch, and the best epoch. */
function kerasEarlyStopping(
  values: readonly (number | undefined)[],
  up: boolean,
  own: { patience: number; minDelta: number; baseline: number | undefined; startFromEpoch: number },
): { stops: boolean[]; best: number | undefined } {
  let wait = 0;
  let best = up ? -Infinity : Infinity;
  let bestEpoch: number | undefined;
  const stops: boolean[] = [];
  for (const [epoch, current] of values.entries()) {
    stops.push(false);
    if (current === undefined || epoch < own.startFromEpoch) continue;
    wait += 1;
    if (isBetter(up, own.minDelta, current, best)) {
      best = current;
      bestEpoch = epoch;
      if (own.baseline === undefined || isBetter(up, own.minDelta, current, own.baseline)) wait = 0;
    } else if (wait >= own.patience && epoch > 0) {
      stops[epoch] = true;
      break;
    }
  }
  return { stops, best: bestEpoch };
}

describe('earlyStopping', () => {
  const options = fc.record({
    patience: fc.integer({ min: 0, max: 4 }),
    minDelta: fc.constantFrom(0, 0.5, 1, 2),
    baseline: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
    startFromEpoch: fc.integer({ min: 0, max: 4 }),
  });

  it('counts as Keras does, also when it goes on from a file after any epoch', () => {
    const check = (
      values: (number | undefined)[],
      own: Parameters<typeof kerasEarlyStopping>[2],
      how: 'auto' | 'min' | 'max',
      name: string,
      cut: number,
    ) => {
      const { stops, best } = kerasEarlyStopping(values, rises(how, name), own);
      const make = () =>
        new EarlyStopping({ ...own, mode: how, monitor: name, restoreBestWeights: true }, known);
      let early = make();
      let bestEpoch: number | undefined;
      const mine: boolean[] = [];
      for (const [index, value] of values.entries()) {
        if (index === cut) {
          const state = JSON.parse(JSON.stringify(early.state));
          early = make();
          expect(early.restore(state)).toBe(true);
          expect(early.isSpent).toBe(false);
        }
        const epoch = { values: valuesOf(name, index, value), index };
        if (early.improves(epoch)) bestEpoch = index;
        mine.push(early.count(epoch));
        if (!mine[index]) continue;
        expect(early.isSpent).toBe(true);
        break;
      }
      expect(mine).toEqual(stops);
      expect(bestEpoch).toBe(best);
    };
    fc.assert(fc.property(sequence, options, mode, monitor, fc.nat(20), check), { numRuns: 1000, seed: 3 });
  });

  it('stops without patience at the first epoch that is no better, and not at the first of all', () => {
    const early = new EarlyStopping({ monitor: 'loss' }, known);
    const count = (loss: number, index: number) =>
      early.count({ values: { epoch: 0, step: 0, loss }, index });
    expect([5, 4, 4].map(count)).toEqual([false, false, true]);
  });
});

describe('reduceOnPlateau', () => {
  /** Keras's ReduceLROnPlateau: the rate after each epoch. */
  function kerasPlateau(
    values: readonly (number | undefined)[],
    up: boolean,
    own: { patience: number; minDelta: number; factor: number; cooldown: number; minLearningRate: number },
  ): number[] {
    let [wait, cooldown, rate, best] = [0, 0, 1, up ? -Infinity : Infinity];
    return values.map((current) => {
      if (current === undefined) return rate;
      if (cooldown > 0) {
        cooldown -= 1;
        wait = 0;
      }
      if (isBetter(up, own.minDelta, current, best)) {
        best = current;
        wait = 0;
      } else if (!(cooldown > 0)) {
        wait += 1;
        if (wait >= own.patience && rate > own.minLearningRate) {
          rate = Math.max(rate * own.factor, own.minLearningRate);
          cooldown = own.cooldown;
          wait = 0;
        }
      }
      return rate;
    });
  }
  const options = fc.record({
    patience: fc.integer({ min: 0, max: 3 }),
    minDelta: fc.constantFrom(0, 0.5, 1),
    factor: fc.constantFrom(0.5, 0.1),
    cooldown: fc.integer({ min: 0, max: 3 }),
    minLearningRate: fc.constantFrom(0, 0.2),
  });

  it('counts as Keras does, also when it goes on from a file after any epoch', () => {
    const check = (
      values: (number | undefined)[],
      own: Parameters<typeof kerasPlateau>[2],
      how: 'auto' | 'min' | 'max',
      name: string,
      cut: number,
    ) => {
      const make = () => new ReduceOnPlateau({ ...own, mode: how, monitor: name }, known);
      let plateau = make();
      let learningRate = 1;
      const mine = values.map((value, index) => {
        if (index === cut) {
          const { state } = plateau;
          plateau = make();
          plateau.restore(JSON.parse(JSON.stringify(state)));
        }
        const epoch = { values: valuesOf(name, index, value), learningRate };
        plateau.count(epoch);
        return (learningRate = epoch.learningRate);
      });
      expect(mine).toEqual(kerasPlateau(values, rises(how, name), own));
    };
    fc.assert(fc.property(sequence, options, mode, monitor, fc.nat(20), check), { numRuns: 1000, seed: 4 });
  });
});

describe('modelCheckpoint', () => {
  it('names the files that Keras would write', () => {
    const check = (
      values: (number | undefined)[],
      saveBestOnly: boolean,
      threshold: number | undefined,
      name: string,
    ) => {
      const counter = new CheckpointCounter(
        {
          write: () => {},
          monitor: name,
          saveBestOnly,
          initialValueThreshold: threshold,
          name: `{epoch:02d}-{${name}:.1f}`,
        },
        known,
      );
      const up = name === 'val_accuracy';
      let best = threshold ?? (up ? -Infinity : Infinity);
      for (const [index, value] of values.entries()) {
        counter.count({ values: valuesOf(name, index, value), index });
        // Keras saves where it cannot tell; here what is not known to be better does not take the place of the best.
        const saves = !saveBestOnly || (value !== undefined && isBetter(up, 0, value, best));
        if (saves && value !== undefined) best = value;
        const number = String(index + 1).padStart(2, '0');
        const expected = saves ? `${number}-${value === undefined ? 'none' : value.toFixed(1)}` : undefined;
        expect(counter.due({ step: index + 1 }, index)).toBe(expected);
        expect(counter.due({ step: index + 1 }, index)).toBe(undefined);
      }
    };
    const threshold = fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined });
    fc.assert(fc.property(sequence, fc.boolean(), threshold, monitor, check), { numRuns: 300, seed: 5 });
  });

  it('counts steps through epochs', () => {
    const own = { write: () => {}, saveFreq: 3, name: '{epoch}-{step:03d}' };
    const counter = new CheckpointCounter(own, known);
    const names = Array.from({ length: 10 }, (_, i) => {
      const clock = { step: i + 1 };
      return counter.due(clock, Math.floor(i / 4));
    });
    expect(names.filter(Boolean)).toEqual(['1-003', '2-006', '3-009']);
  });
});

it('values have Keras’s names, too', () => {
  const names = [
    'loss',
    'accuracy',
    'binaryAccuracy',
    'validationLoss',
    'validationAccuracy',
    'validationDigitLoss',
  ];
  const given = ['loss', 'acc', 'binary_accuracy', 'val_loss', 'val_acc', 'val_digit_loss', 'value_loss'];
  expect(given.map((name) => valueName(name, names))).toEqual([
    'loss',
    'accuracy',
    'binaryAccuracy',
    'validationLoss',
    'validationAccuracy',
    'validationDigitLoss',
    'value_loss',
  ]);
  expect(valueName('val_acc', ['acc', 'validationAcc'])).toBe('validationAcc');
});

it('names of files are written as Python writes them', () => {
  const values = { epoch: 7, step: 1200, loss: 0.12345, validationLoss: undefined };
  const name = (pattern: string) => fileName('modelCheckpoint', pattern, values);
  expect(name('a{epoch:03d}b{epoch:3d}c{epoch:03}d{epoch}')).toBe('a007b  7c007d7');
  expect(name('{loss:.2f}-{loss}-{val_loss:.2f}-{step:09d}')).toBe('0.12-0.12345-none-000001200');
  expect(() => name('{losss}')).toThrow(
    /asks for \{losss\}, but there is epoch, step, loss, validationLoss; did you mean "loss"\?/,
  );
  expect(() => name('{loss:03d}')).toThrow(/asks for \{loss:03d\}, but the value is 0\.12345; write/);
  expect(() => name('../{epoch}')).toThrow(/has a "\/" in it; give the name of a file/);
  expect(() => name('best-{epoch')).toThrow(/has a "\{" in it/);
  expect(() => name('{epoch:x}')).toThrow(/write \{epoch\}/);
});

describe('what a file says of callbacks', () => {
  const stopping = { monitor: 'loss', mode: 'min', best: 0.5, waited: 2 };
  const plateau = { monitor: 'loss', mode: 'min', best: null, waited: 0, cooling: 1 };

  it('is read from those of before there were lists, too', () => {
    const before = parseProgress(
      'file',
      JSON.stringify({ earlyStopping: stopping, reduceOnPlateau: plateau }),
    );
    const callbacks = [
      { callback: 'earlyStopping', ...stopping },
      { callback: 'reduceOnPlateau', ...plateau },
    ];
    expect(before.callbacks).toEqual(callbacks);
    expect(parseProgress('file', JSON.stringify({ callbacks })).callbacks).toEqual(callbacks);
    expect(parseProgress('file', '{}').callbacks).toBeUndefined();
  });

  it('is refused where it is nothing of the kind', () => {
    const damaged = [
      { earlyStopping: 3 },
      { reduceOnPlateau: null },
      { callbacks: 3 },
      { callbacks: [stopping] },
      { callbacks: [{ callback: 'earlyStopping', ...stopping, waited: '2' }] },
      { callbacks: [{ callback: 'earlyStopping', ...stopping, improved: 1 }] },
      { data: { pass: 1, place: -1, steps: 0 } },
      { data: 5 },
      { epochBegun: 1 },
    ];
    for (const own of damaged) {
      expect(() => parseProgress('file', JSON.stringify(own)), `${JSON.stringify(own)}`).toThrow(FormatError);
    }
  });

  it('goes to the callback that watched the same', () => {
    const values = monitoredValues(
      [
        { name: 'loss', better: 'lower' },
        { name: 'accuracy', better: 'higher' },
      ],
      false,
    );
    const make = () =>
      new Counters(
        [
          earlyStopping({ monitor: 'accuracy', patience: 9 }),
          reduceOnPlateau({ monitor: 'loss' }),
          earlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true }),
        ],
        values,
      );
    const saved = { callback: 'earlyStopping', ...stopping, mode: 'min' as const };
    const own = make();
    expect(own.restore([saved])).toBe(true);
    expect(own.state).toMatchObject([{ best: null }, { best: null }, { best: 0.5, waited: 2 }]);
    // The best weights were those of another value.
    expect(make().restore([{ ...saved, monitor: 'accuracy', mode: 'max' }])).toBe(false);
    expect(make().restore([])).toBe(false);
  });
});

import { expect, it } from 'vitest';
import {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  oneCycle,
  piecewiseConstantDecay,
  polynomialDecay,
  stepDecay,
  warmUp,
  type Schedule,
} from '../../src/nn/schedules.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import * as reference from '../reference/schedules.ts';
import { ratesOnGpu } from './ratesOnGpu.ts';

const steps = [
  0, 1, 2, 3, 9, 10, 11, 19, 20, 21, 29, 30, 31, 50, 69, 70, 71, 99, 100, 101, 149, 150, 200, 999, 1000,
  12_345, 1_000_000,
];

const cases: [string, Schedule, (step: number) => number][] = [
  [
    'exponentialDecay',
    exponentialDecay({ decaySteps: 10, decayRate: 0.9 }),
    reference.exponentialDecay(10, 0.9),
  ],
  [
    'exponentialDecay in stairs',
    exponentialDecay({ decaySteps: 10, decayRate: 0.5, staircase: true }),
    reference.exponentialDecay(10, 0.5, true),
  ],
  ['stepDecay', stepDecay({ decaySteps: 100 }), reference.exponentialDecay(100, 0.1, true)],
  [
    'piecewiseConstantDecay',
    piecewiseConstantDecay({ boundaries: [10, 30, 100], values: [1, 0.5, 2, 0] }),
    reference.piecewiseConstantDecay([10, 30, 100], [1, 0.5, 2, 0]),
  ],
  [
    'piecewiseConstantDecay without boundaries',
    piecewiseConstantDecay({ boundaries: [], values: [0.3] }),
    () => 0.3,
  ],
  ['cosineDecay', cosineDecay({ decaySteps: 100 }), reference.cosineDecay(100)],
  ['cosineDecay to a rest', cosineDecay({ decaySteps: 150, alpha: 0.1 }), reference.cosineDecay(150, 0.1)],
  [
    'cosineDecayRestarts',
    cosineDecayRestarts({ firstDecaySteps: 10 }),
    reference.cosineDecayRestarts(10, 2, 1, 0),
  ],
  [
    'cosineDecayRestarts, lower and lower',
    cosineDecayRestarts({ firstDecaySteps: 10, tMul: 3, mMul: 0.8, alpha: 0.01 }),
    reference.cosineDecayRestarts(10, 3, 0.8, 0.01),
  ],
  [
    'cosineDecayRestarts of one length',
    cosineDecayRestarts({ firstDecaySteps: 20, tMul: 1, mMul: 0.9, alpha: 0.1 }),
    reference.cosineDecayRestarts(20, 1, 0.9, 0.1),
  ],
  [
    'cosineDecayRestarts of fractional growth',
    cosineDecayRestarts({ firstDecaySteps: 7, tMul: 1.3, mMul: 0.9, alpha: 0.05 }),
    reference.cosineDecayRestarts(7, 1.3, 0.9, 0.05),
  ],
  [
    'cosineDecayRestarts of rates',
    cosineDecayRestarts({ initialLearningRate: 0.3, firstDecaySteps: 20, tMul: 1.5 }),
    (step) => 0.3 * reference.cosineDecayRestarts(20, 1.5, 1, 0)(step),
  ],
  [
    'cosineDecay of rates, after a warm-up',
    cosineDecay({
      initialLearningRate: 0.02,
      warmupTarget: 0.4,
      warmupSteps: 30,
      decaySteps: 70,
      alpha: 0.1,
    }),
    reference.cosineDecayOfRates(0.02, 70, 0.1, 0.4, 30),
  ],
  [
    'cosineDecay after a warm-up of no steps',
    cosineDecay({ initialLearningRate: 0.02, warmupTarget: 0.4, decaySteps: 70 }),
    reference.cosineDecayOfRates(0.02, 70, 0, 0.4, 0),
  ],
  [
    'inverseTimeDecay',
    inverseTimeDecay({ initialLearningRate: 0.2, decaySteps: 10, decayRate: 0.5 }),
    (step) => 0.2 / (1 + (0.5 * step) / 10),
  ],
  [
    'inverseTimeDecay in stairs',
    inverseTimeDecay({ decaySteps: 10, decayRate: 2, staircase: true }),
    (step) => 1 / (1 + 2 * Math.floor(step / 10)),
  ],
  [
    'polynomialDecay',
    polynomialDecay({ decaySteps: 100 }),
    reference.polynomialDecay(1, 100, 1e-4, 1, false),
  ],
  ...[0, 0.5, 1, 2.5].flatMap((power) =>
    [true, false].map((cycle): (typeof cases)[number] => [
      `polynomialDecay, ${cycle ? 'again and again, ' : ''}to the power ${power}`,
      polynomialDecay({ initialLearningRate: 0.5, endLearningRate: 0.01, decaySteps: 30, power, cycle }),
      reference.polynomialDecay(0.5, 30, 0.01, power, cycle),
    ]),
  ),
  ['warmUp', warmUp({ steps: 20 }), reference.warmUp(20, 0, () => 1)],
  [
    'warmUp, then exponentialDecay',
    warmUp({ steps: 30, from: 0.2, next: exponentialDecay({ decaySteps: 70, decayRate: 0.3 }) }),
    reference.warmUp(30, 0.2, reference.exponentialDecay(70, 0.3)),
  ],
  [
    'warmUp, then restarts',
    warmUp({ steps: 10, next: cosineDecayRestarts({ firstDecaySteps: 20 }) }),
    reference.warmUp(10, 0, reference.cosineDecayRestarts(20, 2, 1, 0)),
  ],
  ['oneCycle', oneCycle({ totalSteps: 100 }), reference.oneCycle(100)],
  [
    'oneCycle, own settings',
    oneCycle({ totalSteps: 151, warmUpShare: 0.5, divFactor: 10, finalDivFactor: 2 }),
    reference.oneCycle(151, 0.5, 10, 2),
  ],
];

it.each(cases)('%s: kernel and CPU twin equal the definition', async (_, schedule, exact) => {
  const expected = steps.map(exact);
  expect(steps.map((step) => schedule.at(step))).toBeAllClose(expected, { rtol: 1e-9, atol: 1e-12 });
  expect(await ratesOnGpu(schedule, steps)).toBeAllClose(expected, { rtol: 1e-5, atol: 2e-7 });
});

it('are flat outside their range', () => {
  expect(cosineDecay({ decaySteps: 10, alpha: 0.1 }).at(1e9)).toBeCloseTo(0.1, 14);
  expect(oneCycle({ totalSteps: 10 }).at(1e9)).toBeCloseTo(1 / 25e4, 14);
  expect(oneCycle({ totalSteps: 100 }).at(29)).toBe(1);
});

it('keep their settings, those of the next one too', () => {
  const next = cosineDecay({ decaySteps: 10 });
  expect(warmUp({ steps: 5, next }).config).toEqual({
    name: 'warmUp',
    steps: 5,
    from: 0,
    next: { name: 'cosineDecay', decaySteps: 10, alpha: 0 },
  });
});

it('refuse settings out of range, with the value', () => {
  expect(() => cosineDecay({ decaySteps: 0 })).toThrow(
    'cosineDecay: decaySteps is 0; it must be a whole number from 1 to 16777216',
  );
  expect(() => cosineDecay({ decaySteps: 5, alpha: 2 })).toThrow('cosineDecay: alpha is 2');
  expect(() => exponentialDecay({ decaySteps: 1.5, decayRate: 0.5 })).toThrow('decaySteps is 1.5');
  expect(() => exponentialDecay({ decaySteps: 10, decayRate: 0 })).toThrow('decayRate is 0');
  expect(() => piecewiseConstantDecay({ boundaries: [10], values: [1] })).toThrow(
    'piecewiseConstantDecay: 1 boundaries and 1 values; give one value more than boundaries',
  );
  expect(() => piecewiseConstantDecay({ boundaries: [10, 5], values: [1, 1, 1] })).toThrow(
    'boundaries 10, 5 do not rise',
  );
  expect(() => cosineDecayRestarts({ firstDecaySteps: 10, tMul: 1.05 })).toThrow(
    'tMul is 1.05; it must be 1, for falls of one length, or from 1.1 to 1000',
  );
  expect(() => cosineDecay({ decaySteps: 5, initialLearningRate: -1 })).toThrow('initialLearningRate is -1');
  expect(() => cosineDecay({ decaySteps: 5, warmupSteps: 3 })).toThrow('there is no warmupTarget');
  expect(() => cosineDecay({ decaySteps: 5, warmupTarget: 1 })).toThrow('initialLearningRate has to be set');
  expect(() => polynomialDecay({ decaySteps: 5, power: -1 })).toThrow('power is -1');
  expect(() => inverseTimeDecay({ decaySteps: 5, decayRate: -1 })).toThrow('decayRate is -1');
  expect(() => cosineDecayRestarts({ firstDecaySteps: 10, mMul: 0 })).toThrow(
    'mMul is 0; it must be above 0',
  );
  expect(() => warmUp({ steps: 5, from: -1 })).toThrow('warmUp: from is -1');
  expect(() => oneCycle({ totalSteps: 3 })).toThrow('the highest rate would be at step');
  expect(() => oneCycle({ totalSteps: 100, warmUpShare: 1 })).toThrow('the highest rate would be at step 99');
});

it('give rates as learningRate, and factors as schedule', () => {
  const rates = cosineDecay({ initialLearningRate: 0.1, decaySteps: 8 });
  const factors = cosineDecay({ decaySteps: 8 });
  expect(adam({ learningRate: rates })).toMatchObject({
    learningRate: 1,
    givesRates: true,
    config: { learningRate: { name: 'cosineDecay', initialLearningRate: 0.1, decaySteps: 8 } },
  });
  expect(() => adam({ learningRate: factors })).toThrow(
    'adam: learningRate is to give rates, but cosineDecay gives factors; set its initialLearningRate',
  );
  expect(() => adam({ schedule: rates })).toThrow(
    'adam: schedule is to give factors of the learning rate, but cosineDecay has an initialLearningRate',
  );
  expect(() => adam({ learningRate: rates, schedule: factors })).toThrow('are both schedules');
  expect(() => warmUp({ steps: 5, next: rates })).toThrow('warmUp: next gives rates, but a warm-up factors');
  expect(() => adam({ learningRate: {} as never })).toThrow('adam: learningRate is an object');
  const pieces = piecewiseConstantDecay({ boundaries: [3], values: [0.1, 0.01] });
  expect(sgd({ learningRate: pieces }).givesRates).toBe(true);
  expect(sgd({ schedule: pieces }).givesRates).toBe(false);
});

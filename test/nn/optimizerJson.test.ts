import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError } from '../../src/errors.ts';
import * as api from '../../src/index.ts';
import { optimizerFromJSON, optimizerToJSON, scheduleFromJSON } from '../../src/nn/json/optimizerFromJSON.ts';
import type { OptimizerJson } from '../../src/nn/json/optimizerFromJSON.ts';
import type { Optimizer } from '../../src/nn/optimizers.ts';
import type { Schedule } from '../../src/nn/schedules.ts';

const cosine = api.cosineDecay({ decaySteps: 100, alpha: 0.1 });
const schedules: Schedule[] = [
  cosine,
  api.cosineDecayRestarts({ firstDecaySteps: 7, tMul: 1, mMul: 0.5, alpha: 0.2 }),
  api.exponentialDecay({ decaySteps: 9, decayRate: 0.5, staircase: true }),
  api.stepDecay({ decaySteps: 4, decayRate: 0.3 }),
  api.piecewiseConstantDecay({ boundaries: [3, 8], values: [1, 0.5, 0] }),
  api.oneCycle({ totalSteps: 50, warmUpShare: 0.2, divFactor: 10, finalDivFactor: 100 }),
  api.inverseTimeDecay({ decaySteps: 4, decayRate: 0.3, staircase: true }),
  api.polynomialDecay({ decaySteps: 4, endLearningRate: 0.1, power: 2, cycle: true }),
  api.cosineDecayRestarts({ firstDecaySteps: 7, tMul: 1.5 }),
  api.warmUp({ steps: 5, from: 0.25 }),
  api.warmUp({ steps: 5, next: api.warmUp({ steps: 3, next: cosine }) }),
];

const rates: Schedule[] = [
  api.cosineDecay({ initialLearningRate: 0.1, decaySteps: 9 }),
  api.cosineDecay({ initialLearningRate: 0, decaySteps: 9, warmupTarget: 0.1, warmupSteps: 3, alpha: 0.5 }),
  api.cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 9 }),
  api.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 9, decayRate: 0.5 }),
  api.inverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 9, decayRate: 0.5 }),
  api.polynomialDecay({ initialLearningRate: 0.1, decaySteps: 9 }),
  api.piecewiseConstantDecay({ boundaries: [3], values: [0.1, 0.05] }),
];

const common = { learningRate: 0.02, weightDecay: 0.1, l1: 0.2, l2: 0.3, ema: { decay: 0.9 } };
const optimizers: Optimizer[] = [
  api.sgd(),
  api.sgd({ ...common, momentum: 0.8, nesterov: true, clipValue: 2 }),
  api.rmsprop({ ...common, rho: 0.8, momentum: 0.3, centered: true, epsilon: 1e-3, globalClipNorm: 2 }),
  api.adagrad({ ...common, initialAccumulatorValue: 0.2, epsilon: 1e-4 }),
  api.adadelta({ ...common, rho: 0.8, epsilon: 1e-4 }),
  api.adam({ ...common, beta1: 0.8, beta2: 0.7, epsilon: 1e-4, amsgrad: true }),
  api.adam(),
  api.adamw({ learningRate: 0.1, weightDecay: 0 }),
  api.adamax({ ...common, beta1: 0.8 }),
  api.nadam({ ...common, beta2: 0.8 }),
  api.lion({ ...common, beta1: 0.7, beta2: 0.6 }),
  api.nadam({ momentumDecay: 0.004 }),
  api.radam({ ...common, beta1: 0.7 }),
  api.ftrl({ ...common, learningRatePower: -0.3, l1RegularizationStrength: 0.2, beta: 0.1 }),
  api.lamb({ ...common, clipNorm: 2 }),
  api.adafactor({ ...common, beta2Decay: -0.5, epsilon1: 1e-20, epsilon2: 0.1, clipThreshold: 2 }),
  api.muon(),
  api.muon({ ...common, adamWeightDecay: 0, excludeLayers: ['output', /^a/], rmsRate: null, nsSteps: 3 }),
  ...schedules.map((schedule) => api.adam({ schedule })),
  ...rates.map((learningRate) => api.adam({ learningRate })),
  api.sgd({ ema: { overwriteFrequency: 7 } }),
  api.adam({ clipNorm: 2, excludeFromWeightDecay: ['bias', /^a|b/], weightDecay: 0.1 }),
  api.adam({ gradientAccumulationSteps: 4, ema: {} }),
];

const range = {
  length: 64,
  segments: [{ variable: { name: 'output.bias', shape: [5, 10] }, offset: 0, size: 50 }],
  firstSegment: 0,
  firstBlock: 0,
};

/** What an optimizer comes to, apart from its dispatches. */
const plain = ({ name, slots, slotNames, averages, hyper, learningRate, givesRates, config }: Optimizer) => ({
  name,
  slots,
  slotNames,
  averages,
  hyper: hyper?.([range]),
  learningRate,
  givesRates,
  config,
});

/** What the kernel gets of it. */
const update = (optimizer: Optimizer) =>
  optimizer.update({
    parameters: { resource: 'p', shape: [64], dtype: 'f32' },
    gradients: { resource: 'g', shape: [64], dtype: 'f32' },
    slots: [],
    state: { resource: 's', shape: [4], dtype: 'u32' },
    hyper: { resource: 'h', shape: [4], dtype: 'f32' },
    ...range,
  });

describe('an optimizer made of JSON', () => {
  it.each(optimizers.map((own) => [JSON.stringify(optimizerToJSON(own)), own] as const))(
    '%s has the same settings, slots and kernel',
    (text, optimizer) => {
      const copy = optimizerFromJSON(text);
      expect(plain(copy)).toEqual(plain(optimizer));
      expect(JSON.stringify(optimizerToJSON(copy))).toBe(text);
      expect(update(copy)).toEqual(update(optimizer));
    },
  );

  it.each([...schedules, ...rates].map((own) => [JSON.stringify(own.config), own] as const))(
    'its schedule %s too',
    (text, schedule) => {
      const copy = scheduleFromJSON(text);
      expect(copy.config).toEqual(schedule.config);
      expect(copy.wgsl('step')).toBe(schedule.wgsl('step'));
      for (let step = 0; step < 60; step++) expect(copy.at(step)).toBe(schedule.at(step));
    },
  );

  it.each([
    [null, /it is null, expected an object/],
    [{ name: 'adam' }, /has no "config"/],
    [{ name: 'adam', config: {}, step: 1 }, /has "step", which is unknown here/],
    [{ name: 'Adam', config: {} }, /no optimizer "Adam"; did you mean "adam"\?/],
    [{ name: 'toString', config: {} }, /no optimizer "toString"/],
    [
      { name: 'adam', config: { lr: 1 } },
      /the optimizer: adam: there is no option "lr"; did you mean "learningRate"\?/,
    ],
    [{ name: 'adam', config: { learningRate: '1' } }, /adam: learningRate is "1"/],
    [{ name: 'adam', config: { learningRate: -1 } }, /adam: learningRate is -1/],
    [{ name: 'adam', config: { amsgrad: 1 } }, /adam: amsgrad is 1; it must be true or false/],
    [{ name: 'sgd', config: { ema: 0.9 } }, /sgd: ema: takes its options by name/],
    [{ name: 'sgd', config: { schedule: { name: 'mine' } } }, /there is no schedule "mine"/],
    [{ name: 'sgd', config: { schedule: 3 } }, /schedule is 3, expected an object/],
    [{ name: 'sgd', config: { learningRate: { name: 'mine' } } }, /there is no schedule "mine"/],
    [
      { name: 'sgd', config: { learningRate: { name: 'cosineDecay', decaySteps: 3 } } },
      /sgd: learningRate is to give rates, but cosineDecay gives factors/,
    ],
    [
      { name: 'sgd', config: { schedule: { name: 'cosineDecay', steps: 3 } } },
      /cosineDecay: there is no option "steps"; did you mean "decaySteps"/,
    ],
    [
      { name: 'sgd', config: { schedule: { name: 'warmUp', steps: 3, next: { name: 'warmUp' } } } },
      /"steps" is missing/,
    ],
  ])('is refused: %j', (json, message) => {
    expect(() => optimizerFromJSON(json as unknown as OptimizerJson)).toThrow(FormatError);
    expect(() => optimizerFromJSON(json as unknown as OptimizerJson)).toThrow(message);
  });

  it('nests schedules only so deep', () => {
    let text = '{"name":"warmUp","steps":2}';
    for (let i = 0; i < 50; i++) text = `{"name":"warmUp","steps":2,"next":${text}}`;
    expect(() => scheduleFromJSON(text)).toThrow('nested more than');
  });

  it('cannot hold a schedule of one’s own that has no JSON', () => {
    const schedule: Schedule = { config: { name: 'mine', factor: () => 1 }, at: () => 1, wgsl: () => '1.0' };
    expect(() => optimizerToJSON(api.sgd({ schedule }))).toThrow(ArgumentError);
    expect(() => optimizerToJSON(api.sgd({ schedule }))).toThrow(
      'sgd: schedule.factor is factor, a function',
    );
  });
});

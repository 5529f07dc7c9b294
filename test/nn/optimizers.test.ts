import { describe, expect, it } from 'vitest';
import {
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  ftrl,
  lamb,
  lion,
  muon,
  nadam,
  radam,
  rmsprop,
  sgd,
  type Optimizer,
} from '../../src/nn/optimizers.ts';
import { loadNames, optimizerOf } from '../../src/nn/registry.ts';
import { square } from '../../src/ops/elementwise/elementwise.ts';
import { read, Variable } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import * as reference from '../reference/optimizers.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { exactTrajectory, gpuTrajectory, problem } from './optimizerProblem.ts';
import { share } from '../helpers/share.ts';

await loadNames();

const cases: [string, Optimizer, (size: number) => reference.Optimizer][] = [
  ['sgd', sgd(), (size) => reference.sgd(size)],
  ['sgd, Nesterov without momentum', sgd({ nesterov: true }), (size) => reference.sgd(size)],
  ['sgd, momentum', sgd({ momentum: 0.9 }), (size) => reference.sgd(size, { momentum: 0.9 })],
  [
    'sgd, Nesterov',
    sgd({ learningRate: 0.05, momentum: 0.8, nesterov: true }),
    (size) => reference.sgd(size, { learningRate: 0.05, momentum: 0.8, nesterov: true }),
  ],
  ['rmsprop', rmsprop(), (size) => reference.rmsprop(size)],
  [
    'rmsprop, own settings',
    rmsprop({ learningRate: 0.01, rho: 0.5, epsilon: 1e-3 }),
    (size) => reference.rmsprop(size, { learningRate: 0.01, rho: 0.5, epsilon: 1e-3 }),
  ],
  ['adadelta', adadelta(), (size) => reference.adadelta(size)],
  [
    'adadelta, own settings',
    adadelta({ learningRate: 0.5, rho: 0.9, epsilon: 1e-4 }),
    (size) => reference.adadelta(size, { learningRate: 0.5, rho: 0.9, epsilon: 1e-4 }),
  ],
  ['adam', adam(), (size) => reference.adam(size)],
  [
    'adam, as for a GAN',
    adam({ learningRate: 2e-4, beta1: 0.5 }),
    (size) => reference.adam(size, { learningRate: 2e-4, beta1: 0.5 }),
  ],
  [
    'adam without memory',
    adam({ learningRate: 0.01, beta1: 0, beta2: 0, epsilon: 0.1 }),
    (size) => reference.adam(size, { learningRate: 0.01, beta1: 0, beta2: 0, epsilon: 0.1 }),
  ],
  [
    'rmsprop, centered',
    rmsprop({ learningRate: 0.003, centered: true }),
    (size) => reference.rmsprop(size, { learningRate: 0.003, centered: true }),
  ],
  ['rmsprop with momentum', rmsprop({ momentum: 0.8 }), (size) => reference.rmsprop(size, { momentum: 0.8 })],
  [
    'rmsprop, centered, with momentum',
    rmsprop({ rho: 0.8, centered: true, momentum: 0.5, epsilon: 1e-4 }),
    (size) => reference.rmsprop(size, { rho: 0.8, centered: true, momentum: 0.5, epsilon: 1e-4 }),
  ],
  ['adagrad', adagrad(), (size) => reference.adagrad(size)],
  [
    'adagrad from 0',
    adagrad({ learningRate: 0.05, initialAccumulatorValue: 0, epsilon: 1e-4 }),
    (size) => reference.adagrad(size, { learningRate: 0.05, initialAccumulatorValue: 0, epsilon: 1e-4 }),
  ],
  [
    'adam, AMSGrad',
    adam({ learningRate: 0.05, beta2: 0.5, amsgrad: true }),
    (size) => reference.adam(size, { learningRate: 0.05, beta2: 0.5, amsgrad: true }),
  ],
  ['adamax', adamax(), (size) => reference.adamax(size)],
  [
    'adamax, own settings',
    adamax({ learningRate: 0.01, beta1: 0.5, beta2: 0.9, epsilon: 0.05 }),
    (size) => reference.adamax(size, { learningRate: 0.01, beta1: 0.5, beta2: 0.9, epsilon: 0.05 }),
  ],
  ['nadam', nadam(), (size) => reference.nadam(size)],
  [
    'nadam, own settings',
    nadam({ learningRate: 0.01, beta1: 0.99, beta2: 0.9, epsilon: 0.01 }),
    (size) => reference.nadam(size, { learningRate: 0.01, beta1: 0.99, beta2: 0.9, epsilon: 0.01 }),
  ],
  ['lion', lion(), (size) => reference.lion(size)],
  [
    'lion, own settings',
    lion({ learningRate: 0.02, beta1: 0.5, beta2: 0.8 }),
    (size) => reference.lion(size, { learningRate: 0.02, beta1: 0.5, beta2: 0.8 }),
  ],
  ['adamw', adamw(), (size) => reference.adamW(size)],
  [
    'adamw, own settings',
    adamw({ learningRate: 0.01, weightDecay: 0.1 }),
    (size) => reference.adamW(size, { learningRate: 0.01, weightDecay: 0.1 }),
  ],
];

it.each(share(cases, 2, 0))('%s: ten steps equal those in float64', async (_name, optimizer, exact) => {
  const data = await problem();
  const found = await gpuTrajectory(data, optimizer, 10);
  const expected = exactTrajectory(data, exact, 10).weights;
  found.forEach((weights, step) =>
    weights.forEach((values, i) => {
      expect(values, `variable ${i} after step ${step}`).toBeAllClose(expected[step][i], {
        rtol: 1e-5,
        atol: 1e-6,
      });
    }),
  );
});

it.each([
  [
    'adam',
    adam({ learningRate: 0.01 }),
    (size: number) => reference.adam(size, { learningRate: 0.01 }),
    [5, 6, 7, 8, 100, 299],
  ],
  [
    'nadam',
    nadam({ learningRate: 0.01, beta1: 0.999 }),
    (size: number) => reference.nadam(size, { learningRate: 0.01, beta1: 0.999 }),
    [100, 253, 254, 255, 256, 299],
  ],
] as const)(
  '%s stays exact over 300 steps, beyond those that need care',
  async (_, optimizer, exact, steps) => {
    const data = await problem();
    const found = await gpuTrajectory(data, optimizer, 300);
    const expected = exactTrajectory(data, exact, 300).weights;
    for (const step of steps) {
      found[step].forEach((values, i) => {
        expect(values, `variable ${i} after step ${step}`).toBeAllClose(expected[step][i], {
          rtol: 1e-4,
          atol: 1e-5,
        });
      });
    }
  },
);

it('leaves a parameter without gradient where it is', async () => {
  const all = [
    sgd({ momentum: 0.9 }),
    rmsprop(),
    rmsprop({ centered: true, momentum: 0.5 }),
    adagrad({ initialAccumulatorValue: 0 }),
    adadelta(),
    adam(),
    adamax(),
    nadam(),
    lion(),
    radam(),
    lamb(),
    adafactor(),
    muon({ weightDecay: 0, adamWeightDecay: 0 }),
  ];
  for (const optimizer of all) {
    const data = await problem();
    const still = { ...data, targets: data.start };
    const weights = (await gpuTrajectory(still, optimizer, 5)).at(-1)!;
    weights.forEach((values, i) => expect(values).toEqual(Float32Array.from(data.start[i].data)));
  }
});

it('takes a new learning rate from the next step on', async () => {
  const data = await problem();
  const found = await gpuTrajectory(data, sgd({ learningRate: 0.02 }), 3, {
    beforeStep: (step, minimizer) => {
      if (step === 2) minimizer.learningRate = 0;
    },
  });
  expect(found[2]).toEqual(found[1]);
  expect(found[1]).not.toEqual(found[0]);
});

it('gives the same bits in every run', async () => {
  const once = async () => gpuTrajectory(await problem(), adam(), 5);
  expect(await once()).toEqual(await once());
});

describe('one dispatch', () => {
  const operand = (length: number) => ({ resource: 'flat', shape: [length], dtype: 'f32' as const });
  const update = (optimizer: Optimizer, length: number) =>
    optimizer.update({
      parameters: operand(length),
      gradients: operand(length),
      slots: Array.from({ length: optimizer.slots }, () => operand(length)),
      state: { resource: 'state', shape: [4], dtype: 'u32' },
      hyper: { resource: 'hyper', shape: [16], dtype: 'f32' },
      length,
      segments: [{ variable: { name: 'w', shape: [length] }, offset: 0, size: length }],
      firstSegment: 0,
      firstBlock: 0,
    });

  it('is split in two dimensions where one has too few workgroups', () => {
    expect(update(adam(), 64).workgroups).toEqual([1, 1, 1]);
    const [x, y, z] = update(adam(), 2 ** 28).workgroups;
    expect(x * y * z * 1024).toBeGreaterThanOrEqual(2 ** 28);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
  });

  it('reaches every parameter through a grid of two dimensions', async () => {
    const folded: Optimizer = {
      ...sgd({ learningRate: 0.25 }),
      update(operands) {
        const dispatch = sgd().update(operands);
        const [groups] = dispatch.workgroups;
        const constants = { ...dispatch.constants, GRID_X: 7 };
        return { ...dispatch, constants, workgroups: [7, Math.ceil(groups / 7), 1] };
      },
    };
    const gpu = await testGpu();
    const variable = new Variable({
      name: 'large',
      shape: [200_001],
      initialize: (values) => void values.fill(1),
    });
    const program = await gpu.compile((g) => {
      g.minimize(reduceSum(square(read(variable))), [variable], folded);
      return {};
    });
    await program.step();
    await program.finish();
    const values = await gpu.variables.read(variable);
    expect(values.findIndex((value) => value !== 0.5)).toBe(-1);
    program.destroy();
  });
});

it('has a name for each', () => {
  const names = [
    'sgd',
    'rmsprop',
    'adagrad',
    'adadelta',
    'adam',
    'adamw',
    'adamax',
    'nadam',
    'lion',
    'ftrl',
    'radam',
    'lamb',
    'adafactor',
    'muon',
  ] as const;
  for (const name of names) expect(optimizerOf(name).name).toBe(name);
});

it('keeps its settings for summaries and checkpoints', () => {
  expect(adam()).toMatchObject({
    name: 'adam',
    slots: 2,
    learningRate: 0.001,
    config: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  });
  expect(adamw().config).toMatchObject({ weightDecay: 0.004 });
  expect(sgd().config).toEqual({ learningRate: 0.01, momentum: 0, nesterov: false });
  expect(rmsprop().config).toEqual({
    learningRate: 0.001,
    rho: 0.9,
    momentum: 0,
    centered: false,
    epsilon: 1e-7,
  });
});

it('refuses settings out of range, with the value', () => {
  expect(() => sgd({ learningRate: -1 })).toThrow(
    'sgd: learningRate is -1; it must be a finite number of at least 0',
  );
  expect(() => sgd({ learningRate: NaN })).toThrow('learningRate is NaN');
  expect(() => sgd({ learningRate: Infinity })).toThrow('learningRate is Infinity');
  expect(() => sgd({ momentum: 1 })).toThrow('momentum is 1; it must be at least 0 and below 1');
  expect(() => rmsprop({ rho: 1.5 })).toThrow('rho is 1.5');
  expect(() => adam({ beta2: 1 })).toThrow('adam: beta2 is 1');
  expect(() => adam({ epsilon: 0 })).toThrow('adam: epsilon is 0');
  expect(() => rmsprop({ momentum: 1 })).toThrow('rmsprop: momentum is 1');
  expect(() => adagrad({ initialAccumulatorValue: -1 })).toThrow('adagrad: initialAccumulatorValue is -1');
  expect(() => adadelta({ rho: -0.1 })).toThrow('adadelta: rho is -0.1');
  expect(() => adamax({ beta1: 2 })).toThrow('adamax: beta1 is 2');
  expect(() => nadam({ epsilon: 1e-60 })).toThrow('nadam: epsilon is 1e-60');
  expect(() => lion({ beta2: 1 })).toThrow('lion: beta2 is 1');
  expect(() => nadam({ momentumDecay: 2 })).toThrow('nadam: momentumDecay is 2; it must be from 0 to 1');
  expect(() => ftrl({ learningRate: 0 })).toThrow('ftrl: learningRate is 0, but the rule divides by it');
  expect(() => ftrl({ learningRatePower: 1 })).toThrow('ftrl: learningRatePower is 1');
  expect(() => ftrl({ beta: -1 })).toThrow('ftrl: beta is -1');
  expect(() => radam({ beta2: 1 })).toThrow('radam: beta2 is 1');
  expect(() => lamb({ epsilon: 0 })).toThrow('lamb: epsilon is 0');
  expect(() => adafactor({ beta2Decay: 0 })).toThrow('adafactor: beta2Decay is 0');
  expect(() => adafactor({ clipThreshold: 0 })).toThrow('adafactor: clipThreshold is 0');
  expect(() => muon({ nsSteps: 0 })).toThrow('muon: nsSteps is 0; it must be a whole number from 1');
  expect(() => muon({ momentum: 1 })).toThrow('muon: momentum is 1');
  expect(() => muon({ muonA: NaN })).toThrow('muon: muonA is NaN; it must be a finite number');
  expect(() => muon({ excludeLayers: ['('] })).toThrow('muon: excludeLayers[0] is "("');
  expect(() => adam({ learningRate: 1e39 })).toThrow('adam: learningRate is 1e+39');
  expect(() => adamw({ weightDecay: -0.1 })).toThrow('adamw: weightDecay is -0.1');
});

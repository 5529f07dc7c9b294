import { describe, expect, it } from 'vitest';
import { adadelta, adagrad, rmsprop } from '../../src/nn/optimizers/meanSquares.ts';
import { adam, adamax, nadam } from '../../src/nn/optimizers/adam.ts';
import { adafactor } from '../../src/nn/optimizers/adafactor.ts';
import { ftrl } from '../../src/nn/optimizers/ftrl.ts';
import { lamb } from '../../src/nn/optimizers/lamb.ts';
import { lion } from '../../src/nn/optimizers/lion.ts';
import { muon } from '../../src/nn/optimizers/muon.ts';
import { radam } from '../../src/nn/optimizers/radam.ts';
import { sgd } from '../../src/nn/optimizers/sgd.ts';
import { type CommonOptions } from '../../src/nn/optimizers/common.ts';
import { type Optimizer } from '../../src/nn/optimizers/optimizer.ts';
import { cosineDecay, warmUp } from '../../src/nn/schedules.ts';
import { add, multiply, square } from '../../src/ops/elementwise/elementwise.ts';
import { constant, read, Variable } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Minimizer } from '../../src/runtime/minimizer.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import * as layerwise from '../reference/layerwiseOptimizers.ts';
import * as reference from '../reference/optimizers.ts';
import * as schedules from '../reference/schedules.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { share } from '../helpers/share.ts';
import { exactTrajectory, gpuTrajectory, problem, shapes, stepProgram } from './optimizerProblem.ts';

type Rule = [
  name: string,
  make: (options: CommonOptions & { learningRate: number }) => Optimizer,
  exact: (size: number, options: { learningRate: number }) => reference.Optimizer,
];
const rules: Rule[] = [
  ['sgd', sgd, reference.sgd],
  [
    'momentum',
    (options) => sgd({ ...options, momentum: 0.9 }),
    (size, options) => reference.sgd(size, { ...options, momentum: 0.9 }),
  ],
  ['rmsprop', rmsprop, reference.rmsprop],
  [
    'rmsprop, centered, with momentum',
    (options) => rmsprop({ ...options, centered: true, momentum: 0.5 }),
    (size, options) => reference.rmsprop(size, { ...options, centered: true, momentum: 0.5 }),
  ],
  ['adagrad', adagrad, reference.adagrad],
  ['adadelta', adadelta, reference.adadelta],
  ['adam', adam, reference.adam],
  [
    'adam, AMSGrad',
    (options) => adam({ ...options, amsgrad: true }),
    (size, options) => reference.adam(size, { ...options, amsgrad: true }),
  ],
  ['adamax', adamax, reference.adamax],
  ['nadam', nadam, reference.nadam],
  ['lion', lion, reference.lion],
  ['ftrl', ftrl, reference.ftrl],
  ['radam', radam, reference.radam],
  ['lamb', lamb, (_, options) => layerwise.lamb(shapes, options)],
  ['adafactor', adafactor, (_, options) => layerwise.adafactor(shapes, options)],
  [
    'muon',
    (options) => muon({ ...options, adamWeightDecay: options.weightDecay, excludeLayers: ['w4'] }),
    (_, options) => layerwise.muon(shapes, options),
  ],
];

/** Dispatches of rules that look at each variable as a whole, beside trial, verdict and update. */
const MORE: Readonly<Record<string, number>> = { lamb: 5, adafactor: 16, muon: 45 };

/** Everything at once, but for the two ways to clip. */
const everything = {
  learningRate: 0.01,
  schedule: warmUp({ steps: 3, from: 0.1, next: cosineDecay({ decaySteps: 9, alpha: 0.2 }) }),
  weightDecay: 0.3,
  l1: 0.05,
  l2: 0.02,
  ema: { decay: 0.8 },
};
const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
const excludeFromWeightDecay = ['w[024]$'];
const isExcluded = (variable: number) => variable % 2 === 0;
const schedule = schedules.warmUp(3, 0.1, schedules.cosineDecay(9, 0.2));

/** Ten steps of weights and averages against float64. */
async function check(
  optimizer: Optimizer,
  exact: (size: number) => reference.Optimizer,
  software = true,
  isApart = false,
): Promise<void> {
  const data = await problem(software);
  // Memory of their own makes several ranges of the variables.
  if (isApart) for (const i of [2, 4]) data.gpu.variables.allocate([data.variables[i]], 'apart');
  const averages: Float32Array[][] = [];
  const found = await gpuTrajectory(data, optimizer, 10, {
    afterStep: async (_, minimizer) => {
      if (!optimizer.averages) return;
      const slots = await minimizer.readSlots(data.gpu.variables);
      averages.push(data.variables.map((variable) => slots.get(variable)!.at(-1)!));
    },
  });
  const expected = exactTrajectory(data, exact, 10);
  const tolerance = { rtol: 1e-5, atol: 1e-6 };
  found.forEach((weights, step) =>
    weights.forEach((values, i) => {
      expect(values, `variable ${i} after step ${step}`).toBeAllClose(expected.weights[step][i], tolerance);
    }),
  );
  averages.forEach((weights, step) =>
    weights.forEach((values, i) => {
      const exactly = expected.averages[step][i];
      expect(values, `average ${i} after step ${step}`).toBeAllClose(exactly, tolerance);
    }),
  );
  expect(averages.length).toBe(optimizer.averages ? 10 : 0);
}

/** What every option comes to in the reference. */
const exactly = (options: CommonOptions): reference.Options => ({
  ...(options as Partial<reference.Options>),
  ...everything,
  schedule,
  sizes,
  ...(options.excludeFromWeightDecay && { isExcluded }),
});

const clips: [string, CommonOptions][] = [
  ['clipped by value', { clipValue: 0.4 }],
  ['clipped by the global norm', { globalClipNorm: 3 }],
  ['with the mean of three gradients', { gradientAccumulationSteps: 3, clipNorm: 2, excludeFromWeightDecay }],
];
describe.each(rules.map((rule, i) => [...rule, i] as const))('%s', (_, make, exact, i) => {
  it.each(share(clips, 6, i))(
    '%s, with all other options: ten steps equal those in float64',
    async (_, clip) => {
      await check(make({ ...everything, ...clip }), (size) =>
        reference.withOptions(exact(size, everything), size, exactly(clip)),
      );
    },
  );
});

const single: [string, CommonOptions, Partial<reference.Options>?][] = [
  ['schedule', { schedule: everything.schedule }, { schedule }],
  ['weightDecay', { weightDecay: 0.5 }],
  ['l1', { l1: 0.1 }],
  ['l2', { l2: 0.1 }],
  ['clipValue', { clipValue: 0.25 }],
  ['globalClipNorm', { globalClipNorm: 0.5 }],
  ['a globalClipNorm that is not reached', { globalClipNorm: 1e6 }],
  ['clipNorm', { clipNorm: 0.25 }, { sizes }],
  ['a clipNorm that is not reached', { clipNorm: 1e6 }, { sizes }],
  ['excludeFromWeightDecay', { weightDecay: 0.5, excludeFromWeightDecay }, { sizes, isExcluded }],
  ['gradientAccumulationSteps', { gradientAccumulationSteps: 4 }],
  ['gradientAccumulationSteps with ema', { gradientAccumulationSteps: 3, ema: { decay: 0.8 } }],
  ['ema with overwriteFrequency', { ema: { decay: 0.8, overwriteFrequency: 3 } }],
  ['ema', { ema: { decay: 0.9 } }],
  ['ema without memory', { ema: { decay: 0 } }],
];
const plain = [
  [sgd, reference.sgd],
  [adam, reference.adam],
] as const;
it.each(share(single, 2, 0))(
  '%s alone: ten steps equal those in float64',
  async (name, options, own = {}) => {
    const turn = single.findIndex((each) => each[0] === name);
    for (const [make, exact] of share(plain, 2, turn)) {
      await check(make({ learningRate: 0.02, ...options }), (size) => {
        const exactly = { ...(options as reference.Options), learningRate: 0.02, ...own };
        return reference.withOptions(exact(size, { learningRate: 0.02 }), size, exactly);
      });
    }
  },
);

it('the norm is the same sum in a tree, on a GPU', async () => {
  const options = { learningRate: 0.02, globalClipNorm: 0.7, l1: 0.3 };
  const exact = (size: number) => reference.withOptions(reference.sgd(size, options), size, options);
  await check(sgd(options), exact, false);
});

it('the norms of the variables are the same sums in a tree, on a GPU', async () => {
  const options = { learningRate: 0.02, clipNorm: 0.7, l1: 0.3, sizes };
  const exact = (size: number) => reference.withOptions(reference.sgd(size, options), size, options);
  await check(sgd({ learningRate: 0.02, clipNorm: 0.7, l1: 0.3 }), exact, false);
});

it.each(
  share(
    rules.filter(([name]) => name in MORE),
    2,
    0,
  ),
)('%s: ten steps on a GPU equal those in float64', async (_, make, exact) => {
  const options = { clipNorm: 2, excludeFromWeightDecay };
  await check(
    make({ ...everything, ...options }),
    (size) => reference.withOptions(exact(size, everything), size, exactly(options)),
    false,
  );
});

it.each(
  share(
    rules.filter(([name]) => name in MORE || name === 'adam'),
    2,
    1,
  ),
)('%s: ten steps of variables that lie apart equal those in float64', async (_, make, exact) => {
  const options = { clipNorm: 2, excludeFromWeightDecay, gradientAccumulationSteps: 2 };
  await check(
    make({ ...everything, ...options }),
    (size) => reference.withOptions(exact(size, everything), size, exactly(options)),
    true,
    true,
  );
});

it.each([true, false])('muon of matrices of many tiles, without a GPU: %s', async (software) => {
  const large = [
    [130, 200],
    [257, 64],
    [96, 96],
  ];
  const data = await problem(software, large);
  const found = await gpuTrajectory(data, muon({ learningRate: 0.05, weightDecay: 0 }), 3);
  const expected = exactTrajectory(data, () => layerwise.muon(large, { learningRate: 0.05 }), 3).weights;
  found.forEach((weights, step) =>
    weights.forEach((values, i) =>
      expect(values, `variable ${i} after step ${step}`).toBeAllClose(expected[step][i], { rtol: 1e-4 }),
    ),
  );
});

it('no kernel of an optimizer binds more than the eight buffers that every GPU has', async () => {
  for (const [name, make] of rules) {
    const all = { ...everything, clipNorm: 3, excludeFromWeightDecay, gradientAccumulationSteps: 2 };
    const { program } = await stepProgram(await problem(), make(all));
    const dispatches = program.build.dispatches.filter(({ label }) => label.startsWith('optimizer'));
    expect([name, Math.max(...dispatches.map(({ bindings }) => bindings.length)) <= 8]).toEqual([name, true]);
    program.destroy();
  }
});

it('a name that no variable has is an error, with those that there are', async () => {
  const data = await problem();
  await expect(
    stepProgram(data, adam({ weightDecay: 0.1, excludeFromWeightDecay: ['bias', /gama/] })),
  ).rejects.toThrow(
    'adam: excludeFromWeightDecay is [/bias/, /gama/], which no variable has in its name; they are w0, w1, w2',
  );
  await expect(stepProgram(data, muon({ excludeLayers: ['output'] }))).rejects.toThrow(
    'muon: excludeLayers is [/output/], which no variable has in its name; they are w0',
  );
});

describe('the norm of the gradients', () => {
  it('can be read, before clipping, and counts all parameters once', async () => {
    const gpu = await testGpu();
    const sizes = [1, 63, 4096, 100_003];
    const variables = sizes.map(
      (size, i) =>
        new Variable({ name: `w${i}`, shape: [size], initialize: (values) => void values.fill(i + 1) }),
    );
    // Memory of their own makes several ranges of them.
    gpu.variables.allocate([variables[2]], 'apart');
    let minimizer!: Minimizer;
    const program = await gpu.compile((g) => {
      const loss = variables.map((variable) => reduceSum(square(read(variable)))).reduce(add);
      minimizer = g.minimize(loss, variables, sgd({ learningRate: 0.5, globalClipNorm: 10 }));
      return {};
    });
    const labels = program.commands
      .map(({ label }) => label)
      .filter((label) => label.startsWith('optimizer'));
    expect(labels).toEqual([
      'optimizer/sgd.normPartials',
      'optimizer/sgd.normPartials',
      'optimizer/sgd.norm',
      'optimizer/sgd.trial',
      'optimizer/sgd.trial',
      'optimizer.verdict',
      'optimizer/sgd',
      'optimizer/sgd',
    ]);
    await program.step();
    await program.finish();
    const norm = 2 * Math.sqrt(sizes.reduce((sum, size, i) => sum + size * (i + 1) ** 2, 0));
    expect((await minimizer.gradientNorm()) / norm).toBeCloseTo(1, 6);
    for (const [i, variable] of variables.entries()) {
      const value = i + 1;
      const expected = new Float64Array(sizes[i]).fill(value - (0.5 * 2 * value * 10) / norm);
      expect(await gpu.variables.read(variable)).toBeAllClose(expected, { rtol: 1e-6 });
    }
    program.destroy();
    gpu.release(minimizer);
  });

  const patterns: [string, (i: number) => number][] = [
    ['1e30, whose squares overflow', () => 1e30],
    ['1e-30, whose squares underflow', () => 1e-30],
    ['3e38, whose norm overflows', () => 3e38],
    ['around 2^40 and 2^-40', (i) => 2 ** (i % 2 ? 40 : -40) * (1 + (i % 5))],
    ['from 1e-37 to 1e38', (i) => 10 ** ((i % 76) - 37)],
    ['from 1e-37 to 1e-13', (i) => 10 ** ((i % 25) - 37)],
    ['zeros and one 1e25', (i) => (i === 70 ? 1e25 : 0)],
    ['zeros', () => 0],
  ];
  const limits = [1, 1e-30, 1e30];
  it.each(patterns.flatMap(([name, value]) => limits.map((limit) => [name, limit, value] as const)))(
    'of gradients of %s is exact, and clips to %f',
    async (_, limit, value) => {
      for (const software of [true, false]) {
        const gpu = await testGpu(software);
        const size = 1000;
        const gradient = Float32Array.from({ length: size }, (_, i) => (i % 3 ? value(i) : -value(i)));
        const start = 1e-3;
        const variable = new Variable({ name: 'w', shape: [size], initialize: (w) => void w.fill(start) });
        let minimizer!: Minimizer;
        const program = await gpu.compile((g) => {
          const loss = reduceSum(multiply(read(variable), constant(gradient)));
          const learningRate = 1 / limit; // so that a step is of length 1
          minimizer = g.minimize(loss, [variable], sgd({ learningRate, globalClipNorm: limit }));
          return {};
        });
        await program.step();
        await program.finish();
        const norm = Math.hypot(...gradient);
        const found = await minimizer.gradientNorm();
        expect(norm === 0 ? found : found / norm).toBeCloseTo(norm === 0 ? 0 : 1, 5);
        const factor = norm > limit ? 1 / norm : 1 / limit;
        expect(await gpu.variables.read(variable)).toBeAllClose(
          Float64Array.from(gradient, (g) => start - g * factor),
          { rtol: 1e-5, atol: 1e-7 },
        );
        program.destroy();
        gpu.release(minimizer);
      }
    },
  );

  it('gives the same bits in every run', async () => {
    const once = async () => gpuTrajectory(await problem(), adam({ globalClipNorm: 1 }), 5);
    expect(await once()).toEqual(await once());
  });

  it('is not there without globalClipNorm', async () => {
    const { program, minimizer } = await stepProgram(await problem(), sgd({ clipValue: 1 }));
    await expect(minimizer.gradientNorm()).rejects.toThrow(
      'sgd: computes no gradient norm; set the optimizer’s globalClipNorm'.replace('’', "'"),
    );
    program.destroy();
  });
});

describe.each(rules)('%s', (name, make) => {
  const more = MORE[name] ?? 0;
  it('takes a trial, a verdict and one dispatch with all options, two more with the global norm', async () => {
    const count = async (options: CommonOptions) => {
      const { program } = await stepProgram(await problem(), make({ ...everything, ...options }));
      program.destroy();
      return program.commands.filter(({ label }) => label.startsWith('optimizer')).length;
    };
    expect(await count({ clipValue: 0.4 })).toBe(3 + more);
    expect(await count({ globalClipNorm: 3 })).toBe(5 + more);
    expect(await count({ clipNorm: 3 })).toBe(5 + more);
    expect(await count({ clipValue: 0.4, excludeFromWeightDecay })).toBe(3 + more);
    expect(await count({ clipValue: 0.4, gradientAccumulationSteps: 2 })).toBe(5 + more);
  });

  it('leaves the gaps between the tensors zero, in weights and memory', async () => {
    const data = await problem();
    const all = { ...everything, clipNorm: 3, excludeFromWeightDecay, gradientAccumulationSteps: 2 };
    const { program, minimizer } = await stepProgram(data, make(all));
    for (let step = 0; step < 10; step++) await program.step();
    minimizer.swapAverages();
    minimizer.swapAverages();
    await program.step();
    await program.finish();
    const own = data.variables.map((variable) => data.gpu.variables.location(variable));
    const gaps = await gapsOf(data.gpu, minimizer, own);
    expect(gaps.size).toBe(2 + minimizer.optimizer.slots); // weights, gradients, memory
    for (const [name, values] of gaps) {
      expect([name, values.length > 100, values.find((value) => value !== 0)]).toEqual([
        name,
        true,
        undefined,
      ]);
    }
    program.destroy();
  });
});

/** The values between the variables in each flat buffer of a minimizer. */
async function gapsOf(
  gpu: Gpu,
  minimizer: Minimizer,
  variables: readonly { offset: number; bytes: number }[],
): Promise<Map<string, number[]>> {
  const start = Math.min(...variables.map(({ offset }) => offset));
  const gaps = new Map<string, number[]>();
  for (const [{ resource }, { buffer, offset, bytes }] of minimizer.resources) {
    if (resource.startsWith('hyper')) continue;
    const values = new Float32Array(await gpu.device.read(buffer, offset, bytes));
    const isGap = (index: number) =>
      !variables.some((own) => index * 4 >= own.offset - start && index * 4 < own.offset - start + own.bytes);
    gaps.set(
      resource,
      [...values].filter((_, index) => isGap(index)),
    );
  }
  return gaps;
}

it('options show in the configuration where they are set', () => {
  expect(sgd({ l2: 0.1, globalClipNorm: 1, ema: { decay: 0.9 } }).config).toEqual({
    learningRate: 0.01,
    momentum: 0,
    nesterov: false,
    l2: 0.1,
    globalClipNorm: 1,
    ema: { decay: 0.9 },
  });
  expect(adam({ schedule: cosineDecay({ decaySteps: 5 }) }).config.schedule).toEqual({
    name: 'cosineDecay',
    decaySteps: 5,
    alpha: 0,
  });
  expect(adam({ amsgrad: true, ema: { decay: 0.9 } })).toMatchObject({
    slots: 4,
    slotNames: ['mean', 'mean_square', 'largest', 'averages'],
  });
});

it('refuses options out of range, with the value', () => {
  expect(() => sgd({ weightDecay: -1 })).toThrow(
    'sgd: weightDecay is -1; it must be a finite number of at least 0',
  );
  expect(() => adam({ l1: NaN })).toThrow('adam: l1 is NaN');
  expect(() => adam({ l2: Infinity })).toThrow('adam: l2 is Infinity');
  expect(() => lion({ clipValue: 0 })).toThrow('lion: clipValue is 0');
  expect(() => nadam({ globalClipNorm: -2 })).toThrow('nadam: globalClipNorm is -2');
  expect(() => nadam({ globalClipNorm: 2, clipValue: 1 })).toThrow(
    'nadam: clipValue and globalClipNorm are both set; choose one of them',
  );
  expect(() => sgd({ clipNorm: 1, clipValue: 1 })).toThrow('clipValue and clipNorm are both set');
  expect(() => sgd({ clipNorm: 0 })).toThrow('sgd: clipNorm is 0');
  expect(() => sgd({ gradientAccumulationSteps: 1 })).toThrow(
    'sgd: gradientAccumulationSteps is 1; it must be a whole number from 2',
  );
  expect(() => sgd({ excludeFromWeightDecay: 'bias' as never })).toThrow(
    'sgd: excludeFromWeightDecay is "bias"; give a list',
  );
  expect(() => sgd({ excludeFromWeightDecay: ['('] })).toThrow('excludeFromWeightDecay[0] is "("');
  expect(() => sgd({ excludeFromWeightDecay: [/bias/i] })).toThrow('excludeFromWeightDecay[0] is /bias/i');
  expect(sgd({ excludeFromWeightDecay: [/a|b/, 'c'] }).config.excludeFromWeightDecay).toEqual(['a|b', 'c']);
  expect(() => sgd({ ema: { overwriteFrequency: 0 } })).toThrow('ema.overwriteFrequency is 0');
  expect(() => sgd({ ema: { decay: 1 } })).toThrow('sgd: ema.decay is 1; it must be at least 0 and below 1');
});

it('the rate at a step is the base rate times the schedule', async () => {
  const { program, minimizer } = await stepProgram(await problem(), sgd(everything));
  expect(minimizer.learningRateAt(0)).toBeCloseTo(0.001, 12);
  minimizer.learningRate = 2;
  expect(minimizer.learningRateAt(3)).toBe(2);
  expect(minimizer.learningRateAt(1e6)).toBeCloseTo(0.4, 12);
  program.destroy();
});

it('regularisation alone pulls the weights to 0: sign for l1, share for l2', async () => {
  const gpu = await testGpu();
  const start = Float32Array.of(0.5, -0.5, 0, 2);
  for (const [options, expected] of [
    [{ l1: 0.1 }, [0.4, -0.4, 0, 1.9]],
    [{ l2: 0.1 }, [0.4, -0.4, 0, 1.6]],
  ] as const) {
    const variable = new Variable({ name: 'w', shape: [4], initialize: (values) => values.set(start) });
    const program = await gpu.compile((g) => {
      const nothing = reduceSum(multiply(read(variable), 0));
      g.minimize(nothing, [variable], sgd({ learningRate: 1, ...options }));
      return {};
    });
    await program.step();
    await program.finish();
    expect(await gpu.variables.read(variable)).toBeAllClose([...expected], { rtol: 1e-6 });
    program.destroy();
  }
});

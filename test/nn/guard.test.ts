import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { NumericError } from '../../src/errors.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { dropout } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  lion,
  nadam,
  rmsprop,
  sgd,
} from '../../src/nn/optimizers.ts';
import type { CommonOptions, Optimizer } from '../../src/nn/optimizers.ts';
import { cosineDecay, warmUp } from '../../src/nn/schedules.ts';
import { add, log, multiply, negate, square } from '../../src/ops/elementwise/elementwise.ts';
import { input, read, Variable } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import type { Minimizer } from '../../src/runtime/minimizer.ts';
import type { Program } from '../../src/runtime/program.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { compiledTinyGan, arc } from './ganFixtures.ts';
import { clusters, weightsOf } from './modelFixtures.ts';

const shared: CommonOptions = {
  schedule: warmUp({ steps: 4, from: 0.1, next: cosineDecay({ decaySteps: 20 }) }),
  weightDecay: 0.01,
  l1: 1e-4,
  l2: 1e-3,
  ema: { decay: 0.7 },
};
type Rule = [name: string, make: (options: CommonOptions & { learningRate?: number }) => Optimizer];
const rules: Rule[] = [
  ['sgd', sgd],
  ['momentum', (options) => sgd({ ...options, momentum: 0.9 })],
  ['nesterov', (options) => sgd({ ...options, momentum: 0.9, nesterov: true })],
  ['rmsprop', rmsprop],
  ['rmsprop, centered', (options) => rmsprop({ ...options, centered: true, momentum: 0.5 })],
  ['adagrad', adagrad],
  ['adadelta', adadelta],
  ['adam', adam],
  ['amsgrad', (options) => adam({ ...options, amsgrad: true })],
  ['adamw', adamw],
  ['adamax', adamax],
  ['nadam', nadam],
  ['lion', lion],
];

const shapes = [[3, 5], [65], [2]];

/** What some work is refused with, which has to be a NumericError. */
async function errorOf(work: PromiseLike<unknown>): Promise<NumericError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof NumericError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Σ c w²: the gradient is 2 c w, and c is written before each step. */
class Own {
  readonly slopes = shapes.map((shape, i) => input(`slope ${i}`, shape));
  readonly variables = shapes.map(
    (shape, i) =>
      new Variable({
        name: `w${i}`,
        shape,
        initialize: (values) => values.forEach((_, j) => (values[j] = Math.cos(i + j) + 2)),
      }),
  );
  gpu!: Gpu;
  program!: Program;
  minimizer!: Minimizer;

  async compile(optimizer: Optimizer, software = true): Promise<this> {
    this.gpu = await testGpu(software);
    this.program = await this.gpu.compile((g) => {
      const terms = this.slopes.map((c, i) => reduceSum(multiply(c, square(read(this.variables[i])))));
      this.minimizer = g.minimize(terms.reduce(add), this.variables, optimizer);
      return {};
    });
    return this;
  }

  /** A step with finite slopes, but for one in the tensor `bad`. */
  async step(number: number, bad?: number, value = 1): Promise<void> {
    this.slopes.forEach((slope, i) => {
      const values = Float32Array.from({ length: shapes[i].reduce((a, b) => a * b) }, (_, j) =>
        Math.sin(number + j),
      );
      if (i === bad) values[values.length - 1] = value;
      this.program.write(slope, values);
    });
    await this.program.step();
  }

  /** Every bit of weights and memory. */
  async bits(): Promise<Uint32Array[]> {
    const weights = await this.gpu.variables.readAll(this.variables);
    const slots = await this.minimizer.readSlots(this.gpu.variables);
    return this.variables.flatMap((variable) =>
      [weights.get(variable)!, ...slots.get(variable)!].map(
        (values) => new Uint32Array(values.slice().buffer),
      ),
    );
  }

  fault(): Promise<NumericError> {
    return errorOf(this.program.finish());
  }

  destroy(): void {
    this.program.destroy();
    this.gpu.release(this.minimizer);
    this.gpu.variables.release(this.variables);
  }
}

describe.each(rules)('%s', (name, make) => {
  const clips: [string, CommonOptions][] = [
    ['not clipped', {}],
    ['clipped by the global norm', { globalClipNorm: 3 }],
  ];
  if (name === 'adam') clips.push(['clipped by value', { clipValue: 0.4 }]);
  it.each(clips)(
    '%s: makes no step with NaN or infinity, names it, and goes on to the bit',
    async (_, clip) => {
      const optimizer = make({ ...shared, ...clip });
      const own = await new Own().compile(optimizer);
      const twin = await new Own().compile(optimizer); // makes the good steps only
      const rate = own.minimizer.learningRate;
      let step = 0;
      const good = async () => {
        for (let i = 0; i < 2; i++, step++) {
          await own.step(step);
          await twin.step(step);
        }
        await own.program.finish();
        expect(await own.bits()).toEqual(await twin.bits());
      };
      const refused = async (variable: string, message: RegExp, bad: () => Promise<void>) => {
        const before = await own.bits();
        await bad();
        for (let i = 0; i < 3; i++) await own.step(step + i); // under way when the host hears of it
        const error = await own.fault();
        expect([error.step, error.variable]).toEqual([step, variable]);
        expect(error.message).toMatch(message);
        expect(own.program.steps).toBe(step);
        return before;
      };
      const stays = async (before: Uint32Array[]) => expect(await own.bits()).toEqual(before);

      await good();
      for (const [i, value] of [NaN, Infinity, -Infinity].entries()) {
        const message = new RegExp(
          `program: the gradient of w${i} became NaN or infinite at step ${step}\\.`,
        );
        await stays(await refused(`w${i}`, message, () => own.step(step, i, value)));
        await good();
      }
      for (const value of [NaN, -Infinity]) {
        const weights = await own.gpu.variables.read(own.variables[1]);
        const bad = weights.slice();
        bad[64] = value;
        own.gpu.variables.write(own.variables[1], bad);
        await stays(await refused('w1', /the weight w1 was NaN or infinite/, () => own.step(step)));
        own.gpu.variables.write(own.variables[1], weights);
        await good();
      }
      // 3e38 is a rate that takes the weights, unless it is of a step that is far too small, out of f32.
      const before = await own.bits();
      own.minimizer.learningRate = 3e38;
      for (let i = 0; i < 9; i++) await own.step(step + i, 2, 1e6);
      const error = await own.fault();
      expect(error.message).toMatch(/update of w|gradient of w/);
      const kept = await own.gpu.variables.readAll(own.variables);
      expect([...kept.values()].every((values) => values.every(Number.isFinite))).toBe(true);
      if (error.step === step) await stays(before);
      own.minimizer.learningRate = rate;
      own.destroy();
      twin.destroy();
    },
  );
});

it('what squares in a moment overflows is not applied: Adam at a gradient of 1e20', async () => {
  const own = await new Own().compile(adam());
  const before = await own.bits();
  await own.step(0, 1, 1e20);
  expect((await own.fault()).message).toMatch(/^program: the update of w1 became NaN or infinite at step 0/);
  expect(await own.bits()).toEqual(before);
  own.destroy();
});

it('finds one bad number wherever it lies, in a tree on a GPU and without one', async () => {
  for (const software of [true, false]) {
    const own = await new Own().compile(sgd(), software);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('weight' as const, 'gradient' as const),
        fc.integer({ min: 0, max: 2 }).chain((i) => {
          const size = shapes[i].reduce((a, b) => a * b);
          return fc.tuple(fc.constant(i), fc.integer({ min: 0, max: size - 1 }));
        }),
        fc.constantFrom(0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff),
        async (kind, [i, index], word) => {
          await own.step(0);
          await own.program.finish();
          const before = await own.bits();
          const [value] = new Float32Array(Uint32Array.of(word).buffer);
          const weights = await own.gpu.variables.read(own.variables[i]);
          const slopes = new Float32Array(weights.length).fill(0.1);
          if (kind === 'weight') {
            const bad = weights.slice();
            new Uint32Array(bad.buffer)[index] = word;
            own.gpu.variables.write(own.variables[i], bad);
          } else slopes[index] = value;
          own.program.write(own.slopes[i], slopes);
          await own.program.step();
          const { variable, message } = await own.fault();
          expect([variable, message.includes(kind)]).toEqual([`w${i}`, true]);
          own.gpu.variables.write(own.variables[i], weights);
          expect(await own.bits()).toEqual(before);
        },
      ),
      { seed: 7, numRuns: 12 },
    );
    own.destroy();
  }
});

it('two optimizers of a program make a step together or not at all', async () => {
  const gpu = await testGpu();
  const variable = (name: string) =>
    new Variable({ name, shape: [4], initialize: (values) => void values.fill(1) });
  const [a, b] = [variable('a'), variable('b')];
  const [x, y] = [input('x', [4]), input('y', [4])];
  const minimizers: Minimizer[] = [];
  const program = await gpu.compile((g) => {
    minimizers.push(g.minimize(reduceSum(multiply(x, read(a))), [a], sgd({ learningRate: 1 })));
    minimizers.push(g.minimize(reduceSum(multiply(y, read(b))), [b], adam()));
    return {};
  });
  const ones = new Float32Array(4).fill(1);
  for (const [first, second, name] of [
    [ones, ones.with(2, NaN), 'b'],
    [ones.with(0, Infinity), ones, 'a'],
  ] as const) {
    program.write(x, first);
    program.write(y, second);
    await program.step();
    await expect(program.finish()).rejects.toMatchObject({ step: 0, variable: name });
    expect(await gpu.variables.read(a)).toEqual(ones);
    expect(await gpu.variables.read(b)).toEqual(ones);
  }
  program.write(x, ones);
  await program.step();
  await program.finish();
  expect(await gpu.variables.read(a)).toEqual(new Float32Array(4));
  program.destroy();
  for (const minimizer of minimizers) gpu.release(minimizer);
});

const data = clusters(50);
const batchSize = 16;

/** Everything that a step changes: batch statistics, averages, moments, weights; with chance in it. */
async function compiledDeep(optimizer: Optimizer): Promise<Model> {
  const layers = [
    dense({ units: 8, activation: 'tanh' }),
    batchNormalization(),
    dropout(0.25),
    dense({ units: 3 }),
  ];
  return sequential(layers, { inputShape: [2], name: 'deep', seed: 3 }).compile({
    gpu: await testGpu(),
    optimizer,
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });
}

const make = (learningRate = 0.01) => adam({ learningRate, ema: { decay: 0.9 }, globalClipNorm: 1 });

describe('a fit', () => {
  it.each([
    ['far from its end', 1000],
    ['at its last step', 21],
  ])('with a weight that is NaN %s leaves all as it was before the step, to the bit', async (_, steps) => {
    const model = await compiledDeep(make());
    const [weight] = model.variables;
    const good = await model.compiled.gpu.variables.read(weight);
    const seen: number[] = [];
    let saved: Promise<Uint8Array> | undefined;
    const error = await errorOf(
      model.fit(data, {
        steps,
        batchSize,
        beforeStep: (step) => {
          if (step !== 20) return;
          saved = model.save();
          return saved.then(async () => {
            good.set(await model.compiled.gpu.variables.read(weight));
            model.compiled.gpu.variables.write(weight, good.with(3, NaN));
          });
        },
        onSteps: (values) => seen.push(...values.map(({ step }) => step)),
      }),
    );
    expect([error.step, error.variable, model.step]).toEqual([20, 'dense.weight', 20]);
    expect(error.message).toMatch(
      /^deep: the weight dense\.weight was .*NaN or infinite at step 20\. The step was not made/,
    );
    expect(seen).toEqual(Array.from({ length: 21 }, (__, i) => i));
    await expect(model.save()).rejects.toThrow('tensor dense.weight is NaN at element 3');
    model.compiled.gpu.variables.write(weight, good);
    expect(await model.save()).toEqual(await saved);
    model.destroy();
  });

  it('whose loss overflows is stopped before the weights do, and goes on from there as if nothing had been', async () => {
    for (const learningRate of [1e6, 1e30, 3e38]) {
      const targets = dataset({ x: data.x.data, y: data.x.data, inputShape: [2], targetShape: [2] });
      const start = async (optimizer: Optimizer) =>
        sequential([dense({ units: 4 }), dense({ units: 2 })], {
          inputShape: [2],
          name: 'line',
          seed: 1,
        }).compile({
          gpu: await testGpu(),
          optimizer,
          loss: 'meanSquaredError',
        });
      const model = await start(sgd({ learningRate, momentum: 0.9 }));
      const error = await errorOf(model.fit(targets, { steps: 400, batchSize }));
      expect(error.step).toBeLessThan(20);
      expect(model.step).toBe(error.step);
      const twin = await start(sgd({ learningRate, momentum: 0.9 }));
      await twin.fit(targets, { steps: error.step, batchSize });
      expect(await model.save()).toEqual(await twin.save());
      expect((await weightsOf(model)).every(Number.isFinite)).toBe(true);
      model.destroy();
      twin.destroy();
    }
  });

  it('with a metric that is NaN is stopped, though the weights are fine', async () => {
    const model = await sequential([dense({ units: 3 })], { inputShape: [2], name: 'plain' }).compile({
      gpu: await testGpu(),
      optimizer: sgd(),
      loss: 'softmaxCrossEntropy',
      metrics: [
        'accuracy',
        { name: 'broken', compute: (p) => log(negate(reduceSum(square(p), { axes: [1] }))) },
      ],
    });
    const weights = await weightsOf(model);
    const error = await errorOf(model.fit(data, { steps: 9, batchSize }));
    expect(error.message).toMatch(/^plain: broken became NaN or infinite at step 0/);
    expect(await weightsOf(model)).toEqual(weights);
    model.destroy();
  });
});

describe('an evaluation', () => {
  it('as validation is refused where the loss overflows', async () => {
    const model = await sequential([dense({ units: 2 }), dense({ units: 3 })], {
      inputShape: [2],
      name: 'flat',
    }).compile({ gpu: await testGpu(), optimizer: sgd(), loss: 'softmaxCrossEntropy' });
    const far = dataset({
      x: (data.x.data as Float32Array).map((value) => value * 1e38),
      y: (data.y!.data as Uint8Array).map((label) => (label + 1) % 3),
      inputShape: [2],
    });
    const error = await errorOf(model.fit(data, { steps: 4, batchSize, validationData: far }));
    expect(error.message).toMatch(
      /^flat: loss became NaN or infinite in samples 0 to 15 of .*The weights are finite/,
    );
    model.destroy();
  });

  it('of a weight that is NaN is refused and names it', async () => {
    const model = await compiledDeep(make());
    expect((await model.evaluate(data)).loss).toBeGreaterThan(0);
    const variance = model.variables.find(({ name }) => /variance/i.test(name))!;
    const good = await model.compiled.gpu.variables.read(variance);
    model.compiled.gpu.variables.write(variance, good.with(1, NaN));
    const error = await errorOf(model.evaluate(data, { batchSize: 20 }));
    expect(error.message).toMatch(
      /^deep: loss.* became NaN or infinite in samples 0 to 19 of data set 'clusters 1'\. The weight batchNormalization\.\w+ is/,
    );
    expect(error.variable).toBe(variance.name);
    model.compiled.gpu.variables.write(variance, good);
    expect((await model.evaluate(data)).loss).toBeGreaterThan(0);
    model.destroy();
  });
});

describe('a GAN', () => {
  const mixed = (step: number) => (['both', 'generator', 'discriminator'] as const)[step % 3];

  it.each([
    ['generator', 12], // of both
    ['discriminator', 11], // of its own
    ['discriminator', 12],
  ] as const)(
    'with NaN in the %s at step %i is as before it: both networks, counts and moments',
    async (role, at) => {
      const gan = await compiledTinyGan();
      const real = arc(40);
      const { variables } = gan.compiled.gpu;
      const [weight] = gan[role].variables;
      let saved: Uint8Array | undefined;
      let good: Float32Array | undefined;
      const error = await errorOf(
        gan.fit(real, {
          steps: 400,
          batchSize: 8,
          train: mixed,
          beforeStep: async (step) => {
            if (step !== at) return;
            saved = await gan.save();
            good = await variables.read(weight);
            variables.write(weight, good.with(1, NaN));
          },
        }),
      );
      expect([error.step, error.variable, gan.step]).toEqual([at, weight.name, at]);
      variables.write(weight, good!);
      expect(await gan.save()).toEqual(saved);
      gan.destroy();
    },
  );

  it('with a rate beyond reason equals one that was trained until then', async () => {
    const options = { discriminatorOptimizer: sgd({ learningRate: 1e38 }) };
    const gan = await compiledTinyGan(options);
    const error = await errorOf(gan.fit(arc(40), { steps: 50, batchSize: 8 }));
    const twin = await compiledTinyGan(options);
    await twin.fit(arc(40), { steps: error.step, batchSize: 8 });
    expect(await gan.save()).toEqual(await twin.save());
    gan.destroy();
    twin.destroy();
  });
});

describe('moving statistics', () => {
  const channels = 5;
  const normalized = async (options: CompiledWith = {}) =>
    sequential([batchNormalization({ name: 'norm', momentum: 0.9 }), dense({ units: 1 })], {
      inputShape: [channels],
      name: 'moving',
      seed: 2,
    }).compile({ gpu: await testGpu(), optimizer: sgd(), loss: 'meanSquaredError', ...options });
  type CompiledWith = { optimizer?: Optimizer };
  const rows = (value: number, at: number) => {
    const x = Array.from({ length: 4 }, (_, i) =>
      Array.from({ length: channels }, (__, c) => Math.cos(i + c)),
    );
    x[0][at] = value;
    x[1][at] = -value;
    return dataset({ x, y: [1, 2, 3, 4], inputShape: [channels], targetShape: [1] });
  };

  it.each([0, 4])(
    'whose variance of channel %i overflows f32 are not changed, nor is anything else',
    async (at) => {
      const model = await normalized();
      await model.fit(rows(1, at), { epochs: 2 });
      const before = await weightsOf(model);
      const error = await errorOf(model.fit(rows(1e30, at), { epochs: 4, resume: true }));
      expect([error.step, error.variable, model.step]).toEqual([2, 'norm.movingVariance', 2]);
      expect(error.message).toMatch(
        /^moving: the update of norm\.movingVariance became .*NaN or infinite at step 2\. The step was not made/,
      );
      expect(await weightsOf(model)).toEqual(before);
      await model.save();
      model.destroy();
    },
  );

  it('that are NaN already are named, and the step is not made', async () => {
    const model = await normalized();
    const { variables } = model.compiled.gpu;
    const mean = model.variables.find(({ name }) => name === 'norm.movingMean')!;
    const others = model.variables.filter((own) => own !== mean);
    const before = await variables.readAll(others);
    variables.write(mean, new Float32Array(channels).with(2, NaN));
    const error = await errorOf(model.fit(rows(1, 0), { epochs: 1 }));
    expect([error.step, error.variable]).toEqual([0, 'norm.movingMean']);
    expect(error.message).toContain('the weight norm.movingMean was');
    expect(await variables.readAll(others)).toEqual(before);
    model.destroy();
  });

  it('of one layer called twice follow both batches, or none', async () => {
    const gpu = await testGpu();
    const layer = batchNormalization({ momentum: 0.5, name: 'twice' });
    const net = sequential([layer, dense({ units: 1 })], { inputShape: [70] });
    const [a, b] = [input('a', [3, 70]), input('b', [2, 70])];
    const program = await gpu.compile((g) => {
      const sums = [a, b].map((x) => reduceSum(net.call(x, { training: true })));
      g.minimize(add(...(sums as [Tensor, Tensor])), net.trainableVariables, sgd({ learningRate: 1e-3 }));
      return {};
    });
    const batch = (length: number, seed: number) =>
      Float32Array.from({ length: length * 70 }, (_, i) => Math.sin(seed + 2.3 * i));
    const [first, second] = [batch(3, 1), batch(2, 7)];
    const statistics = net.variables.filter(({ name }) => name.includes('moving'));
    const expected = [0, 1].map((start, k) =>
      Float64Array.from({ length: 70 }, (_, c) =>
        [first, second].reduce((value, x) => {
          const column = Array.from({ length: x.length / 70 }, (__, i) => x[i * 70 + c]);
          const mean = column.reduce((s, v) => s + v, 0) / column.length;
          const variance = column.reduce((s, v) => s + (v - mean) ** 2, 0) / column.length;
          return (value + [mean, variance][k]) / 2;
        }, start),
      ),
    );
    const check = async () => {
      for (const [k, variable] of statistics.entries()) {
        expect(await gpu.variables.read(variable)).toBeAllClose(expected[k], { rtol: 1e-5, atol: 1e-6 });
      }
    };
    program.write(a, first);
    program.write(b, second);
    await program.step();
    await program.finish();
    await check();
    program.write(b, second.with(69, 1e20).with(139, -1e20));
    await program.step();
    await expect(program.finish()).rejects.toMatchObject({ step: 1, variable: 'twice.movingVariance' });
    await check();
    const labels = program.commands.map(({ label }) => label);
    expect(labels.filter((label) => label.endsWith('movingStatistics'))).toHaveLength(2);
    expect(labels.filter((label) => label === 'optimizer.accept')).toHaveLength(1);
    program.destroy();
  });
});

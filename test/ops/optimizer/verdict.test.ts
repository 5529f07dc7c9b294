import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumericError } from '../../../src/errors.ts';
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
} from '../../../src/nn/optimizers.ts';
import type { CommonOptions, Optimizer } from '../../../src/nn/optimizers.ts';
import { cosineDecay, warmUp } from '../../../src/nn/schedules.ts';
import { add, multiply, square } from '../../../src/ops/elementwise/elementwise.ts';
import { input, read, Variable } from '../../../src/ops/core/leaves.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import type { Minimizer } from '../../../src/runtime/minimizer.ts';
import type { Program } from '../../../src/runtime/program.ts';
import type { Gpu } from '../../../src/runtime/session.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { share } from '../../helpers/share.ts';
import { numericErrorOf } from '../../helpers/numericError.ts';
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
  ['ftrl', ftrl],
  ['radam', radam],
  ['lamb', lamb],
  ['adafactor', adafactor],
  ['muon', muon],
];

const shapes = [[3, 5], [65], [2]];

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
    return numericErrorOf(this.program.finish());
  }

  destroy(): void {
    this.program.destroy();
    this.gpu.release(this.minimizer);
    this.gpu.variables.release(this.variables);
  }
}

describe.each(rules.map((rule, i) => [...rule, i] as const))('%s', (name, make, i) => {
  const clips: [string, CommonOptions][] = [
    ['not clipped', {}],
    ['clipped by the global norm', { globalClipNorm: 3 }],
  ];
  if (name === 'adam') clips.push(['clipped by value', { clipValue: 0.4 }]);
  if (['adam', 'sgd', 'lamb', 'adafactor', 'muon'].includes(name)) {
    // Three steps make one update: the bad ones lie before, at and after it.
    clips.push([
      'with gradients collected and clipped by variable',
      { gradientAccumulationSteps: 3, clipNorm: 3 },
    ]);
  }
  it.each(share(clips, 2, i))(
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

import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { constraintOf, maxNorm, minMaxNorm, nonNeg, unitNorm } from '../../src/nn/constraints.ts';
import type { Constraint } from '../../src/nn/constraints.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { depthwiseConv2d } from '../../src/nn/layers/separable.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { train } from '../../src/nn/training/train.ts';
import { multiply, square, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { input, read, Variable } from '../../src/ops/core/leaves.ts';
import type { VariableConstraint } from '../../src/ops/core/leaves.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { numericErrorOf } from '../helpers/numericError.ts';
import { array, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { constrainNorm } from '../reference/penalties.ts';

const variableOf = (name: string, values: Array64, constraint?: Constraint) =>
  new Variable({ name, shape: values.shape, initialize: (data) => data.set(values.data), constraint });

/** The variables after steps of w ← w − rate · slope, whose slopes are written before each. */
async function descended(variables: readonly Variable[], slopes: readonly Array64[][], rate: number) {
  const gpu = await testGpu();
  const inputs = variables.map(({ shape }, i) => input(`slope ${i}`, shape));
  const program = await gpu.compile((g) => {
    const costs = variables.map((own, i) => reduceSum(multiply(read(own), inputs[i])));
    g.minimize(costs.reduce((a, b) => subtract(a, multiply(b, -1))), variables, sgd({ learningRate: rate })); // prettier-ignore
    return {};
  });
  for (const own of slopes) {
    inputs.forEach((tensor, i) => program.write(tensor, Float32Array.from(own[i].data)));
    await program.step();
  }
  return { program, values: () => Promise.all(variables.map(async (own) => array(own.shape, await gpu.variables.read(own)))) }; // prettier-ignore
}

const cases: [string, Constraint, number[]][] = [
  ['maxNorm, columns', maxNorm({ maxValue: 0.8 }), [5, 7]],
  ['maxNorm, rows', maxNorm({ maxValue: 0.8, axis: -1 }), [5, 7]],
  ['maxNorm, filters', maxNorm({ maxValue: 1.1, axis: [0, 1, 2] }), [3, 2, 4, 5]],
  ['maxNorm, axes apart', maxNorm({ maxValue: 0.9, axis: [0, 2] }), [3, 2, 4, 5]],
  ['maxNorm of all', maxNorm({ maxValue: 1, axis: [1, 0] }), [4, 3]],
  ['maxNorm of a vector', maxNorm({ maxValue: 0.5 }), [9]],
  ['maxNorm of 0', maxNorm({ maxValue: 0 }), [3, 3]],
  ['unitNorm', unitNorm(), [5, 7]],
  ['unitNorm of many', unitNorm({ axis: 1 }), [70, 3]],
  ['minMaxNorm', minMaxNorm({ minValue: 1.5, maxValue: 2 }), [5, 7]],
  ['minMaxNorm, half way', minMaxNorm({ minValue: 0.2, maxValue: 0.9, rate: 0.5 }), [5, 7]],
  ['nonNeg', nonNeg(), [5, 7]],
];

/** What Keras makes of it. */
const twin = (w: Array64, constraint: VariableConstraint): Array64 =>
  constraint.kind === 'nonNegative' ? map(w, (value) => Math.max(value, 0)) : constrainNorm(w, constraint);

it('after each update, variables are brought back, each by itself; others are left alone', async () => {
  const starts = [...cases.map(([, , shape], i) => random(i, shape)), random(99, [6])];
  const kept = [...cases.map(([, constraint]) => constraint), undefined];
  const variables = starts.map((own, i) => variableOf(`w${i}`, own, kept[i]));
  const slopes = [0, 1, 2].map((step) => starts.map(({ shape }, i) => random(100 * step + i, shape)));
  const { program, values } = await descended(variables, slopes, 0.3);
  await program.finish();
  const found = await values();
  starts.forEach((start, i) => {
    let expected = start;
    for (const own of slopes) {
      const updated = map(expected, (value, k) => value - 0.3 * own[i].data[k]);
      const { constraint } = variables[i];
      expected = constraint ? twin(updated, constraint) : updated;
    }
    expect(found[i], `${cases[i]?.[0]}`).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-6 });
  });
  program.destroy();
});

it('huge and tiny numbers stay finite', async () => {
  const start = array([4, 3], [1e30, 1e-30, 0, -2e30, 1e-30, 0, 2e30, -1e-30, 0, 0, 2e-30, 0]);
  const variables = [maxNorm(), unitNorm(), minMaxNorm({ rate: 0.5 })].map((own, i) =>
    variableOf(`w${i}`, start, own),
  );
  const still = variables.map(() => array([4, 3], new Array(12).fill(0)));
  const { program, values } = await descended(variables, [still], 1);
  await program.finish();
  for (const [i, found] of (await values()).entries()) {
    expect(found.data.every(Number.isFinite)).toBe(true);
    expect(found.data[2]).toBe(0);
    if (i < 2) expect(Math.hypot(...[0, 3, 6].map((k) => found.data[k]))).toBeCloseTo(i === 0 ? 2 : 1, 4);
  }
  program.destroy();
});

it('a step that is not made changes nothing', async () => {
  const start = random(3, [4, 3], 1, 2);
  const variables = [maxNorm({ maxValue: 0.5 }), nonNeg()].map((own, i) =>
    variableOf(`w${i}`, i === 1 ? map(start, (value) => -value) : start, own),
  );
  const bad = [array([4, 3], new Array(12).fill(NaN)), random(4, [4, 3])];
  const { program, values } = await descended(variables, [bad, bad], 0.1);
  const error = await numericErrorOf(program.finish());
  expect(error.step).toBe(0);
  const found = await values();
  expect(found[0].data).toEqual(Float64Array.from(Float32Array.from(start.data)));
  expect(found[1].data).toEqual(Float64Array.from(Float32Array.from(start.data), (value) => -value));
  program.destroy();
});

describe('in models', () => {
  const x = Float32Array.from(random(5, [12, 4 * 4 * 2]).data);
  const data = dataset({ x, y: Float32Array.from(random(6, [12]).data), inputShape: [4, 4, 2], targetShape: [1] }); // prettier-ignore
  const make = () =>
    sequential(
      [
        depthwiseConv2d({ kernelSize: 2, depthwiseConstraint: unitNorm({ axis: [0, 1] }) }),
        conv2d({
          filters: 3,
          kernelSize: 2,
          kernelConstraint: maxNorm({ maxValue: 0.4, axis: [0, 1, 2] }),
          biasConstraint: 'nonNeg',
        }),
        flatten(),
        dense({ units: 1, kernelConstraint: minMaxNorm({ minValue: 0.5, maxValue: 0.6 }) }),
      ],
      { inputShape: [4, 4, 2], seed: 8 },
    );

  it('weights keep to them while they are trained, and not before', async () => {
    const gpu = await testGpu();
    const model = make();
    await model.compile({ gpu, optimizer: adam({ learningRate: 0.05 }), loss: 'meanSquaredError' });
    const norms = async () => {
      const [depthwise, , kernel, bias, weight] = await Promise.all(model.variables.map((own) => gpu.variables.read(own))); // prettier-ignore
      const of = (values: Float32Array, every: number, k: number) => Math.hypot(...values.filter((_, i) => i % every === k)); // prettier-ignore
      return { unit: of(depthwise, 2, 1), most: of(kernel, 3, 2), bias, between: of(weight, 1, 0) };
    };
    const before = await norms();
    expect(before.unit).not.toBeCloseTo(1, 3);
    await model.fit(data, { epochs: 3, batchSize: 5 });
    const after = await norms();
    expect(after.unit).toBeCloseTo(1, 5);
    expect(after.most).toBeLessThan(0.4001);
    expect(after.bias.every((value) => value >= 0)).toBe(true);
    expect(after.between).toBeGreaterThan(0.4999);
    expect(after.between).toBeLessThan(0.6001);
  });

  it('equal seeds give equal bits, and frozen layers stay', async () => {
    const gpu = await testGpu();
    const run = async (trainable: boolean) => {
      const model = make();
      model.layers[0].trainable = trainable;
      await model.compile({ gpu, optimizer: 'sgd', loss: 'meanSquaredError' });
      const first = await gpu.variables.read(model.variables[0]);
      await model.fit(data, { epochs: 2, batchSize: 5 });
      return { first, all: await Promise.all(model.variables.map((own) => gpu.variables.read(own))) };
    };
    expect((await run(true)).all).toEqual((await run(true)).all);
    const frozen = await run(false);
    expect(frozen.all[0]).toEqual(frozen.first);
  });

  it('and variables of a step of one’s own', async () => {
    const gpu = await testGpu();
    const w = new Variable({
      name: 'w',
      shape: [32, 1],
      initialize: (values) => values.fill(1),
      constraint: maxNorm({ maxValue: 0.25 }),
    });
    await train(
      dataset({ x, y: new Float32Array(12), inputShape: [32], targetShape: [1] }),
      (_g, batch) => {
        const error = subtract(matmul(batch.x, read(w)), 1);
        const loss = reduceMean(square(error), { axes: [1] });
        return { losses: { loss }, minimize: { loss, variables: [w], optimizer: 'sgd' } };
      },
      { gpu, epochs: 1 },
    );
    expect(Math.hypot(...(await gpu.variables.read(w)))).toBeLessThan(0.2501);
  });
});

it('say what is wrong with them', () => {
  const of = (kernelConstraint: unknown) => () => dense({ units: 1, kernelConstraint: kernelConstraint as never }); // prettier-ignore
  expect(of('max_norm')).toThrow(/dense: there is no constraint "max_norm"; did you mean "maxNorm"\?/);
  expect(of(maxNorm)).toThrow(/maxNorm makes a constraint; call it: maxNorm\(\)/);
  expect(of({ name: 'maxNorm', max: 1 })).toThrow(/no option "max"/);
  expect(of(() => ({ kind: 'nonNegative' }))).toThrow(/no constraint a function/);
  expect(() => maxNorm({ maxValue: -1 })).toThrow(/maxValue is -1; it must be a finite number of at least 0/);
  expect(() => maxNorm({ axis: 0.5 })).toThrow(/axis is 0.5; give an axis of the weight/);
  expect(() => minMaxNorm({ rate: 2 })).toThrow(/rate is 2; it must be from 0 to 1/);
  expect(() => minMaxNorm({ minValue: 3 })).toThrow(/minValue is 3 and maxValue 1; exchange them/);
  expect(() =>
    sequential([dense({ units: 1, biasConstraint: maxNorm({ axis: 1 }) })], { inputShape: [2] }),
  ).toThrow(/dense.bias: maxNorm: axis 1 does not exist in a tensor \[1\]/);
  expect(() => variableOf('w', random(1, [2]), 'maxNorm' as never)).toThrow(/its constraint is "maxNorm"/);
  expect(constraintOf('unitNorm', 'test').config).toEqual({ name: 'unitNorm', axis: 0 });
});

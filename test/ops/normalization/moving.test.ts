import { describe, expect, it } from 'vitest';
import { Device } from '../../../src/device/device.ts';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import { input, Variable } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { add, leakyRelu } from '../../../src/ops/elementwise/elementwise.ts';
import { followStatistics, normalizeWith } from '../../../src/ops/normalization/moving.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { testDevice } from '../../helpers/device.ts';
import { checkGradient, evaluate, testGpu } from '../../helpers/evaluate.ts';
import { withLimits } from '../../helpers/limits.ts';
import { full, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { normalizeWith as twin } from '../../reference/normalization.ts';

const statistics = (channels: number) => [
  random(2, [channels], -2, 2),
  random(3, [channels], 0, 3),
  random(4, [channels], 0.5, 2),
  random(5, [channels]),
];

describe.each([[1, 1], [2, 3], [3, 8], [2, 3, 5, 4], [65, 63], [2, 7, 65], [3]])('x of shape %j, %j', (...shape) => {
  const x = random(1, shape.filter(Number), -3, 3);
  const [mean, variance, gamma, beta] = statistics(x.shape.at(-1)!);

  it.each([
    { scale: true, center: true },
    { scale: true, center: false },
    { scale: false, center: true },
    { scale: false, center: false },
  ])('γ $scale, β $center', async ({ scale, center }) => {
    const [y] = await evaluate(
      (t, m, v, g, b) =>
        normalizeWith(t, { mean: m, variance: v, gamma: scale ? g : undefined, beta: center ? b : undefined }),
      [x, mean, variance, gamma, beta],
    );
    const expected = twin(
      x,
      mean,
      variance,
      scale ? gamma : full(gamma.shape, 1),
      center ? beta : full(beta.shape, 0),
    );
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
  });
}); // prettier-ignore

it('takes more channels than a dispatch has workgroups along x', async () => {
  const channels = 32 * 65_535 + 1;
  const [x, inputs] = [random(1, [channels], -3, 3), statistics(channels)] as const;
  const [y] = await evaluate(
    (t, mean, variance, gamma, beta) => normalizeWith(t, { mean, variance, gamma, beta }),
    [x, ...inputs],
  );
  const [mean, variance, gamma, beta] = inputs.map(({ data }) => data);
  let wrong = 0;
  x.data.forEach((value, i) => {
    const expected = (gamma[i] * (value - mean[i])) / Math.sqrt(variance[i] + 1e-3) + beta[i];
    if (!(Math.abs(y.data[i] - expected) <= 1e-4 * (1 + Math.abs(expected)))) wrong++;
  });
  expect(wrong).toBe(0);
});

it('follows the statistics of more channels than a dispatch has workgroups along x', async () => {
  const real = await testDevice();
  const lowered = withLimits(real, { maxComputeWorkgroupsPerDimension: 2 });
  const gpu = new Gpu(new Device(lowered, real.adapterInfo, { owned: false }));
  const channels = 195; // four workgroups, the last one partly filled
  const batch = ['mean', 'variance'].map((name) => input(name, [channels]));
  const moving = batch.map(
    ({ node }, i) => new Variable({ name: node.label, shape: [channels], initialize: (own) => own.fill(i) }),
  );
  const program = await gpu.compile(() => {
    followStatistics({ mean: moving[0], variance: moving[1] }, batch[0], batch[1], 0.75);
    return {};
  });
  const given = [random(1, [channels], -2, 2), random(2, [channels], 0, 3)];
  batch.forEach((tensor, i) => program.write(tensor, Float32Array.from(given[i].data)));
  await program.step();
  for (const [i, variable] of moving.entries()) {
    const expected = given[i].data.map((value) => 0.75 * i + 0.25 * value);
    expect(await gpu.variables.read(variable)).toBeAllClose(expected);
  }
  expect(program.commands[0].workgroups).toEqual([2, 2, 1]);
  program.destroy();
});

it.each([[[3, 4]], [[2, 2, 3]]])('gradients by every input of %j', async (shape) => {
  const x = random(1, shape);
  const [mean, variance, gamma, beta] = statistics(shape.at(-1)!);
  await checkGradient(
    (t, m, v, g, b) => normalizeWith(t, { mean: m, variance: v, gamma: g, beta: b, epsilon: 0.1 }),
    [x, mean, variance, gamma, beta],
    { reference: (...[t, m, v, g, b]: Array64[]) => twin(t, m, v, g, b, 0.1) },
  );
});

it('gradients without γ and β', async () => {
  const [mean, variance] = statistics(3);
  const [ones, zeros] = [full([3], 1), full([3], 0)];
  await checkGradient(
    (t, m, v) => normalizeWith(t, { mean: m, variance: v, epsilon: 0.1 }),
    [random(1, [4, 3]), mean, variance],
    { reference: (...[t, m, v]: Array64[]) => twin(t, m, v, ones, zeros, 0.1) },
  );
});

it('is folded into a convolution together with its bias and the activation behind', async () => {
  const gpu = await testGpu();
  const of = (name: string): Tensor => input(name, [8]);
  const y = add(conv2d(input('x', [2, 6, 6, 3]), input('w', [3, 3, 3, 8])), of('bias'));
  const options = { mean: of('mean'), variance: of('variance'), gamma: of('gamma'), beta: of('beta') };
  const program = await gpu.compile(() => ({ y: leakyRelu(normalizeWith(y, options), 0.2) }));
  program.destroy();
  expect(program.commands.map(({ label }) => label).toSorted()).toEqual(['conv2d', 'normalizeScaleShift']);
});

it('names what does not fit', () => {
  const [x, four, five] = [input('x', [2, 4]), input('four', [4]), input('five', [5])];
  expect(() => normalizeWith(x, { mean: five, variance: five })).toThrow(ShapeError);
  expect(() => normalizeWith(x, { mean: four, variance: five })).toThrow(ShapeError);
  expect(() => normalizeWith(x, { mean: four, variance: four, beta: five })).toThrow(ShapeError);
  expect(() => normalizeWith(x, { mean: four, variance: four, epsilon: -1 })).toThrow(ArgumentError);
});

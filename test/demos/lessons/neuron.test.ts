import { describe, expect, it } from 'vitest';
import { CORNERS, create, SIDE, TASKS } from '../../../demos/lessons/neuron/kernels.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

describe.each(GPUS)('the lesson of a neuron on $name', async ({ open }) => {
  const { calls } = await create(await open());
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const crossEntropy = (p: number, y: number) => -(y * Math.log(p) + (1 - y) * Math.log(1 - p));

  it('has the sums, outputs and losses of one neuron', async () => {
    const found = await calls.look('one', 'and', [2, 3, -4]);
    const z = CORNERS.map(([x1, x2]) => 2 * x1 + 3 * x2 - 4);
    expect(found.z).toBeAllClose(z);
    expect(found.output).toBeAllClose(z.map(sigmoid));
    expect(found.losses).toBeAllClose(z.map((own, i) => crossEntropy(sigmoid(own), TASKS.and[i])));
    expect(found.rest).toBeAllClose(z.map((own) => sigmoid(-own)));
    expect(found.mean).toBeAllClose([found.losses.reduce((sum, loss) => sum + loss) / 4]);
    expect(found.field).toHaveLength(SIDE * SIDE);
    expect(found.field[0]).toBeCloseTo(sigmoid(-0.5 * 2 - 0.5 * 3 - 4), 5);
    expect(found.field[SIDE - 1]).toBeCloseTo(sigmoid(1.5 * 2 - 0.5 * 3 - 4), 5); // x₁ grows along a row
  });

  it('has the hidden values of two layers', async () => {
    const found = await calls.look('two', 'xor', [1, -2, 3, 4, 0.5, -0.5, 2, -3, 0.25]);
    const hidden = CORNERS.map(([a, b]) => [Math.tanh(a + 3 * b + 0.5), Math.tanh(-2 * a + 4 * b - 0.5)]);
    expect(found.hidden).toBeAllClose(hidden.flat());
    expect(found.z).toBeAllClose(hidden.map(([one, two]) => 2 * one - 3 * two + 0.25));
  });

  // As PyTorch has them after a thousand steps.
  it.each([
    ['or', 0.0093, [0.02, 0.992, 0.992, 1]],
    ['and', 0.0174, [0, 0.02, 0.02, 0.972]],
  ] as const)('one neuron learns %s', async (task, loss, outputs) => {
    const weights = await calls.train('one', task, [0, 0, 0], 1000);
    const { output, mean } = await calls.look('one', task, weights);
    expect(mean).toBeAllClose([loss], { atol: 1e-4 });
    expect(output).toBeAllClose([...outputs], { atol: 1e-3 });
  });

  it('one neuron never learns xor; two layers do', async () => {
    const one = await calls.look('one', 'xor', await calls.train('one', 'xor', [2, 1, -1], 400));
    expect(one.output).toBeAllClose([0.5, 0.5, 0.5, 0.5], { atol: 0.01 });
    const learned = async (seed: number) =>
      (await calls.look('two', 'xor', await calls.train('two', 'xor', await calls.begin(seed), 400))).output;
    expect((await learned(2)).map(Math.round)).toEqual([...TASKS.xor]);
    expect((await learned(1)).map(Math.round)).not.toEqual([...TASKS.xor]); // some starts get stuck, as the page says
  });
});

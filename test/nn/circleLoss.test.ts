import { describe, expect, it } from 'vitest';
import { dataset, dense, losses, sequential, sgd } from '../../src/index.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { lossTerm } from '../../src/nn/recording.ts';
import { rowsFor } from '../../src/nn/steps.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { finiteDifference } from '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { circle } from '../reference/moreLosses.ts';

/** Rows of length 1. */
function unit(values: Array64): Array64 {
  const [N, D] = values.shape;
  const lengths = Array.from({ length: N }, (_, n) => Math.hypot(...values.data.subarray(n * D, (n + 1) * D)));
  return array([N, D], values.data.map((value, i) => value / lengths[Math.floor(i / D)]));
} // prettier-ignore

const [N, D] = [7, 3];
const x = unit(random(1, [N, D], -1, 1));
const labels = [0, 1, 0, 2, 1, 0, 1]; // the one of class 2 is alone

/** The mean over those whose loss is not 0. */
const meanOf = (values: readonly number[]) => {
  const some = values.filter((value) => value > 0);
  return some.reduce((a, b) => a + b, 0) / some.length;
};

describe('the circle loss', () => {
  it.each([{}, { gamma: 4, margin: 0.25 }, { gamma: 2, removeDiagonal: false }])(
    '%j: values, mean and gradient of the float64 twin',
    async (options) => {
      const own = losses.circle(options);
      const [values, mean, gradient] = await evaluate(
        (p, t) => {
          const { reduced } = lossTerm('test', own, 'mean', rowsFor('test', p, t));
          const value = reduceMean(reduced);
          return [own(p, t), value, gradients(value, [p])[0]!];
        },
        [x, array([N], labels)],
        { dtypes: ['f32', 'i32'] },
      );
      const given = { ...options, diagonal: 'removeDiagonal' in options };
      const each = circle(x, labels, given);
      expect(each[3] === 0).toBe(!given.diagonal);
      expect(values).toBeAllClose(each, { rtol: 1e-4, atol: 1e-5 });
      expect(mean.data[0]).toBeCloseTo(meanOf(each), 3);
      const numeric = finiteDifference((probe) => meanOf(circle(probe, labels, given)), x);
      expect(gradient).toBeAllClose(numeric, { rtol: 1e-3, atol: 1e-3 });
    },
  );

  it('leaves out the rows of a batch that are not filled', async () => {
    const model = await sequential([dense({ units: D, name: 'd' })], { inputShape: [D], seed: 1 }).compile({
      gpu: await testGpu(),
      optimizer: sgd({ learningRate: 0 }),
      loss: losses.circle({ gamma: 3 }),
    });
    const data = dataset({ x: Float32Array.from(x.data), y: Uint8Array.from(labels), inputShape: [D] });
    const outputs = array([N, D], await model.predict(data));
    const batch = (from: number, to: number) =>
      circle(array([to - from, D], outputs.data.subarray(from * D, to * D)), labels.slice(from, to), {
        gamma: 3,
      });
    const { loss } = await model.evaluate(data, { batchSize: 4 });
    expect(loss).toBeCloseTo(meanOf([...batch(0, 4), ...batch(4, 7)]), 4);
    expect((await model.evaluate(data, { batchSize: 9 })).loss).toBeCloseTo(meanOf(batch(0, 7)), 4);
    model.destroy();
  });

  it('refuses other shapes and options', () => {
    expect(() => losses.circle({ gamma: 0 })).toThrow(/circle: gamma is 0/);
    expect(() => losses.circle({ margin: NaN })).toThrow(/circle: margin is NaN/);
  });
});

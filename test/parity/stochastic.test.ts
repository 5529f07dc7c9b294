import { describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { modelOf } from '../helpers/layer.ts';
import { full } from '../reference/array.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase } from './cases.ts';
import { layerOf } from './words.ts';

/** What a training call makes of ones. */
interface StochasticCase extends ParityCase {
  readonly shape: readonly number[];
  /** The share of zeros, and of channels of one image that are zero throughout. */
  readonly zeros: number;
  readonly wholeChannels: number;
  readonly mean: number;
  readonly deviation: number;
}

describe('what is random in training is as in Keras', () => {
  it.each(parityCases<StochasticCase>('stochastic').map((c, i) => [caseName(c, i), c] as const))(
    '%s',
    async (_name, { keras, config, shape, ...expected }) => {
      const ones = full(shape, 1);
      const layer = layerOf(api, keras, config);
      const model = modelOf(layer, [ones]);
      const [y] = await evaluate((x) => model.call(x, { training: true }), [ones]);
      const count = y.data.length;
      const mean = y.data.reduce((sum, value) => sum + value, 0) / count;
      const deviation = Math.sqrt(y.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
      const [batch, height, width, channels] = shape;
      const pixels = height * width;
      let whole = 0;
      for (let n = 0; n < batch; n++) {
        for (let c = 0; c < channels; c++) {
          const zeros = Array.from(
            { length: pixels },
            (_, p) => y.data[(n * pixels + p) * channels + c] === 0,
          );
          if (zeros.every(Boolean)) whole++;
        }
      }
      // Where whole channels are dropped, there are as many independent draws as channels of images.
      const draws = expected.wholeChannels > 0.05 ? batch * channels : count;
      const off = (p: number, n: number) => 5 * Math.sqrt((2 * p * (1 - p)) / n) + 1 / n;
      expect(Math.abs(y.data.filter((value) => value === 0).length / count - expected.zeros)).toBeLessThan(off(expected.zeros, draws)); // prettier-ignore
      const channelsOff = off(Math.max(expected.wholeChannels, 1 / (batch * channels)), batch * channels);
      expect(Math.abs(whole / (batch * channels) - expected.wholeChannels)).toBeLessThan(channelsOff);
      const meanOff = 5 * expected.deviation * Math.sqrt(2 / draws);
      expect(Math.abs(mean - expected.mean)).toBeLessThan(meanOff);
      expect(Math.abs(deviation - expected.deviation)).toBeLessThan(meanOff);
    },
  );
});

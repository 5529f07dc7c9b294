import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Characters } from '../../src/data/text.ts';
import { gpt } from '../../src/models/gpt.ts';
import { draw, sampleText } from '../../src/models/sampleText.ts';
import type { Gpu } from '../../src/index.ts';
import { initNode } from '../../src/node/index.ts';

let gpu: Gpu;
beforeAll(async () => void (gpu = await initNode()));
afterAll(() => gpu.destroy());

describe('gpt', () => {
  it('has the weights of the settings that it is compared with', () => {
    expect(gpt('tiny', 65).parameters).toBe(104_832);
    expect(gpt('small', 65).parameters).toBe(804_096);
    expect(gpt('tiny', 65).outputShape).toEqual([32, 65]);
  });

  it('does not look ahead: a later character changes no earlier logit', async () => {
    const model = gpt('tiny', 5, { seed: 1 });
    await model.compile({ gpu });
    const text = Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 5);
    const changed = text.slice();
    changed[20] = (changed[20] + 1) % 5;
    const [a, b] = [await model.predictOnBatch(text), await model.predictOnBatch(changed)];
    expect([...a.subarray(0, 20 * 5)]).toEqual([...b.subarray(0, 20 * 5)]);
    for (let i = 20; i < 32; i++) {
      expect([...a.subarray(i * 5, i * 5 + 5)], `${i}`).not.toEqual([...b.subarray(i * 5, i * 5 + 5)]);
    }

    const characters = new Characters('abcde');
    const options = { prompt: 'ab', length: 40, seed: 3 };
    const written = await sampleText(model, characters, options);
    expect(written).toHaveLength(42);
    expect(written.startsWith('ab')).toBe(true);
    expect(await sampleText(model, characters, options)).toBe(written);
    model.destroy();
  });
});

describe('draw', () => {
  const logits = [1, 3, 2, 0];
  const rising = Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000);
  const shares = (temperature: number, topK: number) => {
    const counts = [0, 0, 0, 0];
    for (const value of rising) counts[draw(logits, temperature, topK, () => value)]++;
    return counts.map((count) => count / 1000);
  };

  it('has the probabilities of a softmax', () => {
    const weights = logits.map((logit) => Math.exp(logit / 0.5));
    const sum = weights.reduce((a, b) => a + b);
    shares(0.5, 4).forEach((share, i) => expect(share).toBeCloseTo(weights[i] / sum, 2));
  });

  it('leaves out what is not among the likeliest, and takes the likeliest at temperature 0', () => {
    expect(shares(1, 2)).toEqual([0, expect.closeTo(0.731, 2), expect.closeTo(0.269, 2), 0]);
    expect(shares(0, 4)).toEqual([0, 1, 0, 0]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  GROKKING_PRESETS,
  grokkingData,
  grokkingNetwork,
  strongestCircle,
} from '../../src/models/grokking.ts';
import type { GrokkingPreset } from '../../src/models/grokking.ts';
import { PRIME } from '../../src/models/modularAddition.ts';

describe('grokking', () => {
  it.each(Object.keys(GROKKING_PRESETS) as GrokkingPreset[])(
    '%s has the weights that it claims',
    (preset) => {
      const network = grokkingNetwork(preset, { seed: 2 });
      expect(network.parameters).toBe(GROKKING_PRESETS[preset].parameters);
      expect(network.outputShape).toEqual([PRIME]);
    },
  );

  it('has each pair once, with its sum', () => {
    const { train, test } = grokkingData('transformer');
    expect([train.size, test.size]).toEqual([1109, 740]);
    const seen = new Set<number>();
    for (const { x, y, size } of [train, test]) {
      for (let i = 0; i < size; i++) {
        const [a, b, sign] = x.data.subarray(3 * i, 3 * i + 3);
        expect(y.data[i]).toBe((a + b) % PRIME);
        expect(sign).toBe(PRIME);
        seen.add(a * PRIME + b);
      }
    }
    expect(seen.size).toBe(PRIME * PRIME);
  });

  it('finds a circle in an embedding', () => {
    // Numbers on a circle of frequency 5 in two of eight dimensions, and a constant in a third.
    const embeddings = Float32Array.from({ length: PRIME * 8 }, (_, at) => {
      const [a, i] = [Math.floor(at / 8), at % 8];
      const angle = (2 * Math.PI * 5 * a) / PRIME;
      return [Math.cos(angle), 0, Math.sin(angle), 0.5, 0, 0, 0, 0][i];
    });
    const { frequency, share, points } = strongestCircle(embeddings, 8);
    expect(frequency).toBe(5);
    expect(share).toBeCloseTo(1 / 1.25, 5);
    for (const [x, y] of points) expect(Math.hypot(x, y)).toBeCloseTo(1, 5);
  });
});

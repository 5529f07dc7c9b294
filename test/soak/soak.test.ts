import { describe, expect, it } from 'vitest';
import { initNode } from '../../src/node/index.ts';
import { growth } from './slope.ts';
import { ganCycle, modelCycle, pictures } from './work.ts';

describe('growth', () => {
  it('is the slope of the second half', () => {
    expect(growth([900, 5, 7, 100, 103, 106, 109, 112])).toBe(3);
    expect(growth([1, 1, 1, 1, 1])).toBe(0);
  });

  it('is not moved by one outlier, and sees what lies beneath noise', () => {
    expect(growth([0, 0, 0, 0, 5, 5, 5000, 5, 5])).toBe(0);
    const noisy = Array.from({ length: 200 }, (_, i) => 100 * i + 3000 * Math.sin(12.9898 * i));
    expect(Math.abs(growth(noisy) - 100)).toBeLessThan(20);
  });
});

it('a model and a GAN leave no buffers, cycle after cycle', async () => {
  const data = pictures(40);
  for (const cycle of [modelCycle, ganCycle, modelCycle]) expect(await cycle(initNode, data)).toBe(0);
});

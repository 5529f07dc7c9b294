import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { Boundary } from '../../demos/points/boundary.ts';
import { pointsOf } from '../../demos/points/points.ts';
import { edited, SHAPES } from '../../demos/shared/planePoints.ts';
import type { RunOptions } from '../../demos/frame/worker/trainee.ts';

describe('the points', () => {
  it.each(SHAPES)('of %s lie on the plane, half of them blue, the same for the same seed', (shape) => {
    const { train, test } = pointsOf(shape, 0, 3);
    expect([train.length, test.length]).toEqual([200, 400]);
    for (const points of [train, test]) {
      expect(points.filter(({ blue }) => blue)).toHaveLength(points.length / 2);
      expect(points.every(({ x, y }) => Math.abs(x) <= 1 && Math.abs(y) <= 1)).toBe(true);
    }
    expect(pointsOf(shape, 0, 3)).toEqual({ train, test });
    expect(pointsOf(shape, 0, 4).train).not.toEqual(train);
    expect(train.slice(0, 9)).not.toEqual(test.slice(0, 9));
  });

  it('keep the two colours of a ring and of squares apart', () => {
    for (const { x, y, blue } of pointsOf('rings', 0, 0).train) expect(Math.hypot(x, y) < 0.5).toBe(blue);
    for (const { x, y, blue } of pointsOf('squares', 0, 0).train) expect(x * y > 0).toBe(blue);
  });

  it('are taken away by a click on them, and added by one beside', () => {
    const [one, other] = [
      { x: 0, y: 0, blue: true },
      { x: 0.5, y: 0, blue: false },
    ];
    expect(edited([one], other)).toEqual([one, other]);
    expect(edited([one, other], { x: 0.52, y: 0.01, blue: true })).toEqual([one]);
    expect(edited([one], { x: 0.06, y: 0, blue: true })).toHaveLength(2);
    expect(edited([one], one)).toEqual([one]); // nothing could be learned from none
  });
});

describe('the network of the points', () => {
  const told: Record<string, unknown> = {};
  let boundary: Boundary;

  beforeAll(async () => {
    boundary = await Boundary.create({
      gpu: await testGpu(),
      values: { layers: 1, units: 8, activation: 'tanh', rate: 0.05, seed: 0 } as never,
      renderer: { show() {} } as never,
      tell: (name, value) => void (told[name] = value),
      look() {},
      fail(error) {
        throw error;
      },
    });
    await boundary.begin();
  });

  afterAll(() => boundary.destroy());

  it('learns a ring, and what someone adds while it learns', async () => {
    const points = pointsOf('rings', 0, 0);
    boundary.take(points);
    const before = await boundary.evaluate(points);
    expect(before.testAccuracy).toBeLessThan(0.9);
    const stop = new AbortController();
    await boundary.run(points, {
      resume: true,
      keepSteps: false,
      signal: stop.signal,
      beforeStep: async (step: number) => void (step === 150 && stop.abort()),
    } as unknown as RunOptions);
    expect(boundary.step).toBe(150);
    const after = await boundary.evaluate(points);
    expect(after.testAccuracy).toBeGreaterThan(0.97);
    expect(after.testLoss).toBeLessThan(before.testLoss / 2);
    boundary.edit({ x: 0.99, y: 0.99, blue: true });
    expect(points.train).toHaveLength(201);
    expect(told.learns).toBe(points.train);
    expect(told.model).toEqual({ layers: 1, units: 8, parameters: 33 });
  });
});

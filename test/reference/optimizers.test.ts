import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { adadelta, adam, adamW, rmsprop, sgd, trajectory, type Optimizer } from './optimizers.ts';

const exact = { rtol: 1e-12, atol: 1e-14 };

/** Weights after steps with the given gradients, from 1. */
function walk(optimizer: Optimizer, ...gradients: number[]): number {
  const w = Float64Array.of(1);
  for (const gradient of gradients) optimizer.step(w, Float64Array.of(gradient));
  return w[0];
}

describe('optimizers, by hand', () => {
  it('sgd', () => {
    expect(walk(sgd(1, { learningRate: 0.1 }), 2, -1)).toBeCloseTo(0.9, 14);
  });

  it('momentum: v = −0.2, then 0.9 · −0.2 − 0.3 = −0.48', () => {
    const optimizer = sgd(1, { learningRate: 0.1, momentum: 0.9 });
    expect(walk(optimizer, 2, 3)).toBeCloseTo(1 - 0.2 - 0.48, 14);
    expect(optimizer.state.velocity).toBeAllClose([-0.48], exact);
  });

  it('Nesterov looks ahead: 0.9 · −0.2 − 0.2, then 0.9 · −0.48 − 0.3', () => {
    expect(walk(sgd(1, { learningRate: 0.1, momentum: 0.9, nesterov: true }), 2, 3)).toBeCloseTo(
      1 - 0.38 - 0.732,
      14,
    );
  });

  it('rmsprop: mean square 0.1 · 4, then 0.9 · 0.4 + 0.1 · 9', () => {
    const expected = 1 - (0.1 * 2) / (Math.sqrt(0.4) + 1e-7) - (0.1 * 3) / (Math.sqrt(1.26) + 1e-7);
    expect(walk(rmsprop(1, { learningRate: 0.1 }), 2, 3)).toBeCloseTo(expected, 14);
  });

  it("rmsprop takes the step of Keras's documentation, 10 → 9.683772", () => {
    const w = Float64Array.of(10);
    rmsprop(1, { learningRate: 0.1 }).step(w, w.slice());
    expect(w[0]).toBeCloseTo(9.683772, 6);
  });

  it('adadelta: the first step is √ε / √(0.05 g² + ε) · g', () => {
    const optimizer = adadelta(1, { epsilon: 1e-6 });
    const first = (1e-3 * 2) / Math.sqrt(0.2 + 1e-6);
    expect(walk(optimizer, 2)).toBeCloseTo(1 - first, 14);
    expect(optimizer.state.meanSquareStep).toBeAllClose([0.05 * first ** 2], exact);
    const second = (Math.sqrt(0.05 * first ** 2 + 1e-6) * 3) / Math.sqrt(0.95 * 0.2 + 0.05 * 9 + 1e-6);
    expect(walk(optimizer, 3)).toBeCloseTo(1 - second, 14);
  });

  it('adam: both moments corrected for starting at zero', () => {
    const expected =
      1 -
      (0.1 * 2) / (2 + 1e-7) -
      (0.1 * ((0.09 * 2 + 0.1 * 3) / 0.19)) / (Math.sqrt((0.000999 * 4 + 0.001 * 9) / 0.001999) + 1e-7);
    expect(walk(adam(1, { learningRate: 0.1 }), 2, 3)).toBeCloseTo(expected, 12);
  });

  it('adamW shrinks the weight first, apart from the moments', () => {
    const expected = 1 * (1 - 0.1 * 0.5) - (0.1 * 2) / (2 + 1e-7);
    const optimizer = adamW(1, { learningRate: 0.1, weightDecay: 0.5 });
    expect(walk(optimizer, 2)).toBeCloseTo(expected, 14);
    expect(optimizer.state.m).toBeAllClose([0.2], exact);
    expect(walk(adamW(1, { weightDecay: 0 }), 2, 3)).toBe(walk(adam(1), 2, 3));
  });

  it('adam moves by the learning rate whatever the gradient’s scale', () => {
    for (const gradient of [1e-3, 1, 1e4]) expect(walk(adam(1), gradient)).toBeCloseTo(1 - 0.001, 6);
  });
});

describe('trajectories', () => {
  // f(w) = Σ i w_i² / 2
  const gradient = (w: Float64Array) => w.map((value, i) => (i + 1) * value);
  const start = Float64Array.of(1, -2, 3);

  it('of sgd on a quadratic is geometric', () => {
    const path = trajectory(sgd(3, { learningRate: 0.1 }), start, gradient, 10);
    expect(path[9]).toBeAllClose([1 * 0.9 ** 10, -2 * 0.8 ** 10, 3 * 0.7 ** 10], exact);
    expect(start).toEqual(Float64Array.of(1, -2, 3));
  });

  it.each([
    ['sgd', sgd(3, { learningRate: 0.1 })],
    ['momentum', sgd(3, { learningRate: 0.05, momentum: 0.8 })],
    ['Nesterov', sgd(3, { learningRate: 0.05, momentum: 0.8, nesterov: true })],
    ['rmsprop', rmsprop(3, { learningRate: 0.02 })],
    ['adam', adam(3, { learningRate: 0.1 })],
    ['adamW', adamW(3, { learningRate: 0.1 })],
  ])('of %s goes to the minimum', (_, optimizer) => {
    const last = trajectory(optimizer, start, gradient, 400).at(-1)!;
    expect(Math.max(...last.map(Math.abs))).toBeLessThan(0.05);
  });
});

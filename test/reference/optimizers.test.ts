import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  lion,
  nadam,
  rmsprop,
  radam,
  ftrl,
  sgd,
  trajectory,
  withOptions,
  type Optimizer,
} from './optimizers.ts';
import { adafactor, lamb, orthogonalized } from './layerwiseOptimizers.ts';

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
    const expected = 1 - (0.1 * 2) / Math.sqrt(0.4 + 1e-7) - (0.1 * 3) / Math.sqrt(1.26 + 1e-7);
    expect(walk(rmsprop(1, { learningRate: 0.1 }), 2, 3)).toBeCloseTo(expected, 14);
  });

  it("rmsprop takes the step of Keras's documentation, 10 → 9.683772", () => {
    const w = Float64Array.of(10);
    rmsprop(1, { learningRate: 0.1 }).step(w, w.slice());
    expect(w[0]).toBeCloseTo(9.683772, 6);
  });

  it('adadelta: the first step is √ε / √(0.05 g² + ε) · g', () => {
    const optimizer = adadelta(1, { learningRate: 1, epsilon: 1e-6 });
    const first = (1e-3 * 2) / Math.sqrt(0.2 + 1e-6);
    expect(walk(optimizer, 2)).toBeCloseTo(1 - first, 14);
    expect(optimizer.state.meanSquareStep).toBeAllClose([0.05 * first ** 2], exact);
    const second = (Math.sqrt(0.05 * first ** 2 + 1e-6) * 3) / Math.sqrt(0.95 * 0.2 + 0.05 * 9 + 1e-6);
    expect(walk(optimizer, 3)).toBeCloseTo(1 - second, 14);
  });

  it('adam: both moments corrected for starting at zero', () => {
    const first = (0.1 * Math.sqrt(0.001) * 2) / (Math.sqrt(0.001 * 4) + 1e-7);
    const [m, v] = [0.09 * 2 + 0.1 * 3, 0.000999 * 4 + 0.001 * 9];
    const expected = 1 - first - ((0.1 * Math.sqrt(0.001999)) / 0.19) * (m / (Math.sqrt(v) + 1e-7));
    expect(walk(adam(1, { learningRate: 0.1 }), 2, 3)).toBeCloseTo(expected, 12);
  });

  it('rmsprop, centred: the variance 0.09 · 4 after one gradient; momentum adds the step before', () => {
    const first = (0.1 * 2) / Math.sqrt(0.1 * 4 - 0.2 ** 2 + 1e-7);
    expect(walk(rmsprop(1, { learningRate: 0.1, centered: true }), 2)).toBeCloseTo(1 - first, 12);
    const plain = (0.1 * 2) / Math.sqrt(0.4 + 1e-7);
    expect(walk(rmsprop(1, { learningRate: 0.1, momentum: 0.5 }), 2, 0)).toBeCloseTo(1 - 1.5 * plain, 12);
  });

  it('adagrad: 0.1 + 4, then 0.1 + 4 + 9 under the root', () => {
    const expected = 1 - (0.1 * 2) / Math.sqrt(4.1 + 1e-7) - (0.1 * 3) / Math.sqrt(13.1 + 1e-7);
    expect(walk(adagrad(1, { learningRate: 0.1 }), 2, 3)).toBeCloseTo(expected, 14);
  });

  it('AMSGrad remembers the largest mean square: 4, not 0.999 · 4', () => {
    const second = ((0.1 * Math.sqrt(0.001999)) / 0.19) * ((0.09 * 2) / (Math.sqrt(0.004) + 1e-7));
    const first = (0.1 * Math.sqrt(0.001) * 2) / (Math.sqrt(0.004) + 1e-7);
    expect(walk(adam(1, { learningRate: 0.1, amsgrad: true }), 2, 0)).toBeCloseTo(1 - first - second, 12);
  });

  it('adamax: first a step of η, then the largest of 0.999 · 2 and 1', () => {
    const second = ((0.1 / 0.19) * (0.09 * 2 + 0.1 * 1)) / (0.999 * 2 + 1e-7);
    expect(walk(adamax(1, { learningRate: 0.1 }), 2)).toBeCloseTo(0.9, 7);
    expect(walk(adamax(1, { learningRate: 0.1 }), 2, 1)).toBeCloseTo(1 - (0.1 * 2) / (2 + 1e-7) - second, 12);
  });

  it('nadam: momenta 0.9 · 0.52 and 0.9 · 0.5392', () => {
    const [first, second] = [0.9 * 0.52, 0.9 * 0.5392];
    const ahead = (second * 0.1 * 2) / (1 - first * second) + ((1 - first) * 2) / (1 - first);
    expect(walk(nadam(1, { learningRate: 0.1 }), 2)).toBeCloseTo(1 - (0.1 * ahead) / (2 + 1e-7), 12);
  });

  it('lion steps by the sign, of 0.9 · 0.02 − 0.1 · 0.5 the second time', () => {
    const optimizer = lion(1, { learningRate: 0.1 });
    expect(walk(optimizer, 2)).toBeCloseTo(0.9, 14);
    expect(optimizer.state.m).toBeAllClose([0.02], exact);
    expect(walk(optimizer, -0.5)).toBeCloseTo(1.1, 14);
  });

  it('options: penalties before clipping, decay beside the rule, averages from the first step on', () => {
    const options = { learningRate: 0.1, weightDecay: 0.5, l1: 0.25, l2: 0.125, clipValue: 0.4 };
    const all = withOptions(sgd(1, { learningRate: 0.1 }), 1, { ...options, ema: { decay: 0.75 } });
    const first = 1 - 0.1 * 0.4 - 0.1 * 0.5; // 0.1 + 0.25 + 0.25 is clipped to 0.4
    const w = Float64Array.of(1);
    all.step(w, Float64Array.of(0.1));
    expect(w[0]).toBeCloseTo(first, 14);
    expect(all.state.averages[0]).toBeCloseTo(first, 14);
    all.step(w, Float64Array.of(-0.25 - 0.25 * first));
    const second = first - 0.1 * 0.5 * first;
    expect(w[0]).toBeCloseTo(second, 14);
    expect(all.state.averages[0]).toBeCloseTo(0.75 * first + 0.25 * second, 14);
  });

  it('options: the norm of (3, 4) is cut to 1, and a schedule scales the rate', () => {
    const options = { learningRate: 1, globalClipNorm: 1, schedule: (step: number) => 1 / (step + 1) };
    const clipped = withOptions(sgd(2, { learningRate: 1 }), 2, options);
    const w = Float64Array.of(0, 0);
    clipped.step(w, Float64Array.of(3, 4));
    expect(w).toBeAllClose([-0.6, -0.8], exact);
    clipped.step(w, Float64Array.of(0.3, 0.4));
    expect(w).toBeAllClose([-0.75, -1], exact);
  });

  it('adamW shrinks the weight first, apart from the moments', () => {
    const expected = 1 * (1 - 0.1 * 0.5) - (0.1 * 2) / (2 + 1e-7 / Math.sqrt(0.001));
    const optimizer = adamW(1, { learningRate: 0.1, weightDecay: 0.5 });
    expect(walk(optimizer, 2)).toBeCloseTo(expected, 14);
    expect(optimizer.state.m).toBeAllClose([0.2], exact);
    expect(walk(adamW(1, { weightDecay: 0 }), 2, 3)).toBe(walk(adam(1), 2, 3));
  });

  it('adam moves by the learning rate whatever the gradient’s scale', () => {
    for (const gradient of [1e-2, 1, 1e4]) expect(walk(adam(1), gradient)).toBeCloseTo(1 - 0.001, 6);
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

describe('Newton–Schulz', () => {
  const gram = (x: number[][]) =>
    x.map((a) => x.map((b) => a.reduce((sum, value, k) => sum + value * b[k], 0)));

  it('maps singular values by the polynomial: those of a diagonal matrix one by one', () => {
    const [a, b, c] = [3.4445, -4.775, 2.0315];
    const length = Math.sqrt(9 + 1 + 0.25);
    const expected = [3, 1, 0.5].map((given) => {
      let s = given / (length + 1e-7);
      for (let step = 0; step < 4; step++) s = a * s + b * s ** 3 + c * s ** 5;
      return s;
    });
    const diagonal = [
      [3, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0.5, 0],
    ];
    const found = orthogonalized(diagonal, 4, [a, b, c]);
    expect(found.map((row, i) => row[i])).toBeAllClose(expected, exact);
  });

  it('with the coefficients 15/8, −10/8, 3/8 converges to an orthogonal matrix, of wide and of tall ones', () => {
    const wide = Array.from({ length: 3 }, (_, i) =>
      Array.from({ length: 5 }, (_, j) => Math.sin(3 * i + j * j + i * j)),
    );
    const x = orthogonalized(wide, 30, [15 / 8, -10 / 8, 3 / 8]);
    const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    expect(gram(x).flat()).toBeAllClose(identity, { rtol: 1e-9, atol: 1e-9 });
    const tall = orthogonalized(
      wide[0].map((_, j) => wide.map((row) => row[j])),
      30,
      [15 / 8, -10 / 8, 3 / 8],
    );
    expect(tall.map((row) => row[0])).toBeAllClose(x[0], exact);
  });
});

it('RAdam begins as momentum, and is Adam in the long run', () => {
  const [first, corrected] = [walk(radam(1, { learningRate: 0.1 }), 2), 1 - 0.1 * 2];
  expect(first).toBeCloseTo(corrected, 14);
  const [a, b] = [radam(1, { epsilon: 1e-7 }), adam(1)];
  const gradients = Array.from({ length: 20_000 }, (_, i) => Math.sin(i));
  walk(a, ...gradients);
  walk(b, ...gradients);
  expect(walk(a, 1) - 1).toBeCloseTo(walk(b, 1) - 1, 7);
});

it('FTRL sets small weights to 0, and is gradient descent with rates of Adagrad without penalties', () => {
  expect(walk(ftrl(1, { learningRate: 1, l1RegularizationStrength: 5 }), 0.5)).toBe(0);
  const rest = { learningRate: 0.1, initialAccumulatorValue: 0 };
  const [w, v] = [Float64Array.of(0), Float64Array.of(0)]; // from 0 there is nothing to forget
  const [a, b] = [ftrl(1, rest), adagrad(1, { ...rest, epsilon: 0 })];
  for (const gradient of [1, -0.5, 2, 0.25]) {
    a.step(w, Float64Array.of(gradient));
    b.step(v, Float64Array.of(gradient));
  }
  expect(w[0]).toBeCloseTo(v[0], 14);
});

it('a step of Lamb has the length of η ‖w‖, whatever the gradient', () => {
  const w = Float64Array.of(3, -4);
  lamb([[2]], { learningRate: 0.1 }).step(w, Float64Array.of(1e-3, 20));
  expect(Math.hypot(w[0] - 3, w[1] + 4)).toBeCloseTo(0.5, 12);
});

it("Adafactor's factors are exact for squares of rank one, and its step is as large as the weights", () => {
  const g = Float64Array.of(1 * 2, 1 * 3, 4 * 2, 4 * 3);
  const w = Float64Array.of(1, -1, 1, -1);
  adafactor([[2, 2]], { learningRate: 0.1 }).step(w, g);
  // u = g / |g| = 1, RMS(w) = 1
  expect(w).toBeAllClose([0.9, -1.1, 0.9, -1.1], { rtol: 1e-12 });
});

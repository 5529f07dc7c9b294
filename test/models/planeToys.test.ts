import { describe, expect, it } from 'vitest';
import {
  drawnToy,
  entropyOf,
  gaussianNll,
  kernelNll,
  mixtureNll,
  PLANE_TOYS,
  placesOf,
  planeData,
  pointsOf,
} from '../../src/models/planeToys.ts';

describe.each([
  ['moons', 1.107, 2.725, 1.142],
  ['spirals', 1.595, 2.787, 1.625],
] as const)('%s', (name, entropy, gaussian, kernel) => {
  const toy = PLANE_TOYS[name];
  const points = pointsOf(toy, 2000, 5, 0);

  it('have the entropy that was computed elsewhere, and one normal distribution and kernels are above it', () => {
    expect(Math.abs(entropyOf(toy, points) - entropy)).toBeLessThan(0.06);
    expect(Math.abs(gaussianNll(points) - gaussian)).toBeLessThan(0.06);
    expect(Math.abs(kernelNll(toy, points) - kernel)).toBeLessThan(0.06);
    expect(kernelNll(toy, points)).toBeGreaterThan(entropyOf(toy, points));
  });

  it('follow seed and stream, and lie around 0 with a deviation near 1', () => {
    expect(pointsOf(toy, 10, 5, 0)).toEqual(points.subarray(0, 20));
    expect(placesOf(toy, 10, 5, 1)).not.toEqual(placesOf(toy, 10, 5, 0));
    const mean = points.reduce((a, b) => a + b) / points.length;
    const square = points.reduce((a, b) => a + b * b, 0) / points.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(square - 1)).toBeLessThan(0.1);
  });
});

it('a mixture of one centre is a normal distribution', () => {
  const nll = mixtureNll(Float32Array.of(1, 2, 0, 0), Float32Array.of(0, 1), [0.5, 2]);
  const each = [0.5 * (2 ** 2 + 0.5 ** 2), 0.5 * (0 + 0.5 ** 2)];
  expect(nll).toBeCloseTo((each[0] + each[1]) / 2 + Math.log(2 * Math.PI * 0.5 * 2), 6);
});

it('parts of the data share no place, and follow the seed', () => {
  const { train, validation, test } = planeData(PLANE_TOYS.moons, { seed: 1 });
  expect([train.size, validation.size, test.size]).toEqual([65_536, 4096, 20_480]);
  const again = planeData(PLANE_TOYS.moons, { seed: 1 });
  expect(again.test.x.data).toEqual(test.x.data);
  const seen = new Set(Array.from(train.x.data).map((_, i) => `${train.x.data[2 * i]}`));
  const shared = Array.from(test.x.data.subarray(0, 200)).filter(
    (value, i) => i % 2 === 0 && seen.has(`${value}`),
  );
  expect(shared.length).toBeLessThan(5);
});

describe('a drawn shape', () => {
  it('has its points, each as likely, with noise', () => {
    const toy = drawnToy([0, 0, 1, 2, -1, 1], { noise: 0.01 });
    const places = placesOf(toy, 3000, 0, 0);
    const counts = new Map<string, number>();
    for (let i = 0; i < places.length; i += 2) {
      const key = `${places[i]},${places[i + 1]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['-1,1', '0,0', '1,2']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it.each([
    [[], {}, '0 numbers are no shape'],
    [[1, 2, 3], {}, '3 numbers are no shape'],
    [[1, 2, NaN, 4], {}, 'all of them finite'],
    [[1, 2, 3, 4], { noise: 0 }, 'noise is 0'],
  ])('of %j with %j is refused', (points, options, message) => {
    expect(() => drawnToy(points, options)).toThrow(message);
  });
});

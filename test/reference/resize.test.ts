import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { array, inner, random } from './array.ts';
import {
  bilinearWeight,
  resizeBilinear,
  resizeBilinearGrad,
  resizeNearest,
  resizeNearestGrad,
} from './resize.ts';

describe('bilinear', () => {
  it('has the published values of tf.image.resize and UpSampling2D', () => {
    // tf.image.resize([[1, 2], [3, 4]], [4, 4]), half-pixel centres
    const expected = [
      1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4,
    ];
    const x = array([1, 2, 2, 1], [1, 2, 3, 4]);
    expect(resizeBilinear(x, [4, 4])).toBeAllClose(array([1, 4, 4, 1], expected), { rtol: 1e-12 });
  });

  it.each([[2, 4], [5, 3], [3, 7], [1, 4], [4, 1]])('from %d to %d the weights add up to 1', (extent, out) => {
    for (let o = 0; o < out; o++) {
      const weights = Array.from({ length: extent }, (_, i) => bilinearWeight(i, o, extent, out));
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    }
  });

  it('has its adjoint', () => {
    const [x, dy] = [random(1, [2, 3, 5, 2]), random(2, [2, 7, 4, 2])];
    expect(inner(resizeBilinear(x, [7, 4]), dy)).toBeCloseTo(inner(x, resizeBilinearGrad(dy, [3, 5])), 12);
  });
}); // prettier-ignore

describe('nearest', () => {
  it('repeats pixels', () => {
    const x = array([1, 2, 1, 2], [1, 2, 3, 4]);
    expect(resizeNearest(x, [4, 1]).data).toEqual(Float64Array.of(1, 2, 1, 2, 3, 4, 3, 4));
    expect(resizeNearest(x, [1, 1]).data).toEqual(Float64Array.of(1, 2));
    expect(resizeNearest(x, [1, 1], 0.5).data).toEqual(Float64Array.of(3, 4));
  });

  it('has its adjoint', () => {
    const x = random(1, [2, 3, 5, 2]);
    for (const [height, width, offset] of [
      [6, 15, 0],
      [7, 4, 0.5],
    ]) {
      const dy = random(2, [2, height, width, 2]);
      const y = resizeNearest(x, [height, width], offset);
      expect(inner(y, dy)).toBeCloseTo(inner(x, resizeNearestGrad(dy, [3, 5], offset)), 12);
    }
  });
});

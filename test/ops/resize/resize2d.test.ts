import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { upSampling2d } from '../../../src/nn/layers/upSampling.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply, relu, square } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { resize2d } from '../../../src/ops/resize/resize2d.ts';
import type { Interpolation } from '../../../src/ops/resize/resize2d.ts';
import { checkGradient, evaluate, testGpu } from '../../helpers/evaluate.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/resize.ts';
import { share } from '../../helpers/share.ts';

type Size = [number, number];

const twins: Record<
  Interpolation,
  { y: (x: Array64, size: Size) => Array64; dx: (dy: Array64, from: Size) => Array64 }
> = {
  nearest: { y: reference.resizeNearest, dx: reference.resizeNearestGrad },
  nearestExact: {
    y: (x, size) => reference.resizeNearest(x, size, 0.5),
    dx: (dy, from) => reference.resizeNearestGrad(dy, from, 0.5),
  },
  bilinear: {
    y: (x, size) => reference.resizeBilinear(x, size),
    dx: (dy, from) => reference.resizeBilinearGrad(dy, from),
  },
  bicubic: {
    y: (x, size) => reference.resizeBilinear(x, size, reference.bicubicWeight),
    dx: (dy, from) => reference.resizeBilinearGrad(dy, from, reference.bicubicWeight),
  },
  bicubicKeys: {
    y: (x, size) => reference.resizeBilinear(x, size, reference.bicubicKeysWeight),
    dx: (dy, from) => reference.resizeBilinearGrad(dy, from, reference.bicubicKeysWeight),
  },
};
const all = Object.keys(twins) as Interpolation[]; // prettier-ignore

const cases: { interpolation: Interpolation; shape: number[]; size: Size }[] = [
  { interpolation: 'nearest', shape: [1, 1, 1, 1], size: [2, 2] },
  { interpolation: 'nearest', shape: [2, 3, 5, 4], size: [6, 10] },
  { interpolation: 'nearest', shape: [2, 3, 5, 3], size: [9, 5] },
  { interpolation: 'nearest', shape: [1, 1, 7, 65], size: [5, 28] },
  ...(['nearest', 'nearestExact'] as const).flatMap((interpolation) => [
    { interpolation, shape: [2, 3, 5, 4], size: [7, 8] as Size }, // larger
    { interpolation, shape: [1, 7, 9, 3], size: [3, 4] as Size }, // smaller: pixels are left out
    { interpolation, shape: [1, 4, 6, 1], size: [9, 2] as Size }, // both
    { interpolation, shape: [2, 5, 4, 4], size: [1, 1] as Size },
    { interpolation, shape: [1, 63, 2, 2], size: [64, 65] as Size },
    { interpolation, shape: [1, 2, 3, 5], size: [4, 9] as Size },
  ]),
  { interpolation: 'bilinear', shape: [1, 1, 1, 1], size: [3, 2] },
  { interpolation: 'bilinear', shape: [1, 1, 5, 2], size: [4, 10] },
  { interpolation: 'bilinear', shape: [2, 7, 7, 8], size: [14, 14] },
  { interpolation: 'bilinear', shape: [2, 3, 5, 3], size: [9, 5] },
  { interpolation: 'bilinear', shape: [1, 4, 6, 4], size: [7, 9] },
  { interpolation: 'bilinear', shape: [2, 9, 8, 1], size: [4, 3] },
  { interpolation: 'bilinear', shape: [1, 5, 4, 4], size: [1, 1] },
  { interpolation: 'bilinear', shape: [1, 63, 2, 1], size: [64, 65] },
  ...(['bicubic', 'bicubicKeys'] as const).flatMap((interpolation) => [
    { interpolation, shape: [1, 1, 1, 1], size: [3, 2] as Size },
    { interpolation, shape: [1, 1, 5, 2], size: [4, 10] as Size },
    { interpolation, shape: [2, 2, 3, 4], size: [6, 9] as Size },
    { interpolation, shape: [1, 4, 6, 4], size: [7, 9] as Size },
    { interpolation, shape: [2, 9, 8, 1], size: [4, 3] as Size },
    { interpolation, shape: [1, 5, 4, 4], size: [1, 1] as Size },
    { interpolation, shape: [1, 31, 2, 1], size: [32, 33] as Size },
  ]),
];

describe.each([true, false])('software %s', (software) => {
  it.each(share(cases, 2, software ? 0 : 1))(
    '$interpolation, $shape to $size',
    async ({ interpolation, shape, size }) => {
      const x = random(1, shape);
      const { y, dx } = twins[interpolation];
      const dy = random(2, [shape[0], ...size, shape[3]]);
      const [found, gradient] = await evaluate(
        (t) => {
          const out = resize2d(t, size, { interpolation });
          const weights = constant(Float32Array.from(dy.data), dy.shape);
          return [out, gradients(reduceSum(multiply(out, weights)), [t])[0]!];
        },
        [x],
        { software },
      );
      const exact = interpolation.startsWith('nearest') ? { rtol: 0, atol: 0 } : { rtol: 1e-5, atol: 1e-5 };
      expect(found).toBeAllClose(y(x, size), exact);
      expect(gradient).toBeAllClose(dx(dy, [shape[1], shape[2]]), { rtol: 1e-5, atol: 1e-5 });
    },
  );
});

it.each(all)('%s: gradients, also of gradients', async (interpolation) => {
  const x = random(3, [2, 2, 3, 4]);
  const size: Size = [5, 2];
  const build = (t: Tensor) => resize2d(t, size, { interpolation });
  const twin = (a: Array64) => twins[interpolation].y(a, size);
  await checkGradient(build, [x], { reference: twin });
  const [second] = await evaluate(
    (t) => {
      const first = gradients(reduceSum(square(build(t))), [t])[0]!;
      return gradients(reduceSum(square(first)), [t])[0]!;
    },
    [x],
  );
  // Σ (2 Aᵀ A x)² has the gradient 8 (Aᵀ A)² x
  const normal = (a: Array64) => twins[interpolation].dx(twin(a), [2, 3]);
  expect(second).toBeAllClose(map(normal(normal(x)), (value) => 8 * value)); // prettier-ignore
});

it.each(all)('%s: what follows is computed in its kernel', async (interpolation) => {
  const gpu = await testGpu();
  const x = input('x', [2, 3, 3, 8]);
  const program = await gpu.compile(() => {
    const y = relu(multiply(resize2d(x, [6, 6], { interpolation }), input('w', [8])));
    return { y };
  });
  program.destroy();
  expect(program.commands.map(({ label }) => label)).toEqual(['resize2d']);
});

it('nearest takes the pixels that PyTorch, TensorFlow and JAX take', async () => {
  const x = array([1, 1, 5, 1], [0, 1, 2, 3, 4]);
  const at = async (width: number, interpolation: Interpolation) =>
    [...(await evaluate((t) => resize2d(t, [1, width], { interpolation }), [x]))[0].data]; // prettier-ignore
  // torch.nn.functional.interpolate(torch.arange(5.)[None, None], 3, mode=…)
  expect(await at(3, 'nearest')).toEqual([0, 1, 3]);
  expect(await at(3, 'nearestExact')).toEqual([0, 2, 4]);
  expect(await at(7, 'nearest')).toEqual([0, 0, 1, 2, 2, 3, 4]);
  expect(await at(7, 'nearestExact')).toEqual([0, 1, 1, 2, 3, 3, 4]);
});

it('bicubic gives what PyTorch gives', async () => {
  // torch.nn.Upsample(scale_factor=2, mode='bicubic') of [[1, 2], [3, 4]]
  const rows = [
    [0.6836, 1.0156, 1.5625, 1.8945],
    [1.3477, 1.6797, 2.2266, 2.5586],
    [2.4414, 2.7734, 3.3203, 3.6523],
    [3.1055, 3.4375, 3.9844, 4.3164],
  ];
  const x = array([1, 2, 2, 1], [1, 2, 3, 4]);
  const [y] = await evaluate((t) => resize2d(t, [4, 4], { interpolation: 'bicubic' }), [x]);
  expect(y).toBeAllClose(array([1, 4, 4, 1], rows.flat()), { rtol: 0, atol: 5.1e-5 });
});

it('bicubicKeys gives what JAX gives', async () => {
  // keras.ops.image.resize(x, (1, n), interpolation='bicubic') on JAX, which computes it in f32
  const x = array([1, 1, 6, 1], [0, 1, 2 ** 1.5, 3 ** 1.5, 8, 5 ** 1.5]);
  const known = {
    4: [0.149742, 2.313985, 5.857626, 10.63817],
    9: [-0.065789, 0.363034, 1.250555, 2.482893, 3.951326, 5.633865, 7.505857, 9.848642, 11.389573],
  };
  for (const [width, values] of Object.entries(known)) {
    const [y] = await evaluate((t) => resize2d(t, [1, Number(width)], { interpolation: 'bicubicKeys' }), [x]);
    expect(y).toBeAllClose(array([1, 1, values.length, 1], values), { rtol: 1e-5, atol: 1e-5 });
  }
});

it('the same size is the same tensor', () => {
  const x = input('x', [1, 2, 3, 1]);
  expect(resize2d(x, [2, 3], { interpolation: 'bilinear' })).toBe(x);
});

describe('upSampling2d', () => {
  const x = random(4, [2, 3, 4, 2]);

  it('enlarges by factors', async () => {
    for (const [options, size] of [
      [{}, [6, 8]],
      [{ size: [1, 3] as const, interpolation: 'bilinear' as const }, [3, 12]],
      [{ interpolation: 'bicubic' as const }, [6, 8]],
    ] as const) {
      const layer = upSampling2d(options);
      const model = sequential([layer], { inputShape: [3, 4, 2] });
      expect(model.outputShape).toEqual([...size, 2]);
      expect(model.parameters).toBe(0);
      const [y] = await evaluate((t) => model.call(t), [x]);
      expect(y).toBeAllClose(twins[options.interpolation ?? 'nearest'].y(x, [...size]));
    }
    expect(upSampling2d({ size: [1, 3], interpolation: 'bilinear' }).describe()).toBe('1×3, bilinear');
    expect(upSampling2d().describe()).toBe('2×2');
  });

  it('refuses what it cannot do', () => {
    expect(() => upSampling2d({ size: 1.5 })).toThrow(ArgumentError);
    expect(() => upSampling2d({ interpolation: 'lanczos3' as 'nearest' })).toThrow(ArgumentError);
    expect(() => sequential([upSampling2d()], { inputShape: [4] })).toThrow(ShapeError);
  });
});

it('says what does not fit', () => {
  const x = input('x', [1, 4, 4, 3]);
  expect(() => resize2d(x, [2.5, 2])).toThrow(ShapeError);
  expect(() => resize2d(x, [0, 2], { interpolation: 'bilinear' })).toThrow(ShapeError);
  expect(() => resize2d(input('x', [4, 4]), [8, 8])).toThrow(ShapeError);
  expect(() => resize2d(input('x', [1, 4, 4, 3], 'i32'), [8, 8])).toThrow(ArgumentError);
});

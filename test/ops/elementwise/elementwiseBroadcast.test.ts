import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import {
  add,
  exp,
  multiply,
  negate,
  relu,
  scale,
  square,
  subtract,
  tanh,
  where,
} from '../../../src/ops/elementwise/elementwise.ts';
import { broadcastTo } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate, testGpu } from '../../helpers/evaluate.ts';
import { map, random, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as broadcasting from '../../reference/broadcast.ts';
import { binary, where as whereReference } from '../../reference/elementwise.ts';

/** Every way of reading an operand, vectors and scalars, ranks up to 6, ones at either end and in the middle. */
const pairs: readonly (readonly [a: number[], b: number[]])[] = [
  [[], []],
  [[1], [1, 1]],
  [[5], [5]],
  [[], [3, 5]],
  [[2, 3, 4], [1]],
  [[2, 3, 4], [4]],
  [
    [1, 1, 8],
    [2, 3, 8],
  ],
  [[7, 5], [5]],
  [[4, 5], [5]],
  [
    [1, 3, 4],
    [2, 1, 4],
  ],
  [
    [2, 3, 1],
    [2, 3, 4],
  ],
  [
    [4, 1],
    [1, 5],
  ],
  [
    [2, 1, 3, 1, 2],
    [5, 1, 2, 1],
  ],
  [
    [2, 1, 3, 1, 2, 4],
    [1, 3, 1, 2, 1, 4],
  ],
  [
    [63, 1],
    [1, 65],
  ],
  [[8, 1, 1, 8], [8]],
];

describe('broadcasting', () => {
  it('follows NumPy for every class of shapes', async () => {
    const inputs = pairs.flatMap(([a, b], i) => [random(2 * i, a), random(2 * i + 1, b)]);
    const results = await evaluate(
      (...tensors) => pairs.map((_, i) => subtract(tensors[2 * i], tensors[2 * i + 1])),
      inputs,
    );
    pairs.forEach(([a, b], i) => {
      expect(results[i], `[${a}] − [${b}]`).toBeAllClose(
        binary('subtract', inputs[2 * i], inputs[2 * i + 1]),
      );
    });
  });

  it('of three operands', async () => {
    const condition = random(1, [3, 1]);
    const [a, b] = [random(2, [4]), random(3, [2, 1, 1])];
    const [y] = await evaluate((c, p, q) => where(relu(c), p, q), [condition, a, b]);
    expect(y).toBeAllClose(
      whereReference(
        map(condition, (x) => Math.max(x, 0)),
        a,
        b,
      ),
    );
  });

  it('to a shape, of floats and integers', async () => {
    const [x, n] = [random(1, [2, 1, 3]), { shape: [3, 1], data: Float64Array.of(-1, 2, 70000) }];
    const [y, m] = await evaluate((t, i) => [broadcastTo(t, [2, 2, 4, 3]), broadcastTo(i, [3, 4])], [x, n], {
      dtypes: ['f32', 'i32'],
    });
    expect(y).toBeAllClose(broadcasting.broadcastTo(x, [2, 2, 4, 3]));
    expect(m).toBeAllClose(broadcasting.broadcastTo(n, [3, 4]), { rtol: 0, atol: 0 });
  });

  it.each([
    [[2, 3], []],
    [
      [4, 1],
      [3, 1, 5],
    ],
    [
      [2, 1, 4],
      [3, 1],
    ],
  ])('gradients are summed back: %j and %j', async (a, b) => {
    const reference = (x: Array64, y: Array64) => map(binary('multiply', x, y), (z) => Math.tanh(z) + z);
    const build = (x: Tensor, y: Tensor) => {
      const z = multiply(x, y);
      return add(tanh(z), z);
    };
    await checkGradient(build, [random(1, a), random(2, b)], { reference });
  });
});

describe('fused kernels', () => {
  it('read six operands in every way at once', async () => {
    const shapes = [[4, 3, 8], [8], [], [3, 1], [4, 1, 1], [1, 3, 8]];
    const inputs = shapes.map((shape, i) => random(i, shape));
    const sum =
      (own: (x: Tensor, i: number) => Tensor) =>
      (...tensors: Tensor[]) =>
        tensors.map(own).reduce((a, b) => add(a, b));
    const weight = (i: number) => i + 1.5;
    const [y] = await evaluate(
      sum((x, i) => scale(square(x), weight(i))),
      inputs,
    );
    const expected = inputs
      .map((x, i) => map(x, (v) => weight(i) * v * v))
      .reduce((a, b) => binary('add', a, b));
    expect(y).toBeAllClose(expected);
  });

  it('give the numbers of the same ops one by one', async () => {
    const [x, w, b] = [random(1, [6, 8], -2, 2), random(2, [8]), random(3, [6, 1])];
    const chain = (p: Tensor, q: Tensor, r: Tensor) => {
      const z = add(multiply(p, q), r);
      const t = tanh(z);
      const e = exp(negate(square(t)));
      return [z, t, e, subtract(multiply(e, z), relu(t))];
    };
    const unfused = await evaluate(
      (...tensors) => chain(...(tensors as [Tensor, Tensor, Tensor])),
      [x, w, b],
    );
    const [fused] = await evaluate(
      (...tensors) => chain(...(tensors as [Tensor, Tensor, Tensor]))[3],
      [x, w, b],
    );
    expect(fused).toBeAllClose(unfused[3], { rtol: 1e-6, atol: 1e-6 });
    const z = map(binary('add', binary('multiply', x, w), b), (v) => v);
    expect(unfused[0]).toBeAllClose(z);
    const formula = (v: number) => Math.exp(-(Math.tanh(v) ** 2)) * v - Math.max(Math.tanh(v), 0);
    expect(fused).toBeAllClose(map(z, formula));
  });
});

describe('sizes', () => {
  /** Runs negate on 0, 1, 2, … and counts wrong elements, without a float64 copy of everything. */
  async function wrongElements(shape: number[]): Promise<number> {
    const gpu = await testGpu();
    const x = input('x', shape);
    const program = await gpu.compile(() => ({ y: negate(x) }));
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i);
    program.write(x, data);
    await program.step();
    const y = await program.read('y');
    program.destroy();
    let wrong = y.length === data.length ? 0 : Infinity;
    for (let i = 0; i < y.length; i++) if (y[i] !== -data[i]) wrong++;
    return wrong;
  }

  it.each([1, 2, 3, 63, 64, 65, 255, 256, 257])('%d elements', async (size) => {
    expect(await wrongElements([size])).toBe(0);
  });

  // 65,535 workgroups of 64 invocations; one more makes the grid two-dimensional, two more make it uneven.
  const most = 65535 * 64;
  it.each([
    ['as many workgroups as fit along x', [most - 1]],
    ['two more', [most + 65]],
    ['one more, four values each', [4, most + 1]],
  ])('%s', async (_name, shape) => {
    expect(await wrongElements(shape)).toBe(0);
  });
});

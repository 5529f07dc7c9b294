import * as fc from 'fast-check';
import * as ew from '../../src/ops/elementwise/elementwise.ts';
import { fill, input } from '../../src/ops/core/leaves.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';

/** Adds a node to a graph; operands are taken modulo the tensors there are. Values stay within a few units. */
type Grow = (a: Tensor, b: Tensor, c: Tensor, n: number) => Tensor;

const smooth: Grow[] = [
  (a, b) => ew.add(a, b),
  (a, b) => ew.subtract(a, b),
  (a, b) => ew.multiply(a, ew.tanh(b)),
  (a, b) => ew.divide(a, ew.shift(ew.square(ew.sin(b)), 1)),
  (a) => ew.tanh(a),
  (a) => ew.sigmoid(a),
  (a) => ew.negate(a),
  (a) => ew.exp(ew.negate(ew.square(ew.tanh(a)))),
  (a) => ew.multiply(a, ew.sigmoid(a)),
  (a) => ew.multiply(ew.cos(a), ew.cos(a)),
  (a, _b, _c, n) => ew.scale(a, [0.5, 1, -1.25][n % 3]),
  (a, _b, _c, n) => ew.shift(a, [0.5, 0, -1][n % 3]),
  (a, _b, _c, n) => ew.add(a, fill(a.shape, [0, 1, -0.5][n % 3])),
  (a, _b, _c, n) => ew.multiply(fill([], [1, 1, 0.25][n % 3]), a),
  (a) => softmax(a.shape.length > 0 ? a : reshape(a, [1])),
  (a) => reduceSum(ew.scale(a, 0.25), { axes: a.shape.length > 0 ? [-1] : [], keepDims: true }),
  (a) => reduceMean(a),
  (a) => reshape(a, [sizeOf(a.shape)]),
  (a) => {
    const rows = reshape(a, [-1, a.shape.at(-1) ?? 1]);
    return matmul(rows, ew.scale(rows, 0.25), { transposeA: true });
  },
];

const kinked: Grow[] = [
  (a) => ew.relu(a),
  (a, b) => ew.maximum(a, b),
  (a, b) => ew.minimum(b, a),
  (a, b, c) => ew.where(ew.greater(c, 0), a, b),
  (a, b) => ew.lessEqual(a, b),
];

const SHAPES = [[], [4], [3, 1], [1, 4], [3, 4], [2, 3, 4]];

export interface RandomGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly feed: ReadonlyMap<Tensor, Array64>;
}

/** Random DAGs of a few inputs and up to `size` nodes, some of them dead, with one to three outputs. */
export function randomGraphs(size: number, { kinks = true } = {}): fc.Arbitrary<RandomGraph> {
  const ops = kinks ? [...smooth, ...kinked] : smooth;
  const node = fc.record({
    op: fc.nat(ops.length - 1),
    operands: fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 }),
    n: fc.nat(2),
  });
  return fc
    .record({
      nodes: fc.array(node, { minLength: 1, maxLength: size }),
      wanted: fc.array(fc.nat(1000), { maxLength: 2 }),
    })
    .map(({ nodes, wanted }) => {
      const inputs = SHAPES.map((shape, i) => input(`in ${i}`, shape));
      const pool: Tensor[] = [...inputs];
      for (const { op, operands, n } of nodes) {
        // The newest tensors are taken more often, so that graphs get deep.
        const pick = (k: number) =>
          k % 2 === 0 ? pool[pool.length - 1 - (k % Math.min(3, pool.length))] : pool[k % pool.length];
        const [a, b, c] = operands.map(pick);
        pool.push(fits(a, b, c) ? ops[op](a, b, c, n) : ops[op](a, a, a, n));
      }
      const outputs = [pool.at(-1)!, ...wanted.map((k) => pool[k % pool.length])];
      return { inputs, outputs, feed: new Map(inputs.map((t, i) => [t, random(i + 1, t.shape)])) };
    });
}

/** Whether the shapes broadcast, to something small. */
function fits(...tensors: Tensor[]): boolean {
  const rank = Math.max(...tensors.map(({ shape }) => shape.length));
  let size = 1;
  for (let axis = 1; axis <= rank; axis++) {
    const extents = new Set(
      tensors.map(({ shape }) => shape.at(-axis) ?? 1).filter((extent) => extent !== 1),
    );
    if (extents.size > 1) return false;
    for (const extent of extents) size *= extent;
  }
  return size <= 64;
}

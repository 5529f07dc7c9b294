import { describe, expect, it } from 'vitest';
import { fuseElementwise, MAX_FUSED_STEPS } from '../../src/graph/passes/fuse.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import * as ew from '../../src/ops/elementwise/elementwise.ts';
import { broadcastTo, broadcastToOp } from '../../src/ops/reduce/sum.ts';
import { expressionBody } from '../../src/ops/core/expression.ts';
import { fill, input } from '../../src/ops/core/leaves.ts';
import { accessOf, mapOp, MAX_MAP_INPUTS } from '../../src/ops/elementwise/map.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { MAX_EXTRAS } from '../../src/ops/core/op.ts';
import type { Op } from '../../src/ops/core/op.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { applyAll } from '../../src/ops/core/node.ts';
import type { Node, Tensor } from '../../src/ops/core/op.ts';

const [x, y, z] = ['x', 'y', 'z'].map((name) => input(name, [2, 4]));
const bias = input('bias', [4]);
const fuse = (...tensors: Tensor[]) => tensors.map(fuseElementwise(tensors));
/** The WGSL of a map, its inputs called a, b, c, … */
const body = ({ node: { attrs, inputs } }: Tensor) =>
  expressionBody(attrs.expression, [...'abcdef'].slice(0, inputs.length));
const kernelsOf = (...tensors: Tensor[]): Node[] =>
  topologicalOrder(tensors).filter(({ op }) => op.kind === 'elementwise' || op.kind === 'kernel');

describe('fuseElementwise', () => {
  it('makes one map of a chain, which keeps the label of its last op', () => {
    const [fused] = fuse(ew.relu(ew.add(ew.multiply(x, y), bias)));
    expect(kernelsOf(fused).length).toBe(1);
    expect(fused.node.inputs).toEqual([x, y, bias]);
    expect(fused.node.label).toBe('relu');
    expect(body(fused)).toBe(
      'let t0 = multiply(a, b);\n  let t1 = add(t0, c);\n  let t2 = relu(t1);\n  return t2;',
    );
  });

  it('writes constants of one value into the code', () => {
    const [fused] = fuse(ew.scale(ew.add(x, 0.1), 3));
    expect(fused.node.inputs).toEqual([x]);
    expect(body(fused)).toBe(
      'let t0 = Value(0.10000000149011612);\n  let t1 = add(a, t0);\n  let t2 = scale(t1, 3.0);\n  return t2;',
    );
  });

  it('a map of constants alone has no inputs', () => {
    const [fused] = fuse(ew.exp(fill([2, 4], 2)));
    expect(fused.node.inputs).toEqual([]);
    expect(body(fused)).toBe('let t0 = Value(2.0);\n  let t1 = exp(t0);\n  return t1;');
  });

  it('leaves a tensor alone that two others read', () => {
    const shared = ew.exp(x);
    const outputs = fuse(reduceSum(ew.negate(shared)), ew.square(shared));
    expect(kernelsOf(...outputs).map(({ label }) => label)).toEqual(['exp', 'negate', 'reduceSum', 'square']);
  });

  it('leaves a tensor alone that is wanted', () => {
    const wanted = ew.exp(x);
    const [first, second] = fuse(wanted, ew.negate(wanted));
    expect(second.node.inputs).toEqual([first]);
  });

  it('fuses what is read twice, when the readers become one', () => {
    const h = ew.add(x, y);
    const [silu] = fuse(ew.multiply(h, ew.sigmoid(h)));
    expect(kernelsOf(silu).length).toBe(1);
    const steps = silu.node.attrs.expression.steps.map(({ fn }: { fn: string }) => fn);
    expect(steps).toEqual(['add', 'sigmoid', 'multiply']);
  });

  it('computes an operand once that an op takes twice', () => {
    let power = ew.add(x, 1);
    for (let i = 0; i < 10; i++) power = ew.multiply(power, power);
    const [fused] = fuse(power);
    expect(fused.node.attrs.expression.steps.length).toBe(12);
  });

  it('repeats, where shapes broadcast', () => {
    const [fused] = fuse(ew.multiply(ew.exp(bias), x));
    expect(fused.node.inputs).toEqual([bias, x]);
    expect(fused.shape).toEqual([2, 4]);
    const [wide] = fuse(ew.negate(broadcastTo(bias, [3, 4])));
    expect(kernelsOf(wide).length).toBe(1);
    expect(body(wide)).toBe('let t0 = negate(a);\n  return t0;');
  });

  it(`reads at most ${MAX_MAP_INPUTS} tensors in one kernel`, () => {
    const inputs = Array.from({ length: 15 }, (_, i) => input(`in ${i}`, [2, 4]));
    const [sum] = fuse(inputs.map((t) => ew.square(t)).reduce((a, b) => ew.add(a, b)));
    const kernels = kernelsOf(sum);
    for (const node of kernels) expect(node.inputs.length).toBeLessThanOrEqual(MAX_MAP_INPUTS);
    expect(kernels.length).toBeLessThanOrEqual(4);
    expect(topologicalOrder([sum]).filter(({ op }) => op.kind === 'leaf').length).toBe(15);
  });

  it(`computes at most ${MAX_FUSED_STEPS} steps in one kernel`, () => {
    let chain: Tensor = x;
    for (let i = 0; i < 300; i++) chain = ew.sin(chain);
    const [fused] = fuse(chain);
    const lengths = kernelsOf(fused).map(({ attrs }) => attrs.expression.steps.length);
    expect(Math.max(...lengths)).toBe(MAX_FUSED_STEPS);
    expect(lengths.reduce((a, b) => a + b)).toBe(300);
    expect(lengths.length).toBe(Math.ceil(300 / MAX_FUSED_STEPS));
  });

  it('does not touch integers', () => {
    const [copy] = fuse(broadcastTo(input('n', [1], 'i32'), [4]));
    expect(copy.node.op).toBe(broadcastToOp);
  });
});

describe('how a map reads a tensor', () => {
  it.each([
    [[2, 3], [2, 3], 'element'],
    [[3], [1, 1, 3], 'element'],
    [[1, 2, 3], [2, 3], 'element'],
    [[], [1, 1], 'element'],
    [[], [2, 3], 'scalar'],
    [[1, 1], [2, 3], 'scalar'],
    [[3], [2, 3], 'channel'],
    [[1, 3], [2, 2, 3], 'channel'],
    [[2, 1], [2, 3], 'strided'],
    [[2, 3], [4, 2, 3], 'strided'],
    [[3, 1], [2, 3, 1], 'strided'],
  ] as const)('%j for %j: %s', (shape, output, access) => {
    expect(accessOf(shape, output)).toBe(access);
  });
});

describe('fuseEpilogues', () => {
  const weights = input('weights', [4, 4]);
  const product = () => matmul(x, weights);

  it('folds bias and activation into the kernel that makes the sum', () => {
    const [fused] = optimize([ew.relu(ew.add(product(), bias))]);
    expect(fused.node.op.name).toBe('matmul');
    expect(fused.node.label).toBe('matmul');
    expect(fused.node.inputs).toEqual([x, weights, bias]);
    const { expression, extras } = fused.node.epilogue!;
    expect(extras.map(({ access }) => access)).toEqual(['channel']);
    expect(expressionBody(expression, ['value', 'extra_0[channel]'])).toBe(
      'let t0 = add(value, extra_0[channel]);\n  let t1 = relu(t0);\n  return t1;',
    );
  });

  it('keeps the order of operands that do not commute', () => {
    const [fused] = optimize([ew.subtract(bias, ew.divide(y, product()))]);
    const { expression, extras } = fused.node.epilogue!;
    const names = extras.map(({ tensor }) => (tensor === bias ? 'bias' : 'y'));
    const text = expressionBody(expression, ['value', ...names]);
    expect(text).toBe('let t0 = divide(y, value);\n  let t1 = subtract(bias, t0);\n  return t1;');
  });

  it('reads extras by element, by channel and as scalars', () => {
    const scalar = input('scalar', [1]);
    const [fused] = optimize([ew.multiply(ew.add(ew.multiply(product(), bias), y), scalar)]);
    expect(fused.node.epilogue!.extras.map(({ access }) => access)).toEqual(['channel', 'element', 'scalar']);
    expect(fused.node.inputs).toEqual([x, weights, bias, y, scalar]);
  });

  it('takes a tensor that the kernel reads anyway', () => {
    const [fused] = optimize([ew.add(product(), x)]);
    expect(fused.node.inputs).toEqual([x, weights, x]);
    expect(fused.node.epilogue!.extras.length).toBe(1);
  });

  const separate: [string, (p: Tensor) => Tensor[]][] = [
    ['a product that two others read', (p) => [reduceSum(ew.relu(p)), reduceSum(p)]],
    ['a product that is wanted', (p) => [p, ew.relu(p)]],
    ['a larger result', (p) => [ew.add(p, input('large', [3, 2, 4]))]],
    ['an extra that has to be strided', (p) => [ew.add(p, input('column', [2, 1]))]],
    [
      `more than ${MAX_EXTRAS} extras`,
      (p) => [
        Array.from({ length: MAX_EXTRAS + 1 }, (_, i) => input(`e${i}`, [4])).reduce(
          (a, b) => ew.multiply(a, b),
          p,
        ),
      ],
    ],
  ];
  it.each(separate)('leaves the map apart for %s', (_name, make) => {
    const outputs = optimize(make(product()));
    const nodes = topologicalOrder(outputs);
    expect(nodes.find(({ op }) => op.name === 'matmul')!.epilogue).toBeUndefined();
    expect(nodes.some(({ op }) => op === mapOp) || nodes.some(({ epilogue }) => epilogue)).toBe(true);
  });

  it('of two products folds into the later one, which then reads the other', () => {
    const [first, second] = [product(), matmul(y, weights)];
    const [fused] = optimize([ew.add(first, second)]);
    expect(kernelsOf(fused).map(({ op }) => op.name)).toEqual(['matmul', 'matmul']);
    expect(fused.node.inputs.length).toBe(3);
    expect(fused.node.epilogue!.extras.length).toBe(1);
    expect(fused.node.inputs[2].node.epilogue).toBeUndefined();
  });

  it('takes a whole chain', () => {
    const [fused] = optimize([ew.negate(ew.relu(product()))]);
    expect(fused.node.epilogue!.expression.steps.map(({ fn }) => fn)).toEqual(['relu', 'negate']);
  });

  it('asks the op, where it depends on the node', () => {
    const op = (fusesEpilogue: Op['fusesEpilogue'], outputs = 1): Op => ({
      name: 'custom',
      kind: 'kernel',
      infer: ([{ shape, dtype }]) => Array.from({ length: outputs }, () => ({ shape, dtype })),
      lower: () => {},
      gradient: { reason: 'it is a test' },
      fusesEpilogue,
    });
    const epilogues = (own: Op) => {
      const [first, ...rest] = applyAll(own, [x], {});
      return kernelsOf(...optimize([ew.relu(first), ...rest])).filter(({ epilogue }) => epilogue).length;
    };
    expect(epilogues(op(true))).toBe(1);
    expect(epilogues(op(false))).toBe(0);
    expect(epilogues(op(undefined))).toBe(0);
    expect(epilogues(op(({ inputs }) => inputs[0] === x))).toBe(1);
    expect(epilogues(op(({ inputs }) => inputs[0] === y))).toBe(0);
    expect(epilogues(op(true, 2)), 'on output 0 of several').toBe(1);
  });

  it('of several outputs folds into the first alone, and only what needs nothing that comes later', () => {
    const op: Op = {
      name: 'pair',
      kind: 'kernel',
      infer: ([{ shape, dtype }]) => [0, 1].map(() => ({ shape, dtype })),
      lower: () => {},
      gradient: { reason: 'it is a test' },
      fusesEpilogue: true,
    };
    const epiloguesOf = (make: (a: Tensor, b: Tensor) => Tensor[]) => {
      const [a, b] = applyAll(op, [x], {});
      const outputs = optimize(make(a, b));
      return topologicalOrder(outputs).flatMap(({ epilogue }) => epilogue ?? []).length;
    };
    expect(epiloguesOf((a, b) => [ew.relu(a), b])).toBe(1);
    expect(epiloguesOf((a, b) => [a, ew.relu(b)])).toBe(0);
    expect(epiloguesOf((a, b) => [ew.add(a, y), b])).toBe(1);
    const later = product();
    expect(epiloguesOf((a, b) => [ew.add(a, later), b, later])).toBe(0);
    expect(epiloguesOf((a, b) => [later, ew.add(a, later), b])).toBe(1);
    expect(epiloguesOf((a, b) => [ew.add(a, b)])).toBe(0);
  });

  it('is not stopped by a multiplication with 1', () => {
    const [fused] = optimize([ew.add(ew.multiply(product(), 1), ew.multiply(z, 0))]);
    expect(fused.node.inputs).toEqual([x, weights, z]);
  });
});

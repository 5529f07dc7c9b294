import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consumersOf, rewrite, topologicalOrder } from '../../src/graph/traverse.ts';
import { add, multiply, negate, relu, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { createNode, withScope } from '../../src/ops/core/node.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { randomGraphs } from './randomGraph.ts';

describe('topologicalOrder', () => {
  it('has every node that the outputs need once, after its inputs, and no other', () => {
    fc.assert(
      fc.property(randomGraphs(30), ({ outputs }) => {
        const order = topologicalOrder(outputs);
        const position = new Map(order.map((node, i) => [node, i]));
        expect(position.size).toBe(order.length);
        for (const node of order) {
          for (const { node: source } of node.inputs)
            expect(position.get(source)).toBeLessThan(position.get(node)!);
        }
        const needed = new Set(outputs.map(({ node }) => node));
        for (const node of needed) for (const tensor of node.inputs) needed.add(tensor.node); // grows on the way
        expect(new Set(order)).toEqual(needed);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('leaves dead work out', () => {
    const x = input('x', [2]);
    const y = relu(x);
    negate(y);
    expect(topologicalOrder([y]).map(({ op }) => op.name)).toEqual(['input', 'relu']);
    expect(topologicalOrder([])).toEqual([]);
  });

  it('walks a chain of 100,000 nodes', () => {
    let y = input('x', [1]);
    for (let i = 0; i < 100_000; i++) y = negate(y);
    expect(topologicalOrder([y]).length).toBe(100_001);
  });

  it('walks a graph whose paths are without number', () => {
    let y = input('x', [1]);
    for (let i = 0; i < 200; i++) y = add(y, y); // 2^200 paths
    expect(topologicalOrder([y]).length).toBe(201);
  });
});

describe('consumersOf', () => {
  it('lists the readers of each tensor, once each', () => {
    const x = input('x', [2]);
    const [square, sum] = [multiply(x, x), add(x, 1)];
    const consumers = consumersOf(topologicalOrder([square, sum]));
    expect(consumers.get(x)).toEqual([square.node, sum.node]);
    expect(consumers.has(sum)).toBe(false);
  });
});

describe('rewrite', () => {
  const x = input('x', [2]);
  const y = relu(x);
  const z = withScope('layer', () => tanh(add(y, y)));

  it('keeps the very tensors where nothing changes', () => {
    const lookUp = rewrite([z], () => undefined);
    expect([x, y, z].map(lookUp)).toEqual([x, y, z]);
    expect(lookUp(z)).toBe(z);
  });

  it('rebuilds what depends on a replacement, and only that', () => {
    const other = negate(x);
    const side = tanh(x);
    const lookUp = rewrite([z, side], (node) => (node === y.node ? [other] : undefined));
    const rebuilt = lookUp(z);
    expect(rebuilt).not.toBe(z);
    expect(rebuilt.node.label).toBe('layer/tanh');
    expect(rebuilt.node.inputs[0].node.inputs).toEqual([other, other]);
    expect(lookUp(y)).toBe(other);
    expect(lookUp(side)).toBe(side);
    expect(z.node.inputs[0].node.inputs[0], 'the old graph stays as it was').toBe(y);
  });

  it('shows each node with its inputs already replaced', () => {
    const seen: (readonly Tensor[])[] = [];
    const other = negate(x);
    rewrite([z], (node, inputs) => {
      if (node === y.node) return [other];
      if (node.op.name === 'add') seen.push(inputs);
      return undefined;
    });
    expect(seen).toEqual([[other, other]]);
  });

  it('keeps epilogues', () => {
    const epilogue = { expression: { inputs: 1, steps: [] }, extras: [] };
    const withEpilogue = createNode(y.node.op, [x], {}, y.node.outputs, 'own', epilogue).outputs[0];
    const lookUp = rewrite([withEpilogue], (node) => (node === x.node ? [negate(x)] : undefined));
    expect(lookUp(withEpilogue).node.epilogue).toBe(epilogue);
    expect(lookUp(withEpilogue).node.label).toBe('own');
  });
});

import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { Layer } from '../../src/nn/layers/layer.ts';
import { separableConv2d } from '../../src/nn/layers/separable.ts';
import { model } from '../../src/nn/model.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { formatShape } from '../../src/ops/core/shape.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import type { Shape } from '../../src/ops/core/shape.ts';
import { layerCases } from './layerCases.ts';

const modelOf = (layer: Layer, shapes: readonly Shape[], dtype?: 'i32') => {
  const inputs = shapes.map((shape) => modelInput({ shape, dtype }));
  return model({ inputs, outputs: layer.apply(inputs) });
};

describe.each(layerCases.map((own) => [own.type, own] as const))('%s', (_, own) => {
  const { options, make, shapes, dtype, refused = [], served = [] } = own;

  it.each(refused.map((list) => [list.map(formatShape).join(), list] as const))(
    'that has weights refuses %s',
    (_, others) => {
      const layer = make({ ...options });
      modelOf(layer, shapes, dtype);
      const before = [...layer.variables];
      const message = `own name: was built for samples of shape ${shapes.map(formatShape).join(' and ')} and cannot take ${others.map(formatShape).join(' and ')} (`;
      expect(() => modelOf(layer, others, dtype)).toThrow(ShapeError);
      expect(() => modelOf(layer, others, dtype)).toThrow(message);
      const tensors = others.map((shape) => input('x', [2, ...shape], dtype));
      expect(() => layer.call(tensors, { training: false })).toThrow(message);
      expect(layer.variables).toEqual(before);
      expect(modelOf(layer, shapes, dtype).variables).toEqual(before);
    },
  );

  it.each(served.map((list) => [list.map(formatShape).join(), list] as const))(
    'serves %s too',
    (_, others) => {
      const layer = make({ ...options });
      const { variables } = modelOf(layer, shapes, dtype);
      expect(modelOf(layer, others, dtype).variables).toEqual(variables);
    },
  );

  it('keeps no weights of a model that could not be made', () => {
    for (const others of refused) {
      const layer = make({ ...options });
      try {
        modelOf(layer, others, dtype);
        continue; // it is a shape that the layer could have had from the beginning
      } catch (error) {
        expect(error).toBeInstanceOf(ShapeError);
      }
      expect(layer.variables).toEqual([]);
      expect(modelOf(layer, shapes, dtype).variables).toEqual(layer.variables);
      expect(layer.weights.size).toBe(layer.variables.length);
    }
  });
});

it('a layer of one’s own needs nothing for that', () => {
  class Scale extends Layer {
    override readonly type = 'scale';
    protected override createWeights(shape: Shape): void {
      this.addWeight('factor', { shape, initializer: 'ones' });
    }
    protected override compute(x: Tensor): Tensor {
      return x;
    }
  }
  const layer = new Scale();
  modelOf(layer, [[3]]);
  expect(() => modelOf(layer, [[4]])).toThrow(
    'scale: was built for samples of shape [3] and cannot take [4] (its factor is [3] and would have to be [4]); use another layer',
  );
});

it('a layer that is called before it has weights says so', () => {
  for (const layer of [dense({ units: 2 }), separableConv2d({ filters: 1, kernelSize: 1, name: 'mix' })]) {
    const x = input('x', layer.type === 'dense' ? [1, 3] : [1, 3, 3, 1]);
    expect(() => layer.call(x, { training: false })).toThrow(ArgumentError);
    expect(() => layer.call(x, { training: false })).toThrow('has no weights yet; apply it to inputs');
  }
});

it('weights of one layer have different names without dots', () => {
  class Twice extends Layer {
    override readonly type = 'twice';
    readonly names: readonly string[];
    constructor(...names: string[]) {
      super();
      this.names = names;
    }
    protected override createWeights(shape: Shape): void {
      for (const name of this.names) this.addWeight(name, { shape, initializer: 'ones' });
    }
    protected override compute(x: Tensor): Tensor {
      return x;
    }
  }
  expect(() => modelOf(new Twice('a', 'a'), [[3]])).toThrow('twice: has two weights named "a"');
  expect(() => modelOf(new Twice('a.b'), [[3]])).toThrow('twice: a weight is named "a.b"');
  expect(() => modelOf(new Twice(''), [[3]])).toThrow(ArgumentError);
});

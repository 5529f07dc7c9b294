import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError } from '../../src/errors.ts';
import * as api from '../../src/index.ts';
import { layerTypes } from '../../src/nn/json/layerTypes.ts';
import { modelFromJSON } from '../../src/nn/json/modelFromJSON.ts';
import { registerLayer } from '../../src/nn/json/customLayers.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { Layer } from '../../src/nn/layers/layer.ts';
import type { LayerOptions } from '../../src/nn/layers/layer.ts';
import { add } from '../../src/nn/layers/merging.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import { relu } from '../../src/ops/elementwise/activations.ts';
import { multiply, square } from '../../src/ops/elementwise/elementwise.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { applied, layerCases } from './layerCases.ts';
import { changes, modelsOf } from './randomModels.ts';

/** Through the text of a file. */
const copyOf = (network: Model): Model => modelFromJSON(JSON.stringify(network));

/** The initial values of all variables. */
const initial = (network: Model) =>
  network.variables.map(({ shape, initialize }) => {
    const data = new Float32Array(sizeOf(shape));
    initialize(data, shape);
    return data;
  });

describe('a model made of JSON', () => {
  const models = layerCases.map((own) => {
    const { type, options, make, shapes, dtype } = own;
    const inputs = shapes.map((shape) => modelInput({ shape, dtype }));
    return {
      type,
      options,
      network: model({ inputs, outputs: applied(own, make({ ...options }), inputs), seed: 5 }),
    };
  });

  it.each(models)('of $type is the same, with every option', ({ type, options, network }) => {
    const json = network.toJSON();
    const copy = copyOf(network);
    expect(copy.toJSON()).toEqual(json);
    expect(json.layers).toHaveLength(type === 'recurrentState' ? 2 : 1);
    expect(json.layers.at(-1)!.type).toBe(type);
    expect(json.layers.at(-1)!.config).toEqual(options);
    expect(copy.layers.at(-1)!.trainable).toBe(false);
    expect(initial(copy)).toEqual(initial(network));
    expect([...copy.variableKeys().values()]).toEqual([...network.variableKeys().values()]);
  });

  it('predicts the same bits', async () => {
    const data: Array64[] = [];
    const dtypes: ('f32' | 'i32')[] = [];
    for (const { network } of models) {
      for (const { shape, dtype } of network.inputs) {
        const values = random(3 + data.length, [2, ...shape]);
        data.push(
          dtype === 'i32'
            ? array(
                values.shape,
                values.data.map((v) => Math.floor(4 * Math.abs(v))),
              )
            : values,
        );
        dtypes.push(dtype as 'f32');
      }
    }
    const outputs = await evaluate(
      (...inputs) => {
        let next = 0;
        return models.flatMap(({ network }) => {
          const own = inputs.slice(next, (next += network.inputs.length));
          return [network.call(own), copyOf(network).call(own)];
        });
      },
      data,
      { dtypes },
    );
    expect(outputs.filter((_, i) => i % 2 === 1)).toEqual(outputs.filter((_, i) => i % 2 === 0));
  });

  it('knows every layer, and every layer has its case', () => {
    const types = Object.keys(layerTypes).sort();
    expect([...new Set(layerCases.map(({ type }) => type))].sort()).toEqual(types);
    expect(types.filter((type) => !Object.hasOwn(api, type))).toEqual([]);
  });

  it('leaves no option out: each case has all that the defaults have', () => {
    const optionsOf = (own: object) => Object.keys(own).sort();
    expect(models.map(({ options }) => optionsOf(options))).toEqual(
      models.map(({ network }) => optionsOf(network.layers.at(-1)!.config)),
    );
  });

  it('has its branches, shared layers, several inputs and outputs, names and seeds', () => {
    const [x, y] = [modelInput({ shape: [3], name: 'left' }), modelInput({ shape: [3] })];
    const shared = dense({ units: 3, name: 'twin' });
    const [a, b] = [shared.apply(x), shared.apply(shared.apply(y))];
    const sum = add().apply([a, b, a]);
    const network = model({
      inputs: [y, x],
      outputs: [dense({ units: 2 }).apply(sum), b, y],
      outputNames: ['head', 'side', 'given'],
      name: 'siamese',
      seed: 9,
    });
    const copy = copyOf(network);
    expect(copy.toJSON()).toEqual(network.toJSON());
    expect([copy.name, copy.seed, copy.inputs, copy.outputs]).toEqual([
      network.name,
      network.seed,
      network.inputs,
      network.outputs,
    ]);
    expect(copy.variables).toHaveLength(4);
    expect(copy.summary()).toBe(network.summary());
    expect(initial(copy)).toEqual(initial(network));
    expect(model({ inputs: x, outputs: shared.apply(x) }).outputs[0].name).toBe('twin');
  });

  it('starts from the same weights where its layers come from other models', () => {
    const first = sequential([dense({ units: 3 }), dense({ units: 3 })], { inputShape: [2], seed: 1 });
    const second = sequential([dense({ units: 2 })], { inputShape: [3], seed: 2 });
    const x = modelInput({ shape: [2] });
    const both = model({
      inputs: x,
      outputs: dense({ units: 1 }).apply(second.apply(first.apply(x))),
      seed: 3,
    });
    const copy = copyOf(both);
    expect(initial(copy)).toEqual(initial(both));
    expect(copy.layers.map(({ name }) => name)).toEqual(['dense', 'dense_1', 'dense_3', 'dense_2']);
    expect(copyOf(copy).toJSON()).toEqual(both.toJSON());
  });

  it('is the same whatever was shared, renamed and joined before', () => {
    fc.assert(
      fc.property(changes, (list) => {
        for (const network of modelsOf(list)) {
          if (network.layers.length > 200) continue; // joined with itself again and again
          const copy = copyOf(network);
          expect(copy.toJSON()).toEqual(network.toJSON());
          expect([...copy.variableKeys().values()]).toEqual([...network.variableKeys().values()]);
          expect(initial(copy)).toEqual(initial(network));
        }
      }),
      { numRuns: 25, seed: 8 },
    );
  });

  it('freezes what was frozen', () => {
    const network = sequential([dense({ units: 2 }), batchNormalization({ trainable: false })], {
      inputShape: [2],
    });
    network.layers[0].trainable = false;
    network.layers[1].trainable = true;
    const copy = copyOf(network);
    expect(copy.layers.map(({ trainable }) => trainable)).toEqual([false, true]);
    expect(copy.trainableVariables.map(({ name }) => name)).toEqual([
      'batchNormalization.gamma',
      'batchNormalization.beta',
    ]);
  });
});

describe('options that are functions', () => {
  it('stand by the name of wgrad’s own, or the numbers they were made with', () => {
    const layer = dense({
      units: 1,
      activation: relu,
      kernelInitializer: api.initializers.heUniform,
      biasInitializer: api.constantInitializer(2),
    });
    expect(layer.config).toEqual({
      name: '',
      trainable: true,
      units: 1,
      activation: 'relu',
      useBias: true,
      kernelInitializer: 'heUniform',
      biasInitializer: { name: 'constant', value: 2 },
    });
    expect(layer.describe()).toBe('relu');
  });

  it('of one’s own cannot be saved, and compute all the same', () => {
    const layers = [
      dense({ units: 1, activation: (x: Tensor) => square(x), name: 'bent' }),
      dense({ units: 1, kernelInitializer: (data) => data.fill(1), name: 'ones' }),
      activation(function cube(x: Tensor) {
        return multiply(x, square(x));
      }),
    ];
    const messages = [
      /^bent: activation is .*function of your own, which cannot be written into a file; name one of/,
      /^ones: kernelInitializer is .*function of your own/,
      /^activation: activation is cube, a function of your own/,
    ];
    layers.forEach((layer, i) => {
      const network = sequential([layer], { inputShape: [2] });
      expect(() => network.toJSON()).toThrow(ArgumentError);
      expect(() => network.toJSON()).toThrow(messages[i]);
    });
  });
});

describe('layers of one’s own', () => {
  class Scale extends Layer {
    override readonly type: string;
    readonly factor: number;
    constructor({ factor, ...options }: LayerOptions & { factor: number }, type = 'scale') {
      super(options, { factor });
      this.factor = factor;
      this.type = type;
    }
    protected override compute(x: Tensor): Tensor {
      return multiply(x, this.factor);
    }
  }
  class Plain extends Layer {
    override readonly type = 'plain';
    protected override compute(x: Tensor): Tensor {
      return x;
    }
  }
  type Config = { factor: number; name: string; trainable: boolean };
  const of = (layer: Layer) => sequential([layer], { inputShape: [2] });

  it('are made by the function that was registered for them', () => {
    const network = of(new Scale({ factor: 3 }));
    expect(() => copyOf(network)).toThrow(FormatError);
    expect(() => copyOf(network)).toThrow(
      'model JSON: layer 0: there is no layer type "scale". For a class of your own, call registerLayer("scale", (config) => …) first',
    );
    registerLayer('scale', (config) => new Scale(config as unknown as Config));
    const copy = copyOf(network);
    expect(copy.toJSON()).toEqual(network.toJSON());
    expect((copy.layers[0] as Scale).factor).toBe(3);
  });

  it('that do not tell what they are made of cannot be saved', () => {
    expect(() => of(new Plain()).toJSON()).toThrow('layers of type "plain" cannot be saved, as their class');
  });

  it('must come as they were saved', () => {
    const wrong: [string, (config: Config) => unknown, RegExp][] = [
      ['wrong1', () => new Scale({ factor: 1 }), /gives no new layer of this type/],
      ['wrong2', () => 5, /gives no new layer of this type/],
      ['wrong3', ({ factor }) => new Scale({ factor }, 'wrong3'), /made without its name or trainable/],
      ['embedding', (config) => new Scale(config, 'embedding'), /is one of wgrad's own types/],
    ];
    for (const [type, make, message] of wrong) {
      const network = of(new Scale({ factor: 1, name: 'own' }, type));
      registerLayer(type, make as () => Layer);
      expect(() => copyOf(network)).toThrow(message);
    }
    expect(() => registerLayer('', () => new Plain())).toThrow(ArgumentError);
    expect(() => registerLayer('a', 3 as unknown as () => Layer)).toThrow(ArgumentError);
  });
});

import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import * as api from '../../src/index.ts';
import { layerTypes } from '../../src/nn/json/layerTypes.ts';
import { constant, input, read } from '../../src/ops/core/leaves.ts';
import { multiply } from '../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { modelOf } from '../helpers/layer.ts';
import { array } from '../reference/array.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';
import { classLayer, layerOf } from './words.ts';
import { share } from '../helpers/share.ts';

interface LayerCase extends ParityCase {
  readonly training: boolean;
  readonly inputs: readonly ParityTensor[];
  readonly weights: readonly (ParityTensor & { readonly name: string })[];
  readonly dy: ParityTensor;
  readonly output: ParityTensor;
  /** null of indices */
  readonly inputGradients: readonly (ParityTensor | null)[];
  /** null of what is not trained */
  readonly weightGradients: readonly (ParityTensor | null)[];
  /** Left out where they are the weights. */
  readonly weightsAfter?: readonly ParityTensor[];
}

const of = ({ shape, data }: ParityTensor) => array(shape, data);

describe('layers are those of Keras and of PyTorch', () => {
  it.each(
    share(
      ['layers', 'moreLayers', 'attention', 'torchLayers']
        .flatMap((file) => parityCases<LayerCase>(file))
        .map((c, i) => [caseName(c, i), c] as const),
      3,
      0,
    ),
  )('%s', async (_name, { keras, config, training, inputs, weights, dy, ...expected }) => {
    if ('data_format' in config) {
      // Images have their channels last: the option is refused by name.
      expect(() => layerOf(api, keras, config)).toThrow(ArgumentError);
      expect(() => layerOf(api, keras, config)).toThrow(/channels come last; .*permute/);
      return;
    }
    const layer = layerOf(api, keras, config);
    const dtype = inputs[0].dtype === 'i' ? 'i32' : 'f32';
    const model = modelOf(layer, inputs.map(of), dtype);
    const gpu = await testGpu();
    gpu.variables.allocate(layer.variables, 'weights');
    expect(layer.variables.map(({ shape }) => shape)).toEqual(weights.map(({ shape }) => shape));
    layer.variables.forEach((own, i) => gpu.variables.write(own, Float32Array.from(weights[i].data)));
    const trainable = layer.variables.filter((own) => own.trainable);
    const floats = inputs.filter((_, i) => expected.inputGradients[i] !== null);
    const [y, ...found] = await evaluate(
      (...tensors) => {
        const output = model.call(tensors, { training });
        const loss = reduceSum(multiply(output, constant(Float32Array.from(dy.data), dy.shape)));
        const wrt = [...trainable.map(read), ...tensors.slice(0, floats.length)];
        return [output, ...gradients(loss, wrt).map((g, i) => g ?? wrt[i])];
      },
      inputs.map(of),
      { dtypes: inputs.map(() => dtype) },
    );
    expect(y, 'output').toBeAllClose(of(expected.output));
    const wanted = [...expected.weightGradients, ...expected.inputGradients].filter((own) => own !== null);
    expect(found.length).toBe(wanted.length);
    found.forEach((own, i) => expect(own, `gradient ${i}`).toBeAllClose(of(wanted[i])));
    // A step of its own, as moving statistics are side effects of the program in which the layer is called.
    const entries = inputs.map(({ shape }, i) => input(`x${i}`, shape, dtype));
    const step = await gpu.compile(() => ({ y: model.call(entries, { training }) }));
    const typed = dtype === 'i32' ? Int32Array : Float32Array;
    entries.forEach((own, i) => step.write(own, typed.from(inputs[i].data)));
    await step.step();
    await step.finish();
    step.destroy();
    for (const [i, own] of layer.variables.entries()) {
      const after = await gpu.variables.read(own);
      expect(after, `${own.name} afterwards`).toBeAllClose((expected.weightsAfter ?? weights)[i].data);
    }
  });
});

/** Why there is no case of a layer. */
const WITHOUT: Readonly<Record<string, string>> = {
  depthToSpace: 'neither has the layer; cases of the op are in torchOps.json',
  spaceToDepth: 'neither has the layer; cases of the op are in torchOps.json',
  alphaDropout: 'draws its own random numbers; its moments are in stochastic.json',
  dropout: 'draws its own random numbers; its moments are in stochastic.json',
  gaussianDropout: 'draws its own random numbers; its moments are in stochastic.json',
  gaussianNoise: 'draws its own random numbers; its moments are in stochastic.json',
  spatialDropout1d: 'draws its own random numbers: test/nn/moreLayers.test.ts',
  recurrentState: 'a part of a recurrent layer, in every case of recurrent.json',
  sinePositionEncoding: 'neither has it; the formula is in test/reference/positions.ts',
};

it('every layer has a case, or says why there is none', () => {
  const files = ['layers', 'moreLayers', 'attention', 'shapes', 'recurrent', 'torchLayers'];
  const cases = files.flatMap((file) => parityCases<ParityCase>(file));
  const known = new Set(cases.map(({ keras }) => classLayer(keras)));
  const open = Object.keys(layerTypes).filter((name) => !known.has(name));
  expect(open.toSorted()).toEqual(Object.keys(WITHOUT).toSorted());
});

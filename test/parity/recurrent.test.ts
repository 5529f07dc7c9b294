import { describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import type { Layer, LayerTensor } from '../../src/nn/layers/layer.ts';
import { masked } from '../../src/nn/masks.ts';
import { constant, read } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { add, multiply } from '../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import { caseName, parityCases } from './cases.ts';
import { camelCase as camel } from './words.ts';
import type { ParityCase, ParityTensor } from './cases.ts';
import { share } from '../helpers/share.ts';

type Config = Readonly<Record<string, any>>;
type Named = ParityTensor & { readonly name: string };

interface RecurrentCase extends ParityCase {
  /** The sequence, then first states. */
  readonly inputs: readonly ParityTensor[];
  readonly mask?: ParityTensor;
  readonly weights: readonly Named[];
  /** Of the output, then of the states that the layer ends with. */
  readonly dys: readonly ParityTensor[];
  readonly outputs: readonly ParityTensor[];
  readonly inputGradients: readonly ParityTensor[];
  readonly weightGradients: readonly Named[];
}

const cases = ['recurrent', 'torchRecurrent'].flatMap((file) => parityCases<RecurrentCase>(file));

interface WithStates extends Layer {
  applyWithStates(inputs: readonly LayerTensor[]): LayerTensor[];
}

const options = (config: Config) =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      camel(name),
      typeof value === 'string' ? camel(value) : value,
    ]),
  );

function layerOf(keras: string, { layer, ...config }: Config): WithStates {
  const own = options(config) as any;
  if (keras === 'LSTM') return api.lstm(own);
  if (keras === 'GRU') return api.gru(own);
  if (keras === 'SimpleRNN') return api.simpleRnn(own);
  return api.bidirectional(layerOf(...(layer as [string, Config])) as ReturnType<typeof api.lstm>, own);
}

/** Names in wgrad of the weights that are one of Keras's; the two rows of a GRU's bias are two. */
function namesOf({ name, shape }: Named): string[] {
  const [, side = '', own] = /^(forward_|backward_)?(.*)$/.exec(name)!;
  const names = { kernel: ['weight'], recurrent_kernel: ['recurrentWeight'], bias: ['bias'] }[own]!;
  const all = own === 'bias' && shape.length === 2 ? ['bias', 'recurrentBias'] : names;
  return all.map((word) => camel(side + word.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)));
}

/** Each weight of wgrad, with its share of Keras's data. */
const shares = (weights: readonly Named[]) =>
  weights.flatMap((own) => {
    const names = namesOf(own);
    const size = own.data.length / names.length;
    return names.map((name, i) => ({ name, data: own.data.slice(i * size, (i + 1) * size) }));
  });

const arrayOf = ({ shape, data }: ParityTensor) => array(shape, data);
const constantOf = ({ shape, data }: ParityTensor) => constant(Float32Array.from(data), shape);

describe('recurrent layers', () => {
  it.each(
    share(
      cases.map((own, i) => [caseName(own, i), own] as const),
      2,
      0,
    ),
  )('%s', async (_, own) => {
    const layer = layerOf(own.keras, own.config);
    const entries = own.inputs.map(({ shape }) => api.modelInput({ shape: shape.slice(1) }));
    const network = api.model({ inputs: entries, outputs: layer.applyWithStates(entries) });
    const { variables } = await testGpu();
    variables.allocate(layer.variables, layer.type);
    for (const { name, data } of shares(own.weights))
      variables.write(layer.weights.get(name)!, Float32Array.from(data));
    const wanted = shares(own.weightGradients);
    const found = await evaluate((...tensors) => {
      const [x, ...states] = tensors;
      const given = own.mask ? masked(x, constantOf(own.mask)) : x;
      const outputs = network.callAll([given, ...states]);
      const loss = outputs
        .map((y, i) => reduceSum(multiply(y, constantOf(own.dys[i]))))
        .reduce((a, b) => add(a, b));
      const wrt = [...tensors, ...wanted.map(({ name }) => read(layer.weights.get(name)!))];
      return [...outputs, ...(gradients(loss, wrt) as Tensor[])];
    }, own.inputs.map(arrayOf));
    const expected = [...own.outputs, ...own.inputGradients].map(arrayOf);
    expected.forEach((value, i) => expect(found[i], `value ${i}`).toBeAllClose(value));
    wanted.forEach(({ name, data }, i) =>
      expect(found[expected.length + i].data, `gradient of ${name}`).toBeAllClose(data),
    );
  });
});

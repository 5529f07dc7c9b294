import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { dataset } from '../../src/data/dataset.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { Layer } from '../../src/nn/layers/layer.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { layerSummaries } from '../../src/nn/summary.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { add } from '../../src/ops/elementwise/elementwise.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { array, random } from '../reference/array.ts';
import { matmul } from '../reference/matmul.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';

/** x₁ + x₂ + …: the least of a merging layer. */
class Sum extends Layer {
  override readonly type = 'sum';
  protected override readonly inputs = 'several';

  protected override compute(x: Tensor, _context: unknown, others: readonly Tensor[]): Tensor {
    return others.reduce((sum, other) => add(sum, other), x);
  }
}

async function weightOf(layer: Layer) {
  const [weight] = layer.variables;
  return array(weight.shape, await (await testGpu()).variables.read(weight));
}

const plus = (a: { shape: readonly number[]; data: Float64Array }, b: { data: Float64Array }) =>
  array(
    a.shape,
    a.data.map((value, i) => value + b.data[i]),
  );

describe('a functional model', () => {
  it('computes branches that join, and every output', async () => {
    const x = modelInput({ shape: [5] });
    const [left, right] = [dense({ units: 3, useBias: false }), dense({ units: 3, useBias: false })];
    const [a, b] = [left.apply(x), right.apply(x)];
    const network = model({ inputs: x, outputs: [new Sum().apply([a, b]), b] });
    expect(network.outputs).toEqual([
      { name: 'sum', shape: [3] },
      { name: 'dense_1', shape: [3] },
    ]);
    const data = random(1, [4, 5]);
    const [sum, second] = await evaluate((input) => network.callAll(input), [data]);
    const [wa, wb] = [await weightOf(left), await weightOf(right)];
    expect(second).toBeAllClose(matmul(data, wb), { rtol: 1e-5, atol: 1e-6 });
    expect(sum).toBeAllClose(plus(matmul(data, wa), matmul(data, wb)), { rtol: 1e-5, atol: 1e-6 });
  });

  it('takes several inputs in the order in which they are listed', async () => {
    const [x, y] = [modelInput({ shape: [2] }), modelInput({ shape: [3], name: 'side' })];
    const [ofX, ofY] = [dense({ units: 4, useBias: false }), dense({ units: 4, useBias: false })];
    const network = model({ inputs: [y, x], outputs: new Sum().apply([ofX.apply(x), ofY.apply(y)]) });
    expect(network.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['side', [3]],
      ['input', [2]],
    ]);
    const [dataY, dataX] = [random(2, [5, 3]), random(3, [5, 2])];
    const [sum] = await evaluate((...inputs) => network.call(inputs), [dataY, dataX]);
    const expected = plus(matmul(dataX, await weightOf(ofX)), matmul(dataY, await weightOf(ofY)));
    expect(sum).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-6 });
    expect(() => network.call([])).toThrow('model: got 0 inputs, but takes 2: side, input');
  });

  it('has the weights of a layer that is applied twice only once', async () => {
    const [x, y] = [modelInput({ shape: [2] }), modelInput({ shape: [2] })];
    const shared = dense({ units: 2, useBias: false });
    const network = model({ inputs: [x, y], outputs: new Sum().apply([shared.apply(x), shared.apply(y)]) });
    expect(network.parameters).toBe(4);
    expect(network.layers.map(({ name }) => name)).toEqual(['dense', 'dense', 'sum']);
    expect(layerSummaries(network).map(({ parameters }) => parameters)).toEqual([4, 0, 0]);
    const [a, b] = [random(4, [3, 2]), random(5, [3, 2])];
    const [sum] = await evaluate((...inputs) => network.call(inputs), [a, b]);
    expect(sum).toBeAllClose(matmul(plus(a, b), await weightOf(shared)), { rtol: 1e-5, atol: 1e-6 });
  });

  it('shares layers with another model: what one learns the other knows', async () => {
    const gpu = await testGpu();
    const image = modelInput({ shape: [2, 2, 1] });
    const features = dense({ units: 3, name: 'features' }).apply(flatten().apply(image));
    const encoder = model({ inputs: image, outputs: features, name: 'encoder' });
    const whole = model({ inputs: image, outputs: dense({ units: 1 }).apply(features), name: 'whole' });
    expect(whole.variables.slice(0, 2)).toEqual(encoder.variables);
    const x = Float32Array.from([1, 0, 0, 1, 0, 1, 1, 0]);
    const data = dataset({ x, y: Float32Array.from([1, -1]), inputShape: [2, 2, 1], targetShape: [1] });
    await whole.compile({ gpu, optimizer: sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
    const before = await gpu.variables.read(encoder.variables[0]);
    await whole.fit(data, { steps: 3 });
    expect(await gpu.variables.read(encoder.variables[0])).not.toEqual(before);
    whole.destroy();
  });

  it('goes into another model whole', async () => {
    const encoder = sequential([dense({ units: 3, name: 'encode' })], { inputShape: [4], name: 'encoder' });
    const decoder = sequential([dense({ units: 4, name: 'decode' })], { inputShape: [3], name: 'decoder' });
    const x = modelInput({ shape: [4] });
    const both = model({ inputs: x, outputs: decoder.apply(encoder.apply(x)) });
    expect(both.variables).toEqual([...encoder.variables, ...decoder.variables]);
    const data = random(6, [2, 4]);
    const [whole, parts] = await evaluate(
      (input) => [both.call(input), decoder.call(encoder.call(input))],
      [data],
    );
    expect(whole).toBeAllClose(parts);
  });

  it('leaves frozen layers alone in training', async () => {
    const gpu = await testGpu();
    const [frozen, free] = [dense({ units: 3 }), dense({ units: 1 })];
    const network = sequential([frozen, free], { inputShape: [2] });
    frozen.trainable = false;
    expect(network.trainableVariables).toEqual(free.variables);
    expect(layerSummaries(network).map(({ frozenParameters }) => frozenParameters)).toEqual([9, 0]);
    expect(network.summary()).toMatch(/not trained +9$/);
    const data = dataset({
      x: Float32Array.from([1, 2, 3, 4]),
      y: Float32Array.from([1, 0]),
      inputShape: [2],
      targetShape: [1],
    });
    await network.compile({ gpu, optimizer: sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
    const before = await gpu.variables.readAll(network.variables);
    await network.fit(data, { steps: 2 });
    const after = await gpu.variables.readAll(network.variables);
    for (const variable of frozen.variables) expect(after.get(variable)).toEqual(before.get(variable));
    for (const variable of free.variables) expect(after.get(variable)).not.toEqual(before.get(variable));
    network.trainable = false;
    await network.compile({ gpu, optimizer: 'sgd', loss: 'meanSquaredError' });
    expect(() => network.fit(data)).toThrow('no layer has trainable weights');
    network.destroy();
  });

  it('is printed with what each layer is applied to', () => {
    const x = modelInput({ shape: [2], name: 'left' });
    const y = modelInput({ shape: [2], name: 'right' });
    const network = model({
      inputs: [x, y],
      outputs: new Sum({ name: 'joined' }).apply([x, y]),
      name: 'tiny',
    });
    expect(network.summary()).toContain('tiny: input left 2, input right 2; outputs');
    expect(network.summary()).toMatch(/^joined +left \+ right/m);
  });

  it('is as long as its user likes', () => {
    let x = modelInput({ shape: [1] }) as ReturnType<Layer['apply']>;
    const inputs = x as ReturnType<typeof modelInput>;
    for (let i = 0; i < 3000; i++) x = flatten({ name: `flatten ${i}` }).apply(x);
    expect(model({ inputs, outputs: x }).layers).toHaveLength(3000);
  });
});

describe('mistakes in a functional model', () => {
  const x = modelInput({ shape: [2], name: 'x' });
  const y = modelInput({ shape: [3], name: 'y' });

  it('are told by name', () => {
    const sum = () => new Sum({ name: 'join' });
    expect(() => model({ inputs: x, outputs: sum().apply([x, y]) })).toThrow(
      new ArgumentError(
        'model: an output depends on the input y, which is not among the inputs; add it to `inputs`',
      ),
    );
    expect(() => model({ inputs: [x, y], outputs: dense({ units: 1 }).apply(x) })).toThrow(
      'model: no output depends on input y; leave it out, or connect it',
    );
    expect(() => model({ inputs: [x, x], outputs: sum().apply([x, x]) })).toThrow('listed twice');
    expect(() => model({ inputs: x, outputs: x })).toThrow('at least one layer');
    expect(() => dense({ units: 1, name: 'head' }).apply([x, y])).toThrow(
      'head: got 2 inputs, but takes one input; join branches first',
    );
    expect(() => sum().apply(x)).toThrow('join: got 1 inputs, but takes at least two inputs');
    expect(() => model({ inputs: [x, y], outputs: sum().apply([x, y]) })).toThrow(ShapeError);
    expect(() => model({ inputs: [x, y], outputs: sum().apply([x, y]) })).toThrow(/join.*\[1, 2\].*\[1, 3\]/);
    const again = modelInput({ shape: [2], name: 'x' });
    expect(() => model({ inputs: [x, again], outputs: sum().apply([x, again]) })).toThrow(
      'two inputs are named "x"',
    );
    expect(() => modelInput({ shape: 3 as unknown as number[] })).toThrow('shape is 3');
  });
});

import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { ArgumentError, NumericError, ShapeError } from '../../src/errors.ts';
import { loadModel } from '../../src/nn/json/loadModel.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { normalization } from '../../src/nn/layers/featureNormalization.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { array, at, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { checkLayer, modelOf } from '../helpers/layer.ts';

const rows = random(1, [5, 3], -2, 7);

/** Mean and variance of each column, as naively as possible. */
function moments(x: Array64) {
  const columns = [0, 1, 2].map((c) => Array.from({ length: x.shape[0] }, (_, n) => at(x, n, c)));
  const mean = columns.map((own) => own.reduce((a, b) => a + b, 0) / own.length);
  const variance = columns.map((own, c) => own.reduce((a, b) => a + (b - mean[c]) ** 2, 0) / own.length);
  return { mean, variance };
}

const normalized = (x: Array64, { mean, variance }: ReturnType<typeof moments>) =>
  map(x, (v, i) => (v - mean[i % 3]) / Math.sqrt(variance[i % 3]));

describe('normalization', () => {
  it('takes mean and variance, also to undo it', async () => {
    const own = moments(rows);
    await checkLayer(normalization(own), [rows], ([x]) => normalized(x, own));
    await checkLayer(normalization({ ...own, invert: true }), [rows], ([x]) =>
      map(x, (v, i) => v * Math.sqrt(own.variance[i % 3]) + own.mean[i % 3]),
    );
    // a variance of 0 counts as 1e-14
    const flat = modelOf(normalization({ axis: null, mean: 1, variance: 0 }), [rows]);
    const [y] = await evaluate((x) => flat.call(x), [array([1, 3], [1, 2, 0])]);
    expect(y).toBeAllClose(array([1, 3], [0, 1e7, -1e7]));
  });

  it('before adapt it changes nothing; after it, data have mean 0 and variance 1', async () => {
    const plain = modelOf(normalization(), [rows]);
    const { variables } = await testGpu();
    variables.allocate(plain.variables, 'plain');
    expect((await evaluate((x) => plain.call(x), [rows]))[0]).toBeAllClose(rows);
    expect(plain.trainableVariables).toEqual([]);

    const nested = Array.from({ length: 5 }, (_, n) => [0, 1, 2].map((c) => at(rows, n, c)));
    const layer = normalization().adapt(nested);
    const { weights } = await checkLayer(layer, [rows], ([x]) => normalized(x, moments(rows)));
    expect(weights.mean).toBeAllClose(array([3], moments(rows).mean));
  });

  it('adapts to data sets, of which bytes count as the model sees them', () => {
    const bytes = Uint8Array.of(0, 255, 51, 102);
    const data = dataset({ x: bytes, y: [0, 1], inputShape: [2] });
    const filled = (key: 'mean' | 'variance', layer = normalization().adapt(data)) => {
      modelOf(layer, [random(1, [1, 2])]);
      const values = new Float32Array(2);
      layer.weights.get(key)!.initialize(values, [2]);
      return values;
    };
    expect(filled('mean')).toBeAllClose([0.1, 0.7]);
    expect(filled('variance')).toBeAllClose([0.01, 0.09]);
    const scaled = normalization().adapt(data, { inputScale: 1 / 51, inputOffset: -1 });
    expect(filled('mean', scaled)).toBeAllClose([-0.5, 2.5]);
    const two = dataset({ x: [bytes, Float32Array.of(1, 3, 5, 7)], y: [0, 1], inputShape: [[2], [2]] });
    expect(filled('mean', normalization().adapt(two, { input: 1 }))).toBeAllClose([3, 5]);
  });

  it('adapts in float64: far from 0, nothing is lost', async () => {
    const layer = normalization({ axis: null }).adapt([16_777_215, 16_777_213, 16_777_211]);
    modelOf(layer, [random(1, [1, 2])]);
    const values = new Float32Array(1);
    layer.weights.get('variance')!.initialize(values, []);
    expect(values[0]).toBeCloseTo(8 / 3, 5);
  });

  it('is adapted after compile, too, and its numbers stand in the file', async () => {
    const layer = normalization();
    const network = sequential([layer, dense({ units: 1 })], { inputShape: [3] });
    await network.compile({ gpu: await testGpu() });
    const nested = Array.from({ length: 5 }, (_, n) => [0, 1, 2].map((c) => at(rows, n, c)));
    layer.adapt(nested);
    const samples = { x: Float32Array.from(rows.data) };
    const before = await network.predict(samples.x);
    const copy = loadModel(await network.save());
    await copy.compile({ gpu: await testGpu() });
    expect(await copy.predict(samples.x)).toEqual(before);
    expect(await (await testGpu()).variables.read(layer.weights.get('mean')!)).toBeAllClose(
      moments(rows).mean,
    );
    network.destroy();
    copy.destroy();
  });

  it('refuses statistics that are no finite numbers, and stays as it was', () => {
    const layer = normalization().adapt([
      [1, 2],
      [3, 4],
    ]);
    modelOf(layer, [random(1, [1, 2])]);
    for (const wrong of [NaN, Infinity, 1e30]) {
      const adapt = () => layer.adapt([[0, wrong], [0, -1e30]]); // prettier-ignore
      expect(adapt).toThrow(NumericError);
      expect(adapt).toThrow(/normalization\.adapt: the (mean|variance) at place 1 along the axes is/);
    }
    const values = new Float32Array(2);
    layer.weights.get('mean')!.initialize(values, []);
    expect([...values]).toEqual([2, 3]);
    layer.weights.get('variance')!.initialize(values, []);
    expect([...values]).toEqual([1, 1]);
  });

  it('says what is wrong', () => {
    expect(() => normalization({ mean: 1 })).toThrow('give both, or none');
    expect(() => normalization({ mean: [1, 2], variance: 1 })).toThrow('give both one shape');
    expect(() => normalization({ mean: [[1]], variance: [[1]] })).toThrow('at most as many dimensions');
    expect(() => normalization({ mean: 1, variance: -1 })).toThrow('the variance at least 0');
    expect(() => normalization({ axis: 0.5 })).toThrow(ArgumentError);
    expect(() => modelOf(normalization({ axis: 2 }), [rows])).toThrow(ShapeError);
    expect(() => modelOf(normalization({ axis: [1, -1] }), [rows])).toThrow(ShapeError);
    expect(() => modelOf(normalization({ mean: [1, 2], variance: [1, 2] }), [rows])).toThrow('does not fit');
    expect(() => modelOf(normalization().adapt([[1, 2]]), [rows])).toThrow(
      'was adapted to means of shape [2]',
    );
    expect(() => normalization({ mean: 1, variance: 1 }).adapt([[1]])).toThrow('leave them out to adapt');
    expect(() => normalization().adapt(5 as never)).toThrow('takes a data set, or samples in nested arrays');
    expect(() => normalization().adapt([[1, 2], [3]] as never)).toThrow(ShapeError); // prettier-ignore
    const built = normalization();
    modelOf(built, [rows]);
    expect(() => built.adapt([[1, 2]])).toThrow('the layer was built for [3]');
    const data = dataset({ x: [1, 2], y: [0, 1], inputShape: [1] });
    expect(() => normalization().adapt(data, { input: 1 })).toThrow('input is 1, but data set');
  });
});

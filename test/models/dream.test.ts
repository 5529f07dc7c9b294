import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { CLASSIFIER_LAYERS, DigitClassifier } from '../../src/models/digitClassifier.ts';
import { Dream, greyNoise } from '../../src/models/dream.ts';
import type { DreamOptions } from '../../src/models/dream.ts';
import { responseOf, totalVariationOf } from '../../src/models/dreamGraph.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import type { Model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { finiteDifference } from '../helpers/close.ts';
import { expectFewSubmits } from '../helpers/countCalls.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { ownGpu } from '../nn/modelFixtures.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as reference from '../reference/dream.ts';
import { roll } from '../reference/rearrange.ts';
import { resizeBilinear } from '../reference/resize.ts';

const [SIZE, CHANNELS, CLASSES, IMAGES] = [6, 3, 4, 2];
const shape = [IMAGES, SIZE, SIZE, 1];
const images = random(1, shape, 0.2, 0.8);
const asFloats = ({ data }: Array64) => Float32Array.from(data);
const asArray = (values: Float32Array, own = shape) => array(own, Float64Array.from(values));

/** conv 3×3 relu, dense: as small as it gets. */
async function network(gpu: Gpu): Promise<{ model: Model; weights: reference.Weights }> {
  const layers = [
    conv2d({ filters: CHANNELS, kernelSize: 3, activation: 'relu', name: 'conv' }),
    flatten(),
    dense({ units: CLASSES, useBias: false, name: 'logits' }),
  ];
  const model = sequential(layers, { inputShape: [SIZE, SIZE, 1], seed: 3 });
  await model.compile({ gpu });
  const hidden = (SIZE - 2) ** 2 * CHANNELS;
  const weights = {
    kernel: random(4, [3, 3, 1, CHANNELS]),
    bias: random(5, [CHANNELS], 0, 0.5),
    dense: random(6, [hidden, CLASSES]),
  };
  await model.setWeights([weights.kernel, weights.bias, weights.dense].map(asFloats));
  return { model, weights };
}

let [model, weights]: [Model, reference.Weights] = [undefined!, undefined!];
beforeAll(async () => {
  ({ model, weights } = await network(await testGpu()));
});
afterAll(() => model.destroy());

const dreamOf = async (options: Partial<DreamOptions> = {}): Promise<Dream> =>
  Dream.create({ gpu: await testGpu(), network: model, layer: 'conv', images: IMAGES, ...options });

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
/** What image n climbs: the mean of all channels, or one class. */
const layerObjective = (x: Array64) =>
  reference.meanSquares(reference.activation(x, weights)).map((own) => sum(own) / CHANNELS);
const classObjective = (x: Array64, wanted: readonly number[]) =>
  reference.logits(x, weights).map((own, n) => own[wanted[n]] - (sum(own) - own[wanted[n]]) / (CLASSES - 1));

describe('the objective', () => {
  it('is the mean square of a layer, of all channels or of one, and the logit of a class less the mean of the others', async () => {
    const dream = await dreamOf();
    dream.write(asFloats(images));
    const squares = reference.meanSquares(reference.activation(images, weights));
    expect(await dream.objectives()).toBeAllClose(Float64Array.from(layerObjective(images)));
    dream.choose(1);
    expect(await dream.objectives()).toBeAllClose(Float64Array.from(squares, (own) => own[1]));
    dream.choose([2, 0]);
    expect(await dream.objectives()).toBeAllClose(Float64Array.of(squares[0][2], squares[1][0]));
    dream.destroy();

    const classes = await dreamOf({ layer: 'logits' });
    expect(classes.channels).toBe(CLASSES);
    classes.write(asFloats(images));
    classes.choose([3, 1]);
    expect(await classes.objectives()).toBeAllClose(Float64Array.from(classObjective(images, [3, 1])));
    classes.destroy();
  });

  it('has the gradient of finite differences by the image, as has the total variation', async () => {
    const found = await evaluate(
      (x) =>
        [responseOf(model, model.getLayer('conv'), x), totalVariationOf(x)].map(
          (own) => gradients(reduceSum(own), [x])[0]!,
        ),
      [images],
    );
    const total = (x: Array64) => CHANNELS * sum(layerObjective(x));
    expect(found[0]).toBeAllClose(finiteDifference(total, images), { rtol: 1e-3, atol: 1e-4 });
    const variation = (x: Array64) => sum(reference.totalVariation(x));
    expect(found[1]).toBeAllClose(finiteDifference(variation, images), { rtol: 1e-3, atol: 1e-4 });
  });
});

describe('a step', () => {
  it.each([
    [{}, undefined],
    [{ learningRate: 0.3 }, undefined],
    [{ layer: 'logits', totalVariation: 0.05 }, [3, 1]],
  ])('of %j is that of float64', async (options, wanted) => {
    const dream = await dreamOf(options);
    const { learningRate = 0.02, totalVariation = 0 } = options as Partial<DreamOptions>;
    dream.choose(wanted);
    dream.write(asFloats(images));
    await dream.run(1);
    const worth = (x: Array64) => {
      const objectives = wanted ? classObjective(x, wanted) : layerObjective(x);
      return sum(objectives) - totalVariation * sum(reference.totalVariation(x));
    };
    const expected = reference.climbed(images, finiteDifference(worth, images), learningRate);
    expect(await dream.read()).toBeAllClose(expected.data, { rtol: 1e-3, atol: 1e-4 });
    dream.destroy();
  });

  it('with jitter is a step of an image rolled by up to so many pixels, another way in each step', async () => {
    const dream = await dreamOf({ jitter: 1, learningRate: 0.1 });
    const shifts = [-1, 0, 1];
    const pairs = shifts.flatMap((down) => shifts.map((right) => [down, right] as const));
    const rolled = (x: Array64, [down, right]: readonly [number, number]) => roll(roll(x, down, 1), right, 2);
    const seen = new Set<number>();
    dream.write(asFloats(images));
    for (let step = 0; step < 6; step++) {
      const before = asArray(await dream.read());
      await dream.run(1);
      const after = await dream.read();
      const distances = pairs.map((pair) => {
        const gradient = finiteDifference((x) => sum(layerObjective(rolled(x, pair))), before);
        const expected = reference.climbed(before, gradient, 0.1);
        return Math.max(...expected.data.map((value, i) => Math.abs(value - after[i])));
      });
      const nearest = distances.indexOf(Math.min(...distances));
      expect(distances[nearest]).toBeLessThan(1e-3);
      seen.add(nearest);
    }
    expect(seen.size).toBeGreaterThan(2);
    dream.destroy();
  });

  it('keeps an image whose gradient is 0, and pixels within 0 … 1', async () => {
    const dream = await dreamOf({ learningRate: 5 });
    const constantKernel = await model.getWeights();
    await model.setWeights([new Float32Array(9 * CHANNELS), ...constantKernel.slice(1)]);
    dream.write(asFloats(images));
    await dream.run(1);
    expect(await dream.read()).toEqual(asFloats(images));
    await model.setWeights(constantKernel);
    await dream.run(3);
    const values = await dream.read();
    expect([Math.min(...values), Math.max(...values)]).toEqual([0, 1]);
    dream.destroy();
  });
});

describe('a dream', () => {
  it('raises the objective, and has the same bits for the same seed', async () => {
    const climb = async (seed: number) => {
      const dream = await dreamOf({ jitter: 2, seed });
      dream.write(asFloats(images));
      const [before] = await dream.objectives();
      await dream.run(10);
      const [after] = await dream.objectives();
      const found = await dream.read();
      dream.write(asFloats(images)); // begins again
      await dream.run(10);
      expect(await dream.read()).toEqual(found);
      dream.destroy();
      expect(after).toBeGreaterThan(1.3 * before);
      return found;
    };
    const first = await climb(1);
    expect(await climb(1)).toEqual(first);
    expect(await climb(2)).not.toEqual(first);
  });

  it('goes on in a larger octave with its images enlarged', async () => {
    const sizes = [[6, 6], [9, 7]] as const; // prettier-ignore
    const dream = await dreamOf({ sizes });
    dream.write(asFloats(images));
    await dream.run(2);
    const small = asArray(await dream.read());
    await dream.enlarge();
    expect(dream.size).toEqual([9, 7]);
    expect(await dream.read()).toBeAllClose(resizeBilinear(small, [9, 7]).data);
    const before = await dream.objectives();
    expect(before).toBeAllClose(Float64Array.from(layerObjective(resizeBilinear(small, [9, 7]))));
    await dream.run(2);
    expect((await dream.objectives())[0]).toBeGreaterThan(before[0]);
    await expect(dream.enlarge()).rejects.toThrow(/\[9, 7\] is the last octave/);
    dream.write(asFloats(images));
    expect(dream.size).toEqual([6, 6]);
    dream.destroy();
  });

  it('makes a step in one submit or less, and creates nothing', async () => {
    const { gpu, counted } = await ownGpu();
    const own = await network(gpu);
    const dream = await Dream.create({ gpu, network: own.model, layer: 'conv', images: 2, jitter: 1 });
    dream.write(asFloats(images));
    await dream.run(2);
    counted.reset();
    await dream.run(20);
    expectFewSubmits(counted.calls, 20);
    dream.destroy();
    own.model.destroy();
    gpu.destroy();
  });

  it('leaves the weights as they are', async () => {
    const before = await model.getWeights();
    const dream = await dreamOf();
    dream.write(asFloats(images));
    await dream.run(5);
    expect(await model.getWeights()).toEqual(before);
    dream.destroy();
  });

  it('refuses what does not fit, with the fix', async () => {
    await expect(dreamOf({ layer: 'cnov' })).rejects.toThrow(/has no layer "cnov"/);
    await expect(dreamOf({ images: 0 })).rejects.toThrow(/images is 0; it must be a whole number/);
    await expect(dreamOf({ jitter: 0.5 })).rejects.toThrow(ArgumentError);
    await expect(dreamOf({ learningRate: 0 })).rejects.toThrow(/learningRate is 0/);
    await expect(dreamOf({ totalVariation: -1 })).rejects.toThrow(/totalVariation is -1/);
    await expect(dreamOf({ sizes: [] })).rejects.toThrow(/sizes is an array of 0/);
    await expect(dreamOf({ layer: 'logits', sizes: [[9, 9]] })).rejects.toThrow(
      /the layer logits takes no images \[9, 9, 1\], only those of the network, \[6, 6, 1\]/,
    );
    const dream = await dreamOf();
    expect(() => dream.write(new Float32Array(7))).toThrow(ShapeError);
    expect(() => dream.choose(CHANNELS)).toThrow(/give one from 0 to 2, or a list of 2/);
    expect(() => dream.choose([1])).toThrow(ArgumentError);
    dream.destroy();
  });
});

it('the classifier has the layers that are offered', async () => {
  const { model: own } = await DigitClassifier.create(await testGpu());
  const outputs = own.callLayers(input('x', [1, 28, 28, 1]));
  for (const { index, channels } of Object.values(CLASSIFIER_LAYERS)) {
    expect(outputs[index].shape.at(-1)).toBe(channels);
  }
  own.destroy();
});

it('grey noise is around 0.5, and follows its seed', () => {
  const noise = greyNoise([50, 20, 1, 1], 1);
  const mean = sum([...noise]) / 1000;
  const deviation = Math.sqrt(sum([...noise].map((value) => (value - mean) ** 2)) / 1000);
  expect(mean).toBeCloseTo(0.5, 1);
  expect(deviation).toBeCloseTo(0.1, 1);
  expect(greyNoise([50, 20, 1, 1], 1)).toEqual(noise);
  expect(greyNoise([50, 20, 1, 1], 2)).not.toEqual(noise);
});

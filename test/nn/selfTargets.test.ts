import { describe, expect, it } from 'vitest';
import { dataset, selfTargets, shuffle, splitValidation, take } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import * as reference from '../reference/losses.ts';

const pixels = Uint8Array.from({ length: 10 * 8 }, (_, i) => (i * 37) % 256);
const images = dataset({
  name: 'images',
  x: pixels,
  y: Uint8Array.from({ length: 10 }, (_, i) => i % 3),
  inputShape: [8],
  classNames: ['a', 'b', 'c'],
});
const scaled = array(
  [10, 8],
  Float64Array.from(pixels, (byte) => byte / 255),
);

async function autoencoder(inputShape = [8]): Promise<Model> {
  const layers = [...(inputShape.length > 1 ? [flatten()] : []), dense({ units: 8, activation: 'sigmoid' })];
  return sequential(layers, { inputShape }).compile({
    gpu: await testGpu(),
    optimizer: 'sgd',
    loss: 'meanSquaredError',
  });
}

/** Labels of the dispatches of a training step. */
async function dispatches(model: Model, data: Dataset): Promise<string[]> {
  const labels: string[] = [];
  await model.fit(data, {
    steps: 1,
    batchSize: 5,
    onReady: ({ commands }) => void labels.push(...commands.map(({ label }) => label)),
  });
  return labels;
}

describe('targets that are the inputs', () => {
  it('keep the labels, share the array, and go on sharing it', () => {
    const self = selfTargets(images);
    expect([self.y, self.labels, self.classNames]).toEqual([images.x, images.y, images.classNames]);
    for (const part of [self, take(self, 2, 5), shuffle(self, 3), splitValidation(self, 0.3).validation]) {
      expect(part.y.data).toBe(part.x.data);
      expect(part.labels!.data.length).toBe(part.size);
    }
    const mixed = shuffle(self, 3);
    const sample = Array.from({ length: 10 }, (_, i) => mixed.x.data[8 * i]);
    const before = Array.from({ length: 10 }, (_, i) => pixels[8 * i]);
    expect(mixed.labels!.data).toEqual(Uint8Array.from(sample, (byte) => before.indexOf(byte) % 3));
    expect(selfTargets(self)).toEqual(self);
  });

  it('are normalised like them, uploaded once, and gathered in one dispatch', async () => {
    const model = await autoencoder();
    const { device } = model.compiled.gpu;
    const self = selfTargets(images);
    const copy = dataset({ x: pixels, y: pixels.slice(), inputShape: [8], targetShape: [8] });
    const outputs = array([10, 8], await model.predict(images.x.data));
    const before = device.liveBuffers;
    const { loss } = await model.evaluate(self);
    const buffers = device.liveBuffers - before;
    expect(loss).toBeCloseTo(reference.meanSquaredError(outputs, scaled).mean, 6);
    expect((await model.evaluate(copy)).loss).toBe(loss);
    expect(device.liveBuffers - before).toBe(2 * buffers + 1); // the copied targets have a buffer of their own
    expect((await model.evaluate(take(self, 2, 9))).loss).toBeCloseTo(
      reference.meanSquaredError(
        array([7, 8], outputs.data.slice(16, 72)),
        array([7, 8], scaled.data.slice(16, 72)),
      ).mean,
      6,
    );
    const gathers = async (data: Dataset) =>
      (await dispatches(model, data)).filter((name) => name.includes('gather')).length;
    expect(await gathers(self)).toBe(1);
    expect(await gathers(copy)).toBe(2);
    model.destroy();
  });

  it('may be flat where the inputs are not', async () => {
    const model = await autoencoder([2, 4]);
    const flat = dataset({ x: pixels, y: pixels, inputShape: [2, 4], targetShape: [8] });
    const outputs = array([10, 8], await model.predict(flat));
    expect((await model.evaluate(flat, { batchSize: 4 })).loss).toBeCloseTo(
      reference.meanSquaredError(outputs, scaled).mean,
      6,
    );
    model.destroy();
  });

  it('are as compile scales them', async () => {
    const model = await sequential([dense({ units: 8 })], { inputShape: [8] }).compile({
      gpu: await testGpu(),
      optimizer: 'sgd',
      loss: 'meanSquaredError',
      inputScale: 2 / 255,
      inputOffset: -1,
    });
    const self = selfTargets(images);
    const outputs = array([10, 8], await model.predict(self));
    const wanted = array(
      [10, 8],
      Float64Array.from(pixels, (byte) => (2 * byte) / 255 - 1),
    );
    expect((await model.evaluate(self)).loss).toBeCloseTo(
      reference.meanSquaredError(outputs, wanted).mean,
      5,
    );
    model.destroy();
  });
});

import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import type { SafeTensor } from '../../src/io/safetensors.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout } from '../../src/nn/layers/shaping.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { rmsprop } from '../../src/nn/optimizers.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { withoutChecksum } from '../fuzz/files.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, weightsOf } from './modelFixtures.ts';

const data = clusters(50);
const batchSize = 16;

/** The tiny model with dropout between its layers, trained for some steps. */
async function trained(steps: number, { seed = 3, gpu }: { seed?: number; gpu?: Gpu } = {}) {
  const layers = [dense({ units: 8, activation: 'tanh' }), dropout(0.25), dense({ units: 3 })];
  const model = sequential(layers, { inputShape: [2], seed });
  await model.compile({ gpu: gpu ?? (await testGpu()), optimizer: 'adam', loss: 'softmaxCrossEntropy' });
  const { steps: values } = await model.fit(data, { steps, batchSize });
  return { model, losses: values.map(({ loss }) => loss) };
}

describe('training', () => {
  it('of one seed gives the same bits twice, losses and weights; of another seed not', async () => {
    const [first, second, other] = [await trained(40), await trained(40), await trained(40, { seed: 4 })];
    expect(second.losses).toEqual(first.losses);
    expect(await second.model.save()).toEqual(await first.model.save());
    expect(other.losses).not.toEqual(first.losses);
    expect(await weightsOf(other.model)).not.toEqual(await weightsOf(first.model));
    for (const { model } of [first, second, other]) model.destroy();
  });

  it('of n and n steps is that of 2n, in one model and through a file: weights, moments, dropout, order', async () => {
    const whole = await trained(40);
    const bytes = await whole.model.save();

    const halves = await trained(20);
    const half = await halves.model.save();
    const rest = await halves.model.fit(data, { steps: 20, batchSize });
    expect([...halves.losses, ...rest.steps.map(({ loss }) => loss)]).toEqual(whole.losses);
    expect(await halves.model.save()).toEqual(bytes);

    const resumed = await trained(7, { seed: 11 }); // all of which the file replaces
    resumed.model.load(half);
    expect([resumed.model.step, resumed.model.seed]).toEqual([20, 3]);
    await resumed.model.fit(data, { steps: 40, batchSize, resume: true });
    expect(resumed.model.step).toBe(40);
    // The architecture tells from which seed each model's first weights were, which the file has replaced.
    const contents = (file: Uint8Array) => {
      const { tensors, metadata } = decodeSafetensors(file);
      return { tensors, metadata: { ...metadata, architecture: '' } };
    };
    expect(contents(await resumed.model.save())).toEqual(contents(bytes));
    for (const { model } of [whole, halves, resumed]) model.destroy();
  });

  it('goes on to the bit on another GPU after the first is lost', async () => {
    const whole = await trained(40);
    const bytes = await whole.model.save();
    const { gpu, real } = await ownGpu();
    const { model } = await trained(20, { gpu });
    const half = await model.save();
    real.destroy();
    await expect(model.fit(data, { steps: 1, batchSize })).rejects.toMatchObject({ name: 'DeviceLostError' });
    await model.compile({ gpu: await testGpu(), optimizer: 'adam', loss: 'softmaxCrossEntropy' });
    expect(model.step).toBe(0);
    model.load(half);
    await model.fit(data, { steps: 20, batchSize });
    expect(await model.save()).toEqual(bytes);
    expect(gpu.device.liveBuffers, 'on the lost GPU').toBe(0);
    for (const own of [whole.model, model]) own.destroy();
  });
});

describe('compile, again', () => {
  it('keeps the weights, also on another GPU, and starts the optimizer anew', async () => {
    const { model } = await trained(10);
    const weights = await weightsOf(model);
    const { gpu } = await ownGpu();
    for (const where of [undefined, gpu]) {
      await model.compile({ gpu: where, optimizer: rmsprop(), loss: 'softmaxCrossEntropy' });
      expect(await weightsOf(model)).toEqual(weights);
      const slots = await model.compiled.minimizer.readSlots(model.compiled.gpu.variables);
      expect(new Set([...slots.values()].flatMap((list) => list.flatMap((slot) => [...slot])))).toEqual(
        new Set([0]),
      );
      expect(model.step).toBe(0);
    }
    model.destroy();
    gpu.destroy();
  });
});

it('a model joined of others that name their layers alike is saved whole', async () => {
  const gpu = await testGpu();
  const make = () => {
    const part = (seed: number) => sequential([dense({ units: 2 })], { inputShape: [2], seed });
    const inputs = modelInput({ shape: [2] });
    return model({ inputs, outputs: part(2).apply(part(1).apply(inputs)) });
  };
  const [saved, loaded] = [make(), make()];
  const options = { gpu, optimizer: 'sgd', loss: 'meanSquaredError' } as const;
  for (const own of [saved, loaded]) await own.compile(options);
  for (const variable of saved.variables) {
    gpu.variables.write(variable, new Float32Array(variable.shape.reduce((a, b) => a * b)).fill(0.5));
  }
  gpu.variables.write(saved.variables[0], Float32Array.of(1, 2, 3, 4));
  const bytes = await saved.save();
  expect([...decodeSafetensors(bytes).tensors.keys()].filter((key) => !key.startsWith('optimizer'))).toEqual([
    'dense.bias',
    'dense.weight',
    'dense_1.bias',
    'dense_1.weight',
  ]);
  loaded.load(bytes);
  expect(await weightsOf(loaded)).toEqual(await weightsOf(saved));
  for (const own of [saved, loaded]) own.destroy();
});

describe('load', () => {
  const edited = (
    bytes: Uint8Array,
    edit: (tensors: Map<string, SafeTensor>, metadata: Record<string, string>) => void,
  ): Uint8Array => {
    const { tensors, metadata } = decodeSafetensors(bytes, 'test');
    const [newTensors, newMetadata] = [new Map(tensors), { ...metadata }];
    edit(newTensors, newMetadata);
    return encodeSafetensors(newTensors, newMetadata);
  };
  const f32 = (shape: number[]): SafeTensor => ({
    dtype: 'F32',
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });

  type Edit = (bytes: Uint8Array) => Uint8Array;
  const damages: [what: string, damage: Edit, message: RegExp][] = [
    ['that is cut in two', (bytes) => bytes.slice(0, bytes.length / 2), /run\.safetensors/],
    ['of a header’s length', (bytes) => bytes.slice(0, 8), /run\.safetensors/],
    ['that is empty', () => new Uint8Array(0), /run\.safetensors/],
    ['with a wrong length', (bytes) => bytes.map((byte, i) => (i === 1 ? 255 : byte)), /run\.safetensors/],
    [
      'without a weight',
      (bytes) => edited(bytes, (tensors) => tensors.delete('dense_1.bias')),
      /has no tensor dense_1\.bias, which model needs; it holds dense\.bias, dense\.weight/,
    ],
    [
      'with a weight of another shape',
      (bytes) => edited(bytes, (tensors) => tensors.set('dense_1.weight', f32([9, 3]))),
      /tensor dense_1\.weight is F32 \[9, 3\], but model needs F32 \[8, 3\]; load it into the architecture/,
    ],
    [
      'without a moment',
      (bytes) => edited(bytes, (tensors) => tensors.delete('optimizer.mean_square.dense.bias')),
      /has no tensor optimizer\.mean_square\.dense\.bias; the file is incomplete/,
    ],
    [
      'of a negative step',
      (bytes) => edited(bytes, (_, metadata) => (metadata.step = '-3')),
      /'step' is -3.*damaged/,
    ],
    [
      'of half a seed',
      (bytes) => edited(bytes, (_, metadata) => (metadata.seed = '0.5')),
      /'seed' is 0.5.*damaged/,
    ],
    ...['4294967296', '1.5', 'NaN', ''].map((step): (typeof damages)[number] => [
      `of step '${step}'`,
      (bytes) => edited(bytes, (_, metadata) => (metadata.step = step)),
      new RegExp(`'step' is ${step}, .*damaged`),
    ]),
    ...['-1', 'Infinity', 'NaN', ''].map((rate): (typeof damages)[number] => [
      `of learning rate '${rate}'`,
      (bytes) => edited(bytes, (_, metadata) => (metadata.learningRate = rate)),
      new RegExp(`'learningRate' is ${rate}, .*damaged`),
    ]),
    ...['dense.weight', 'optimizer.mean_square.dense_1.bias'].flatMap((name) =>
      [NaN, -Infinity].map((value): (typeof damages)[number] => [
        `with ${value} in ${name}`,
        (bytes) =>
          edited(bytes, (tensors) => {
            const { shape, data } = tensors.get(name)!;
            const values = Float32Array.from(data);
            values[2] = value;
            tensors.set(name, { dtype: 'F32', shape, data: values });
          }),
        new RegExp(`tensor ${name} is ${value} at element 2; load a file that was saved before`),
      ]),
    ),
    [
      'of a learning rate beyond f32',
      (bytes) => edited(bytes, (_, metadata) => (metadata.learningRate = '1e99')),
      /'learningRate' is 1e99.*damaged/,
    ],
  ];

  it.each(damages)('of a file %s leaves the model as it was', async (_, damage, message) => {
    const { model } = await trained(3);
    const before = await model.save();
    const bytes = damage(before);
    expect(() => model.load(bytes, 'run.safetensors')).toThrow(message);
    expect(() => model.load(bytes)).toThrow(FormatError);
    expect(await model.save()).toEqual(before);
    model.destroy();
  });

  it('of a file without this optimizer’s state restores the weights alone', async () => {
    const { model } = await trained(10);
    const plain = edited(await model.save(), (tensors, metadata) => {
      for (const name of tensors.keys()) if (name.startsWith('optimizer')) tensors.delete(name);
      for (const key of Object.keys(metadata)) delete metadata[key];
    });
    const weights = await weightsOf(model);
    await model.fit(data, { steps: 3, batchSize });
    model.load(plain);
    expect(await weightsOf(model)).toEqual(weights);
    expect(model.step).toBe(13);
    model.destroy();
  });

  it('of the largest step that the counter holds is taken', async () => {
    const { model } = await trained(2);
    model.load(edited(await model.save(), (_, metadata) => (metadata.step = '4294967295')));
    expect(model.step).toBe(2 ** 32 - 1);
    model.destroy();
  });

  it('needs a model that is not being trained', async () => {
    const model = await compiledTiny();
    const bytes = await model.save();
    const fit = model.fit(data, { steps: 2, batchSize });
    expect(() => model.load(bytes)).toThrow(
      /load was called while the model is being trained; await the fit/,
    );
    await fit;
    model.load(bytes);
    model.destroy();
  });

  it('takes bytes alone', async () => {
    const model = await compiledTiny();
    const promise = model.save();
    expect(() => model.load(promise as never)).toThrow(/load: takes the bytes of a file.*a promise/);
    expect(() => model.load(new ArrayBuffer(8) as never)).toThrow(/load: takes the bytes of a file/);
    expect(() => model.load(new Uint8Array(8), { partially: true } as never)).toThrow(
      /no option "partially"; did you mean "partial"/,
    );
    await promise;
    model.destroy();
  });
});

describe('save', () => {
  it.each([NaN, Infinity])('of %f in a weight or a moment is refused and names it', async (value) => {
    const { model } = await trained(3);
    const { gpu, minimizer } = model.compiled;
    const good = await model.save();
    const bias = model.variables.find(({ name }) => name === 'dense_1.bias')!;
    gpu.variables.write(bias, Float32Array.of(0, value, 0));
    await expect(model.save()).rejects.toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining(
        `model: is not saved, because tensor dense_1.bias is ${value} at element 1`,
      ),
    });
    model.load(good);
    minimizer.writeSlot(gpu.variables, bias, 1, Float32Array.of(0, 0, value));
    await expect(model.save()).rejects.toThrow(`optimizer.mean_square.dense_1.bias is ${value} at element 2`);
    model.destroy();
  });
});

it('a checkpoint with a flipped bit, or without its checksum, never loads as weights alone', async () => {
  const model = await compiledTiny();
  await model.fit(clusters(30), { steps: 3 });
  const bytes = await model.save();
  const before = await weightsOf(model);
  expect(() => model.load(withoutChecksum(bytes))).toThrow(/a checkpoint without its checksum/);
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  for (let i = 0; i < bytes.length; i += i < header ? 1 : 41) {
    const flipped = bytes.slice();
    flipped[i] ^= 1 << (i % 8);
    expect(() => model.load(flipped), `byte ${i}`).toThrow(FormatError);
  }
  expect(await weightsOf(model)).toEqual(before);
  expect(model.step).toBe(3);
  model.load(bytes);
  model.destroy();
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/io/safetensors.ts';
import { modelFromJSON } from '../../../src/nn/json/modelFromJSON.ts';
import { loadModel } from '../../../src/nn/json/loadModel.ts';
import { conv2d } from '../../../src/nn/layers/conv2d.ts';
import { dense } from '../../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../../src/nn/layers/normalization.ts';
import { activation, dropout, flatten } from '../../../src/nn/layers/shaping.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import type { Model } from '../../../src/nn/model.ts';
import { adam, sgd } from '../../../src/nn/optimizers.ts';
import { cosineDecay } from '../../../src/nn/schedules.ts';
import { relu } from '../../../src/ops/elementwise/elementwise.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { clusters, compiledTiny, tinyModel, weightsOf } from '../modelFixtures.ts';
import { arc, compiledTinyGan, tinyGan } from '../ganFixtures.ts';
import { changes, modelsOf } from '../randomModels.ts';

const data = clusters(40);
const batchSize = 16;
const loss = 'softmaxCrossEntropy';

const edited = (bytes: Uint8Array, edit: (metadata: Record<string, string>) => void): Uint8Array => {
  const { tensors, metadata } = decodeSafetensors(bytes);
  edit(metadata);
  return encodeSafetensors(tensors, metadata);
};

/** Something of everything that trains: convolution, statistics, dropout, a schedule, averages, a frozen layer. */
const rich = () =>
  sequential(
    [
      conv2d({ filters: 2, kernelSize: 1, name: 'look' }),
      batchNormalization(),
      flatten(),
      dropout(0.25),
      dense({ units: 4, activation: 'tanh', trainable: false }),
      dense({ units: 3 }),
    ],
    { inputShape: [1, 2, 1], seed: 5, name: 'rich' },
  );
const images = { ...data, x: { ...data.x, shape: [1, 2, 1] } };

describe('loadModel', () => {
  it('gives the model without its code, which predicts and trains on to the same bits', async () => {
    const gpu = await testGpu();
    const optimizer = adam({
      learningRate: 0.01,
      schedule: cosineDecay({ decaySteps: 20 }),
      ema: { decay: 0.9 },
    });
    const saved = await rich().compile({ gpu, optimizer, loss });
    await saved.fit(images, { steps: 4, batchSize });
    const bytes = await saved.save();
    const loaded = loadModel(bytes);
    expect(loaded.summary()).toBe(saved.summary());
    expect(loaded.loaded).toEqual({ missing: [], unused: [], fresh: [], resumes: true });
    await loaded.compile({ gpu, loss });
    expect(loaded.compiled.optimizer.config).toEqual(saved.compiled.optimizer.config);
    expect(loaded.step).toBe(4);
    expect(await loaded.save()).toEqual(bytes);
    expect(await loaded.predict(images)).toEqual(await saved.predict(images));
    for (const model of [saved, loaded]) await model.fit(images, { epochs: 4, batchSize, resume: true });
    expect(loaded.step).toBe(12);
    expect(await loaded.save()).toEqual(await saved.save());
    for (const model of [saved, loaded]) model.destroy();
  });

  it('says why a file has no architecture, and takes no other kind of file', async () => {
    const own = sequential([dense({ units: 3 }), activation((x) => relu(x))], { inputShape: [2] });
    await own.compile({ gpu: await testGpu(), optimizer: 'sgd', loss: 'meanSquaredError' });
    const bytes = await own.save();
    expect(() => loadModel(bytes, 'own.safetensors')).toThrow(FormatError);
    expect(() => loadModel(bytes, 'own.safetensors')).toThrow(
      /own\.safetensors: has weights, but no architecture \(.*a function of your own.*\); make the model by your own code/,
    );
    const weights = encodeSafetensors({ w: { dtype: 'F32', shape: [1], data: Float32Array.of(1) } });
    expect(() => loadModel(weights)).toThrow(/has weights, but no architecture;/);
    const gan = await compiledTinyGan();
    const game = await gan.save();
    expect(() => loadModel(game)).toThrow(/holds a gan, not a model/);
    for (const model of [own, gan]) model.destroy();
  });

  it('of a damaged architecture or optimizer is refused', async () => {
    const model = await compiledTiny();
    const bytes = await model.save();
    model.destroy();
    const broken = edited(bytes, (metadata) => (metadata.architecture = '{"format":1}'));
    expect(() => loadModel(broken, 'a file')).toThrow(/^a file: its format is 1/);
    const other = edited(bytes, (metadata) => {
      metadata.architecture = JSON.stringify(sequential([dense({ units: 2 })], { inputShape: [2] }).toJSON());
    });
    expect(() => loadModel(other)).toThrow(/tensor dense\.weight is F32 \[2, 8\], but model needs/);
    const strange = loadModel(edited(bytes, (metadata) => (metadata.optimizer = 'adagram')));
    const gpu = await testGpu();
    await expect(strange.compile({ gpu, loss })).rejects.toThrow(/no optimizer "adagram".*adagrad/);
    await strange.compile({ gpu, loss, optimizer: 'sgd' });
    expect(strange.loaded).toMatchObject({ resumes: false });
    strange.destroy();
  });

  it('is what gives compile its optimizer: other models need one to train', async () => {
    const other = await tinyModel().compile({ gpu: await testGpu(), loss });
    expect(() => other.fit(data)).toThrow(/tiny: it was compiled without an optimizer; call compile/);
    other.destroy();
  });
});

describe('load before compile', () => {
  it('is checked at once and takes effect at compile: weights, moments, step', async () => {
    const saved = await compiledTiny();
    await saved.fit(data, { steps: 5, batchSize });
    const bytes = await saved.save();
    const loaded = tinyModel();
    expect(() => loaded.load(bytes.slice(0, 200))).toThrow(FormatError);
    expect(() => loaded.load(edited(bytes, (metadata) => (metadata.step = '-1')))).toThrow(/'step' is -1/);
    const report = loaded.load(bytes);
    expect(report).toEqual({ missing: [], unused: [], fresh: [], resumes: true });
    loaded.layers[0].name = 'renamed'; // the file is that of the names when it was loaded
    const optimizer = adam({ learningRate: 0.02 });
    const options = { gpu: await testGpu(), optimizer, loss, metrics: ['accuracy'] } as const;
    await loaded.compile(options);
    expect([loaded.step, loaded.loaded]).toEqual([5, report]);
    for (const model of [saved, loaded]) await model.fit(data, { steps: 12, batchSize, resume: true });
    expect(await weightsOf(loaded)).toEqual(await weightsOf(saved));

    const other = tinyModel();
    other.load(bytes);
    await other.compile({ ...options, optimizer: sgd() });
    expect(other.loaded).toMatchObject({ resumes: false, missing: [] });
    expect([other.step, other.learningRate]).toEqual([0, 0.01]);

    const anew = tinyModel();
    anew.load(bytes);
    await anew.compile({ ...options, weights: 'initial' });
    const initial = await compiledTiny();
    expect(await weightsOf(anew)).toEqual(await weightsOf(initial));
    expect([anew.step, anew.loaded]).toEqual([0, undefined]);
    for (const model of [saved, loaded, other, anew, initial]) model.destroy();
  });

  it('survives a compile that fails; a later file replaces an earlier one, a partial one adds to it', async () => {
    const gpu = await testGpu();
    const files: Uint8Array[] = [];
    for (const seed of [3, 4]) {
      const model = await compiledTiny({ seed });
      files.push(await model.save());
      model.destroy();
    }
    const part = sequential([dense({ units: 8, name: 'dense' })], { inputShape: [2], seed: 9 });
    await part.compile({ gpu, optimizer: 'sgd', loss: 'meanSquaredError' });
    const first = await weightsOf(part);
    const partial = await part.save();
    const loaded = tinyModel();
    for (const file of files) loaded.load(file);
    expect(() => loaded.load(partial)).toThrow(/has no tensor dense_1\.weight/);
    expect(loaded.load(partial, { partial: true })).toMatchObject({
      missing: ['dense_1.weight', 'dense_1.bias'],
      unused: [],
    });
    await expect(loaded.compile({ gpu, optimizer: 'sgd', loss: 'no loss' as 'huber' })).rejects.toThrow(
      /no loss/,
    );
    await loaded.compile({ gpu, optimizer: 'sgd', loss });
    const second = await compiledTiny({ seed: 4 });
    const whole = await weightsOf(second);
    expect(await weightsOf(loaded)).toEqual([...first, ...whole.slice(first.length)]);
    for (const model of [part, loaded, second]) model.destroy();
  });

  it('of a GAN brings back both networks, optimizers and counts', async () => {
    const saved = await compiledTinyGan();
    await saved.fit(arc(16), {
      steps: 3,
      batchSize: 4,
      train: (step) => (step === 1 ? 'generator' : 'both'),
    });
    const bytes = await saved.save();
    const loaded = tinyGan();
    expect(loaded.load(bytes)).toEqual({ missing: [], unused: [], fresh: [], resumes: true });
    await loaded.compile({ gpu: await testGpu() });
    expect(loaded.updates).toEqual({ generator: 3, discriminator: 2 });
    expect(await loaded.save()).toEqual(bytes);
    for (const gan of [saved, loaded]) gan.destroy();
  });
});

it('frozen layers that are thawed get their weights, and moments that start anew, which the report names', async () => {
  const gpu = await testGpu();
  const make = (ema: boolean) => ({
    gpu,
    loss,
    optimizer: adam({ learningRate: 0.02, ...(ema && { ema: { decay: 0.5 } }) }),
  });
  for (const ema of [false, true]) {
    const frozen = tinyModel();
    frozen.layers[0].trainable = false;
    await frozen.compile(make(ema) as Parameters<Model['compile']>[0]);
    await frozen.fit(data, { steps: 5, batchSize });
    const bytes = await frozen.save();
    const thawed = await tinyModel().compile(make(ema) as Parameters<Model['compile']>[0]);
    await thawed.fit(data, { steps: 3, batchSize });
    expect(thawed.load(bytes)).toEqual({
      missing: [],
      unused: [],
      fresh: ['dense.weight', 'dense.bias'],
      resumes: true,
    });
    expect(await weightsOf(thawed)).toEqual(await weightsOf(frozen));
    const [before, after] = [
      decodeSafetensors(bytes).tensors,
      decodeSafetensors(await thawed.save()).tensors,
    ];
    for (const [key, tensor] of before) expect(after.get(key)).toEqual(tensor);
    for (const slot of frozen.compiled.optimizer.slotNames) {
      const fresh = after.get(`optimizer.${slot}.dense.weight`)!.data;
      const expected = slot === 'averages' ? before.get('dense.weight')!.data : fresh.map(() => 0);
      expect([slot, fresh]).toEqual([slot, expected]);
    }
    for (const model of [frozen, thawed]) model.destroy();
  }
});

it('a layer named as the optimizer’s state is saved beside it', async () => {
  const make = () => {
    const names = ['optimizer.mean.dense', 'dense', 'best.dense', 'optimizer'];
    const layers = names.map((name) => dense({ units: 2, name }));
    return sequential(layers, { inputShape: [2] });
  };
  const options = { gpu: await testGpu(), optimizer: 'adam', loss: 'meanSquaredError' } as const;
  const [saved, loaded] = [await make().compile(options), await make().compile(options)];
  expect(saved.compiled.optimizer.slotNames[0]).toBe('mean');
  const slots = (model: Model) => model.compiled.minimizer.readSlots(model.compiled.gpu.variables);
  const { variables } = saved.compiled.gpu;
  saved.variables.forEach((variable, i) => {
    variables.write(variable, new Float32Array(variable.shape.reduce((a, b) => a * b, 1)).fill(i + 1));
    for (const slot of [0, 1]) {
      const values = new Float32Array(variable.shape.reduce((a, b) => a * b, 1)).fill(100 * slot + i);
      saved.compiled.minimizer.writeSlot(variables, variable, slot, values);
    }
  });
  loaded.load(await saved.save());
  expect(await weightsOf(loaded)).toEqual(await weightsOf(saved));
  expect([...(await slots(loaded)).values()]).toEqual([...(await slots(saved)).values()]);
  for (const model of [saved, loaded]) model.destroy();
});

describe('whatever was made, joined, shared, renamed and frozen', () => {
  const optimizer = 'adam';
  const trainable = (model: Model) => model.trainableVariables.length > 0;

  it('what is loaded is what was saved, by name; anything else is refused and changes nothing', async () => {
    const gpu = await testGpu();
    const place = fc.nat(100);
    const options = { gpu, optimizer, loss: 'meanSquaredError' } as const;
    const cases = fc.record({
      list: changes,
      frozen: fc.array(place, { maxLength: 3 }),
      from: place,
      to: place,
    });
    const check = async ({
      list,
      frozen,
      from,
      to,
    }: {
      list: unknown;
      frozen: number[];
      from: number;
      to: number;
    }) => {
      const make = () => modelsOf(list as Parameters<typeof modelsOf>[0]).filter(trainable);
      const [models, again] = [make(), make()];
      const source = models[from % models.length];
      const targets = [again[from % again.length], again[to % again.length]];
      for (const which of frozen) source.layers[which % source.layers.length].trainable = false;
      if (!trainable(source)) source.trainable = true;
      await source.compile(options);
      let value = 0;
      for (const variable of source.variables) {
        const values = new Float32Array(variable.shape.reduce((a, b) => a * b, 1)).map(() => ++value);
        gpu.variables.write(variable, values);
      }
      const bytes = await source.save();
      const byName = await values(source);
      const twin = modelFromJSON(JSON.parse(JSON.stringify(source)));
      for (const [target, early] of [
        ...targets.map((own, i) => [own, i === 0] as const),
        [twin, true] as const,
      ]) {
        if (!early) await target.compile(options);
        const before = early ? undefined : await values(target);
        const [keys, own] = [[...source.variableKeys().values()], [...target.variableKeys().values()]];
        const shapes = (model: Model) =>
          JSON.stringify([...model.variableKeys()].map(([{ shape }, key]) => [key, shape]).sort());
        if (shapes(source) === shapes(target)) {
          const report = target.load(bytes);
          if (early) await target.compile(options);
          expect(report).toMatchObject({ missing: [], unused: [] });
          const trained = source.compiled.minimizer.variables.map((own) => source.variableKeys().get(own));
          const wanted = target.compiled.minimizer.variables.map((own) => target.variableKeys().get(own));
          expect(report.fresh).toEqual(wanted.filter((key) => !trained.includes(key)));
          expect(await values(target)).toEqual(byName);
        } else {
          expect(() => target.load(bytes)).toThrow(FormatError);
          if (!early) expect(await values(target)).toEqual(before);
          else await target.compile(options);
          const initial = before ?? (await values(target));
          const report = target.load(bytes, { partial: true });
          const fits = (key: string) => {
            const [a, b] = [source, target].map((model) => shapeOf(model, key));
            return a !== undefined && a === b;
          };
          expect(report.missing).toEqual(own.filter((key) => !fits(key)));
          expect([...report.unused].sort()).toEqual(keys.filter((key) => !fits(key)).sort());
          const expected = [...initial].map(([key, kept]) => [key, fits(key) ? byName.get(key) : kept]);
          expect([...(await values(target))]).toEqual(expected);
        }
      }
      for (const model of new Set([source, ...targets, twin])) model.destroy();
    };
    await fc.assert(fc.asyncProperty(cases, check), { numRuns: 40, seed: 11 });
  });

  const shapeOf = (model: Model, key: string) =>
    [...model.variableKeys()].find(([, own]) => own === key)?.[0].shape.join();

  async function values(model: Model): Promise<Map<string, Float32Array>> {
    const all = await model.compiled.gpu.variables.readAll(model.variables);
    return new Map([...model.variableKeys()].map(([variable, key]) => [key, all.get(variable)!]));
  }
});

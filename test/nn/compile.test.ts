import { describe, expect, it } from 'vitest';
import { streamed } from '../../src/data/stream.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Gan } from '../../src/nn/gan/index.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from './modelFixtures.ts';

const data = clusters(24);
const samples = new Float32Array(data.x.data.slice(0, 12));
const training = { optimizer: 'sgd', loss: 'softmaxCrossEntropy' } as const;

describe('what is unknown or of another kind', () => {
  it('is told by every method, with what was meant', async () => {
    const gpu = await testGpu();
    const own = await compiledTiny();
    const wrong: [call: () => unknown, message: string][] = [
      [
        () => own.fit(data, { batch_size: 8 } as never),
        'fit: there is no option "batch_size"; did you mean "batchSize"?',
      ],
      [
        () => own.fit(data, 3 as never),
        'fit: takes its options by name, fit(data, { epochs, steps, … }), but was given 3',
      ],
      [
        () => own.fit(Promise.resolve(data) as never),
        'needs a data set, but was given a promise; await it first',
      ],
      [
        () => own.fit({ train: data, test: data } as never),
        'an object with the data sets train and test; pass one of them',
      ],
      [
        () => own.fit({ x: samples, y: samples } as never),
        'a plain object with x and y; make a data set of it with dataset({',
      ],
      [
        () => own.fit(undefined as never),
        'needs a data set, but was given undefined; make one with dataset({',
      ],
      [() => own.fit((function* () {})() as never), 'was given an iterator; put all samples into arrays'],
      [() => own.fit(data, { validationData: null as never }), 'null'],
      [
        () => own.fit(data, { earlyStopping: { patients: 1 } as never, validationData: data }),
        'did you mean "patience"?',
      ],
      [
        () => own.evaluate(data, { batchsize: 8 } as never),
        'evaluate: there is no option "batchsize"; did you mean "batchSize"?',
      ],
      [() => own.evaluate(null as never), 'was given null'],
      [
        () => own.predict(samples, { batch: 8 } as never),
        'predict: there is no option "batch"; did you mean "batchSize"?',
      ],
      [() => own.predict(Promise.resolve(samples) as never), 'was given a promise'],
      [() => own.predict(undefined as never), 'was given undefined'],
      [() => own.predictAll(samples, 8 as never), 'predict: takes its options by name'],
      [
        () => own.load(new Uint8Array(8), { partially: true } as never),
        'load: there is no option "partially"; did you mean "partial"?',
      ],
      [() => own.compile({ ...training, lr: 1 } as never), 'compile: there is no option "lr"'],
      [
        () => own.compile({ ...training, gpu: Promise.resolve(gpu) as never }),
        'compile: the option "gpu" is a promise; await it first: { gpu: await … }',
      ],
      [
        () => own.compile({ ...training, gpu: {} as never }),
        'gpu is an object with nothing in it; pass what init() gives, awaited',
      ],
      [
        () => gpu.compile(() => ({}), { seeds: 1 } as never),
        'gpu.compile: there is no option "seeds"; did you mean "seed"?',
      ],
      [
        () => new Gan({ generators: own } as never),
        'new Gan: there is no option "generators"; did you mean "generator"?',
      ],
    ];
    for (const [call, message] of wrong) {
      const attempt = async () => await call();
      await expect(attempt()).rejects.toThrow(message);
      await expect(attempt()).rejects.toThrow(ArgumentError);
    }
    own.destroy();
  });

  it('is told by a GAN', async () => {
    const networks = {
      generator: sequential([dense({ units: 2 })], { inputShape: [2] }),
      discriminator: sequential([dense({ units: 1 })], { inputShape: [2] }),
    };
    const gan = new Gan(networks);
    await expect(gan.compile({ optimizer: 'sgd' } as never)).rejects.toThrow(
      'compile: there is no option "optimizer"',
    );
    await gan.compile({ gpu: await testGpu() });
    expect(() => gan.fit(data, { epoch: 1 } as never)).toThrow(
      'fit: there is no option "epoch"; did you mean "epochs"?',
    );
    expect(() => gan.fit(Promise.resolve(data) as never)).toThrow('was given a promise');
    await expect(gan.sampler({ counts: 1 } as never)).rejects.toThrow('did you mean "count"?');
    gan.destroy();
  });
});

describe('a model compiled to predict', () => {
  it('needs no optimizer and no loss, and says what fit and evaluate lack', async () => {
    const gpu = await testGpu();
    const [whole, plain] = [await compiledTiny(), tinyModel()];
    await plain.compile({ gpu });
    expect(await plain.predict(samples)).toEqual(await whole.predict(samples));
    expect(() => plain.fit(data)).toThrow(
      'tiny: it was compiled without an optimizer; call compile({ optimizer, loss })',
    );
    await expect(plain.evaluate(data)).rejects.toThrow(
      'tiny: was compiled without a loss, so it only predicts',
    );
    await expect(plain.evaluator().inspect(data)).rejects.toThrow('compiled without a loss');
    await expect(plain.evaluate(streamed(() => [data]))).rejects.toThrow('compiled without a loss');
    await plain.compile({ optimizer: 'adam' });
    expect(() => plain.fit(streamed(() => [data]))).toThrow('compiled without a loss');
    expect(() => plain.fit(data)).toThrow('compiled without a loss');
    await plain.compile({ loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
    expect((await plain.evaluate(data)).loss).toBeCloseTo((await whole.evaluate(data)).loss, 5);
    expect(() => plain.fit(data)).toThrow('compiled without an optimizer');
    await expect(plain.compile({ metrics: ['accuracy'] })).rejects.toThrow('loss is undefined');
    const bytes = await plain.save();
    await plain.compile({});
    plain.load(bytes);
    expect(await plain.predict(samples)).toEqual(await whole.predict(samples));
    for (const own of [whole, plain]) own.destroy();
  });

  it.each([
    ['frozen', () => sequential([dense({ units: 3, trainable: false })], { inputShape: [2] })],
    ['without weights', () => sequential([activation('softmax')], { inputShape: [2] })],
  ])('may be wholly %s', async (what, make) => {
    const own = make();
    const loss = what === 'frozen' ? 'softmaxCrossEntropy' : 'meanSquaredError';
    await own.compile({ gpu: await testGpu(), optimizer: 'adam', ...(what === 'frozen' ? { loss } : {}) });
    expect(await own.predict(samples)).toHaveLength(6 * (what === 'frozen' ? 3 : 2));
    if (what === 'frozen') expect((await own.evaluate(data)).loss).toBeGreaterThan(0);
    expect(() => own.fit(data)).toThrow('no layer has trainable weights, so there is nothing to train');
    own.load(await own.save());
    own.destroy();
  });
});

it('trainable is one switch at compile, for weights and statistics alike', async () => {
  const gpu = await testGpu();
  const layers = [batchNormalization({ momentum: 0.5 }), dense({ units: 3 })] as const;
  const own = sequential([...layers], { inputShape: [2], seed: 4 });
  await own.compile({ gpu, ...training });
  const [norm] = layers;
  const after = async () => {
    await own.fit(data, { steps: 2, batchSize: 12 });
    return [...(await gpu.variables.readAll(norm.variables)).values()].map((values) => [...values]);
  };
  const start = [...(await gpu.variables.readAll(norm.variables)).values()].map((values) => [...values]);
  norm.trainable = false; // too late: it was compiled to be trained
  const trained = await after();
  trained.forEach((values, i) => expect(values).not.toEqual(start[i]));
  await own.compile({ gpu, ...training });
  norm.trainable = true; // too late: it was compiled frozen
  expect(await after()).toEqual(trained);
  await own.compile({ gpu, ...training });
  (await after()).forEach((values, i) => expect(values).not.toEqual(trained[i]));
  own.destroy();
});

describe('a layer of models on two GPUs', () => {
  it('is refused, and follows a model that has it alone', async () => {
    const [here, { gpu: there }] = [await testGpu(), await ownGpu()];
    const shared = dense({ units: 3, name: 'shared' });
    const of = (name: string) => {
      const inputs = modelInput({ shape: [2] });
      return model({ inputs, outputs: shared.apply(inputs), name });
    };
    const [first, second] = [of('first'), of('second')];
    await first.compile({ gpu: here, ...training });
    await first.fit(data, { steps: 3 });
    const weights = await weightsOf(first);
    await expect(second.compile({ gpu: there, ...training })).rejects.toThrow(ArgumentError);
    await expect(second.compile({ gpu: there, ...training })).rejects.toThrow(
      'shares the variable shared.weight with a model that is compiled for another GPU',
    );
    await second.compile({ gpu: here, ...training });
    expect(await weightsOf(second)).toEqual(weights);
    await expect(first.compile({ gpu: there, ...training })).rejects.toThrow(
      'shares the variable shared.weight with a model that is compiled for another GPU',
    );
    expect(await weightsOf(first)).toEqual(weights);
    second.destroy();
    await first.compile({ gpu: there, ...training });
    expect(await weightsOf(first)).toEqual(weights);
    await expect(second.compile({ gpu: here, ...training })).rejects.toThrow(
      'shares the variable shared.weight with a model that is compiled for another GPU',
    );
    first.destroy();
    await second.compile({ gpu: here, ...training });
    second.destroy();
    there.destroy();
  });
});

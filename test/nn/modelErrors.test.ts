import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { ArgumentError, DeviceLostError, NumericError, ShapeError } from '../../src/errors.ts';
import { activation, dropout, flatten, reshape } from '../../src/nn/layers/shaping.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { maxPool2d } from '../../src/nn/layers/pooling.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { sparseSoftmaxCrossEntropy } from '../../src/ops/loss/softmaxCrossEntropy.ts';
import { RING_SLOTS } from '../../src/runtime/ring.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from './modelFixtures.ts';

const data = clusters(50);
const batchSize = 16;
/** What JavaScript lets through and TypeScript does not. */
const any = (value: unknown) => value as never;

/** What the action throws or rejects with: class and text. */
async function failure(action: () => unknown): Promise<[unknown, string]> {
  try {
    await action();
  } catch (error) {
    return [(error as Error).constructor, (error as Error).message];
  }
  throw new Error('expected an error');
}

type Case = [what: string, action: () => unknown, type: unknown, text: RegExp];

const building: Case[] = [
  ['no layers', () => sequential([], { inputShape: [2] }), ArgumentError, /model: .* at least one layer/],
  [
    'no input shape',
    () => sequential([dense({ units: 1 })], any({})),
    ArgumentError,
    /sequential: the option "inputShape" is missing; call sequential\(layers, \{ inputShape, name, … \}\)/,
  ],
  [
    'an extent of zero',
    () => sequential([dense({ units: 1 })], { inputShape: [0] }),
    ShapeError,
    /\[1, 0\] has the extent 0; every extent must be a whole number of at least 1/,
  ],
  [
    'a seed that is no whole number',
    () => tinyModel({ seed: 0.5 }),
    ArgumentError,
    /tiny: seed is 0\.5; .* whole number from 0 to 2\^53/,
  ],
  [
    'a dense layer on single numbers',
    () => sequential([dense({ units: 1 })], { inputShape: [] }),
    ShapeError,
    /dense: works on the last axis of samples, and these are single numbers; give them a shape/,
  ],
  [
    'a convolution on features',
    () => sequential([conv2d({ filters: 1, kernelSize: 3 })], { inputShape: [4] }),
    ShapeError,
    /conv2d: expects samples of rank 3 \(height, width, channels\), got shape \[4\]/,
  ],
  [
    'a window larger than the image',
    () => sequential([conv2d({ filters: 1, kernelSize: 5 })], { inputShape: [4, 4, 1] }),
    ShapeError,
    /conv2d.*5.*4/,
  ],
  [
    'groups that do not divide the channels',
    () => sequential([conv2d({ filters: 4, kernelSize: 1, groups: 2 })], { inputShape: [2, 2, 3] }),
    ShapeError,
    /3 channels and 4 filters must both be multiples of the 2 groups/,
  ],
  [
    'a reshape to another size',
    () => sequential([reshape([3])], { inputShape: [4] }),
    ShapeError,
    /reshape.*4.*3/,
  ],
  [
    'no units',
    () => dense(any({})),
    ArgumentError,
    /dense: the option "units" is missing; call dense\(\{ units, activation, … \}\)/,
  ],
  ['half a unit', () => dense({ units: 1.5 }), ArgumentError, /units must be a whole number .* not 1\.5/],
  [
    'no kernel size',
    () => conv2d(any({ filters: 1 })),
    ArgumentError,
    /conv2d: the option "kernelSize" is missing; call conv2d\(\{ filters, kernelSize, … \}\)/,
  ],
  ['no pool', () => maxPool2d({ poolSize: 0 }), ArgumentError, /maxPool2d: poolSize must be .* not 0/],
  ['dropping all', () => dropout(1), ArgumentError, /dropout: rate is 1; it must be at least 0 and below 1/],
  [
    'an unknown activation',
    () => activation(any('rleu')),
    ArgumentError,
    /no activation "rleu"; did you mean "relu"\? Choose one of linear, relu.* or pass a function/,
  ],
  ['an inherited name', () => activation(any('toString')), ArgumentError, /no activation "toString"/],
  [
    'an unknown initializer',
    () => tinyOf(dense({ units: 1, kernelInitializer: any('xavier') })),
    ArgumentError,
    /no initializer "xavier"; choose one of zeros, ones, glorotUniform/,
  ],
  [
    'two layers of one name',
    () => tinyOf(dense({ units: 1, name: 'a' }), dense({ units: 1, name: 'a' })),
    ArgumentError,
    /Two layers are named "a"; give each a name of its own/,
  ],
  [
    'a learning rate of NaN',
    () => adam({ learningRate: NaN }),
    ArgumentError,
    /learningRate is NaN; .* finite/,
  ],
];

const tinyOf = (...layers: ReturnType<typeof dense>[]) => sequential(layers, { inputShape: [2] });

const compiling: Case[] = [
  [
    'an unknown optimizer',
    () => compiledTiny({ optimizer: any('sdg') }),
    ArgumentError,
    /no optimizer "sdg"; choose one of sgd, rmsprop, /,
  ],
  [
    'an unknown loss',
    () => compiledTiny({ loss: any('hindge') }),
    ArgumentError,
    /no loss "hindge"; choose one of softmaxCrossEntropy, /,
  ],
  [
    'an unknown metric',
    () => compiledTiny({ metrics: [any('f2')] }),
    ArgumentError,
    /no metric "f2"; choose one of accuracy, /,
  ],
  [
    'a metric twice',
    () => compiledTiny({ metrics: ['accuracy', 'accuracy'] }),
    ArgumentError,
    /the name of metric "accuracy" is taken/,
  ],
  [
    'a metric called loss',
    () =>
      compiledTiny({
        metrics: [
          function loss(prediction) {
            return prediction;
          },
        ],
      }),
    ArgumentError,
    /metric "loss" is taken, .* a function with a name of its own/,
  ],
  [
    'nothing to train',
    async () => {
      const options = { gpu: await testGpu(), optimizer: 'sgd', loss: 'meanSquaredError' } as const;
      const model = await sequential([flatten()], { inputShape: [2] }).compile(options);
      return model.fit(data);
    },
    ArgumentError,
    /no layer has trainable weights/,
  ],
  ['fit before compile', () => tinyModel().fit(data), ArgumentError, /tiny: call compile\(.*\) first/],
  ['evaluate before compile', () => tinyModel().evaluate(data), ArgumentError, /call compile/],
  ['predict before compile', () => tinyModel().predict(data), ArgumentError, /call compile/],
  ['save before compile', () => tinyModel().save(), ArgumentError, /call compile/],
];

const images = dataset({
  name: 'images',
  x: new Uint8Array(32),
  y: new Uint8Array(2),
  inputShape: [4, 4, 1],
});
const pairs = dataset({ x: new Float32Array(4), y: new Float32Array(4), inputShape: [2], targetShape: [2] });
const labelled = (y: Uint8Array | Int32Array) =>
  dataset({ name: 'labelled', x: new Float32Array(2 * y.length), y, inputShape: [2] });
const fit =
  (options: object, own = data) =>
  async () =>
    (await compiledTiny()).fit(own, options);

const training: Case[] = [
  [
    'samples of another shape',
    fit({}, images),
    ShapeError,
    /tiny: takes samples of shape \[2\], but those of data set 'images' have \[4, 4, 1\]; change inputShape or the data/,
  ],
  [
    'samples of another shape to predict',
    async () => (await compiledTiny()).predict(images),
    ShapeError,
    /takes samples of shape \[2\], but those of data set 'images' have \[4, 4, 1\]/,
  ],
  [
    'half a sample to predict',
    async () => (await compiledTiny()).predict(new Float32Array(3)),
    ShapeError,
    /data set 'samples to predict': x has 3 values, not a multiple of the 2/,
  ],
  ['a batch of none', fit({ batchSize: 0 }), ArgumentError, /batchSize is 0; .* whole number of at least 1/],
  ['a batch of one and a half', fit({ batchSize: 1.5 }), ArgumentError, /batchSize is 1\.5; .* whole number/],
  ['NaN epochs', fit({ epochs: NaN }), ArgumentError, /epochs is NaN; .* finite number of at least 0/],
  ['half a step', fit({ steps: 0.5 }), ArgumentError, /steps is 0\.5; .* whole number/],
  [
    'an evaluation in batches of none',
    async () => (await compiledTiny()).evaluate(data, { batchSize: 0 }),
    ArgumentError,
    /batchSize is 0; .* at least 1/,
  ],
  [
    'a label of no class',
    fit({}, labelled(Uint8Array.of(0, 2, 3, 1))),
    ArgumentError,
    /tiny: label 3 of sample 2 of data set 'labelled' is none of the 3 classes .* from 0 to 2: give the last layer more units, or number/,
  ],
  [
    'a negative label, to evaluate',
    async () => (await compiledTiny()).evaluate(labelled(Int32Array.of(0, -1))),
    ArgumentError,
    /label -1 of sample 1/,
  ],
  [
    'a label of no class, through a loss of one’s own',
    async () =>
      (
        await compiledTiny({
          loss: (p, t) => sparseSoftmaxCrossEntropy(p, t, { labelSmoothing: 0.1 }),
          metrics: [],
        })
      ).fit(labelled(Int32Array.of(0, 7))),
    ArgumentError,
    /label 7 of sample 1/,
  ],
  [
    'targets that do not fit the loss',
    fit({}, pairs),
    ShapeError,
    /softmaxCrossEntropy: predictions \[2, 3\] need distributions of shape \[2, 3\], got \[2, 2\]/,
  ],
  [
    'labels for a loss that compares numbers',
    async () => (await compiledTiny({ loss: 'meanSquaredError', metrics: [] })).fit(data),
    ShapeError,
    /meanSquaredError: predictions \[50, 3\] and targets \[50\] must have the same shape; reshape the targets, or/,
  ],
  [
    'a learning rate of NaN',
    async () => ((await compiledTiny()).learningRate = NaN),
    ArgumentError,
    /tiny: the learning rate must be a finite number of at least 0, not NaN/,
  ],
  [
    'a learning rate beyond f32',
    async () => ((await compiledTiny()).learningRate = 1e39),
    ArgumentError,
    /not 1e\+39/,
  ],
  [
    'NaN in the data',
    () => dataset({ name: 'holes', x: Float32Array.of(1, NaN), y: Uint8Array.of(0), inputShape: [2] }),
    NumericError,
    /'holes': x\[1\] \(sample 0, value 1\) is NaN. Remove such samples/,
  ],
  [
    'no data',
    () => dataset({ x: new Float32Array(0), y: new Uint8Array(0), inputShape: [2] }),
    ArgumentError,
    /x is empty/,
  ],
  [
    'a second fit meanwhile',
    async () => {
      const model = await compiledTiny();
      const first = model.fit(data, { steps: 1, batchSize });
      try {
        await model.fit(data);
      } finally {
        await first;
      }
    },
    ArgumentError,
    /tiny: fit was called while the model is being trained; await the fit under way, or abort it, first/,
  ],
];

describe.each([
  ['building', building],
  ['compiling', compiling],
  ['training', training],
])('%s', (_, cases) => {
  it.each(cases)('%s', async (__, action, type, text) => {
    const { device } = await testGpu();
    const [found, message] = await failure(action);
    expect(message).toMatch(text);
    expect(found).toBe(type);
    await device.gpu.queue.onSubmittedWorkDone();
    device.check();
  });
});

describe('a loss that becomes NaN', () => {
  it('is named within one check, and a saved state brings the model back', async () => {
    const model = await compiledTiny({
      optimizer: sgd({ learningRate: 1e6 }),
      loss: 'meanSquaredError',
      metrics: [],
    });
    const targets = dataset({ x: data.x.data, y: data.x.data, inputShape: [2], targetShape: [2] });
    const three = { ...targets, y: { data: new Float32Array(150).fill(1), shape: [3] } };
    const saved = await model.save();
    const seen: number[] = [];
    let begun = 0;
    const run = model.fit(three, { steps: 5000, batchSize, beforeStep: (step) => void (begun = step) });
    const loop = async () => {
      for await (const { loss } of run) seen.push(loss);
    };
    await expect(loop()).rejects.toThrow(NumericError);
    await expect(run).rejects.toThrow(
      /tiny: loss became NaN or infinite at step \d+\. The step was not made: the weights are those from before it\. Lower the learning rate \(now 1000000\)/,
    );
    const step = seen.findIndex((loss) => !Number.isFinite(loss));
    expect(step).toBeLessThan(20);
    await expect(run).rejects.toThrow(`at step ${step}.`);
    expect(model.step, 'the steps that were made').toBe(step);
    expect(begun - step, 'steps until it was noticed').toBeLessThanOrEqual(RING_SLOTS / 2 + 16);

    model.load(saved);
    model.learningRate = 0.01;
    const { steps } = await model.fit(three, { steps: 50, batchSize });
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0].loss);
    expect((await weightsOf(model)).every(Number.isFinite)).toBe(true);
    model.destroy();
  });
});

describe('what fails in mid-training', () => {
  const lost = async () => {
    const { gpu, real } = await ownGpu();
    const model = await compiledTiny({ gpu });
    const run = model.fit(data, {
      steps: 1e6,
      batchSize,
      beforeStep: (step) => void (step === 5 && real.destroy()),
    });
    return { gpu, model, run };
  };

  it('the device: whoever awaits hears of its loss', async () => {
    const { gpu, model, run } = await lost();
    await expect(run).rejects.toThrow(DeviceLostError);
    await expect(run).rejects.toThrow(/device was lost \(destroyed\).*Call init\(\) again and load/);
    await expect(model.evaluate(data)).rejects.toThrow(DeviceLostError);
    await expect(model.save()).rejects.toThrow(DeviceLostError);
    model.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
  });

  it('the device: whoever iterates hears of its loss', async () => {
    const { model, run } = await lost();
    const loop = async () => {
      for await (const { step } of run) expect(step).toBeLessThan(5);
    };
    await expect(loop()).rejects.toThrow(DeviceLostError);
    model.destroy();
  });

  it.each(['onReady', 'beforeStep', 'onSteps', 'onEpoch'] as const)(
    '%s: its error ends the run',
    async (name) => {
      const model = await compiledTiny();
      const { device } = model.compiled.gpu;
      const alive = device.liveBuffers;
      const broken = () => {
        throw new RangeError(`in ${name}`);
      };
      const run = model.fit(data, { epochs: 2, batchSize, [name]: broken });
      await expect(run).rejects.toThrow(new RangeError(`in ${name}`));
      expect(device.liveBuffers).toBe(alive);
      await model.fit(data, { steps: 1, batchSize });
      model.destroy();
    },
  );

  it('while nobody awaits a read: the run ends, the process does not', async () => {
    const model = await compiledTiny();
    const unhandled: unknown[] = [];
    const hear = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', hear);
    const run = model.fit(clusters(6000), {
      steps: 300, // within an epoch, so that the values of the first 128 come by the way
      batchSize,
      onSteps: () => {
        throw new RangeError('too many values');
      },
    });
    await expect(run).rejects.toThrow('too many values');
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', hear);
    expect(unhandled).toEqual([]);
    expect(model.step).toBeLessThan(200);
    model.destroy();
  });
});

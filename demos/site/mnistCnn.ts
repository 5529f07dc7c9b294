import { adam, cosineDecay, ops } from '../../src/index.ts';
import type { Gpu, Model, Tensor } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import { percent } from '../shared/dom.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import { CLASSIFIER_CHARTS } from './training.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const EPOCHS = 24;
const { learningRate, batchSize, parameters } = MNIST_CNN_PRESETS.quick;
const STEPS = EPOCHS * Math.ceil(60_000 / batchSize);
/** Test images whose way through the network is shown: a 7 and a 2. */
const SHOWN = [0, 1];
const GAP = 2;
/** The maps of the two convolutions, eight in a line: those of the second one are small, and magnified. */
const LAYERS = [
  { side: 24, count: 8, magnify: 1 },
  { side: 8, count: 16, magnify: 2 },
] as const;
const COLUMNS = 8;

/**
 * The quick network, trained for longer than on the page, with a rate that falls to 0, on images that are moved, turned
 * and scaled a little by chance: drawings on the page are not centred as well as MNIST's images.
 */
export const mnistCnnTraining: SiteTraining = {
  name: 'quick',
  model: `the small convolutional network, ${parameters.toLocaleString('en')} weights`,
  steps: STEPS,
  batchSize,
  charts: CLASSIFIER_CHARTS,
  pictures: { label: 'Two test digits, each with the feature maps that both convolutions make of it' },

  async start(gpu: Gpu, { train, test }: MnistSet): Promise<StartedTraining> {
    const model = mnistCnn('quick');
    const schedule = cosineDecay({ decaySteps: STEPS });
    await model.compile({
      gpu,
      optimizer: adam({ learningRate, schedule }),
      loss: 'softmaxCrossEntropy',
      metrics: ['accuracy'],
    });
    const pixels = 28 * 28;
    const shown = SHOWN.map((image) =>
      Float32Array.from(test.x.data.subarray(image * pixels, (image + 1) * pixels), (byte) => byte / 255),
    );
    const look = await lookAt(gpu, model, shown);
    const record = async (recorder: Recorder, step: number) => {
      const { loss, accuracy } = await model.evaluate(test);
      recorder.add(step, { testLoss: loss, testAccuracy: accuracy });
      const text = `${percent(accuracy)} of the test images are read correctly`;
      recorder.take(step, text, await look());
    };
    return {
      async run(recorder) {
        await model.fit(train, {
          steps: STEPS,
          batchSize,
          augment: { shift: 0.08, rotate: 10, scale: 0.1 },
          beforeStep: async (step) => {
            if (recorder.isMoment(step)) await record(recorder, step);
          },
          onSteps: (values) => {
            for (const { step, loss, accuracy } of values) recorder.add(step + 1, { loss, accuracy });
          },
        });
        await record(recorder, STEPS);
      },
      save: () => model.save(),
      async score(weights) {
        model.load(weights);
        const { loss, accuracy } = await model.evaluate(test);
        return { 'test accuracy': accuracy, 'test loss': loss };
      },
      destroy: () => model.destroy(),
    };
  },
};

/** For each image a row: itself, the maps of the first convolution, then those of the second one. */
async function lookAt(gpu: Gpu, model: Model, images: readonly Float32Array[]) {
  const input = ops.input('images', [images.length, 28, 28, 1]);
  const program = await gpu.compile(
    () => {
      const outputs: Record<string, Tensor> = {};
      let x: Tensor = input;
      for (const layer of model.layers) {
        x = layer.call(x, { training: false });
        if (layer.type === 'conv2d') outputs[`maps${Object.keys(outputs).length}`] = x;
      }
      return outputs;
    },
    { label: `${model.name}/record` },
  );
  program.write(input, Float32Array.from(images.flatMap((image) => [...image])));
  const pitch = LAYERS[0].side + GAP;
  const heights = LAYERS.map(({ side, count, magnify }) => (count / COLUMNS) * (side * magnify + GAP));
  const height = heights[0] + heights[1] + 2 * GAP;
  return async () => {
    await program.step();
    const collage = new Collage(28 + GAP + COLUMNS * pitch, images.length * height - 3 * GAP);
    const maps = [await program.read('maps0'), await program.read('maps1')] as Float32Array[];
    images.forEach((image, row) => {
      const top = row * height;
      collage.lay(0, top, 28, image);
      LAYERS.forEach(({ side, count, magnify }, layer) => {
        const size = side * side * count;
        const own = maps[layer].subarray(row * size, (row + 1) * size);
        const largest = Math.max(...own) || 1;
        for (let map = 0; map < count; map++) {
          const values = Array.from({ length: side * side }, (_, i) => own[i * count + map] / largest);
          const [column, line] = [map % COLUMNS, Math.floor(map / COLUMNS)];
          const y = top + layer * heights[0] + line * (side * magnify + GAP);
          collage.lay(28 + GAP + column * pitch, y, side, values, magnify);
        }
      });
    });
    return collage;
  };
}

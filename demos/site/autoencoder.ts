import { adadelta, cosineDecay, dataset } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { AUTOENCODER_PRESETS } from '../../src/models/autoencoder.ts';
import { autoencoderVersions, VERSION_NAMES, versionsData } from '../../src/models/autoencoderVersions.ts';
import { Collage } from './collage.ts';
import type { ChartPlan, Recorder } from './recorder.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const EPOCHS = 20;
const { batchSize, bottleneck } = AUTOENCODER_PRESETS.classroom;
const STEPS = EPOCHS * Math.ceil(60_000 / batchSize);
/** The page's own, at the start: it falls to a tenth, for at the full rate the errors jump up and down. */
const LEARNING_RATE = 4;
const schedule = cosineDecay({ decaySteps: STEPS, alpha: 0.1 });
const PIXELS = 28 * 28;

const NAMES = {
  linearMse: 'linear + MSE',
  sigmoidMse: 'sigmoid + MSE',
  sigmoidBce: 'sigmoid + BCE',
} as const;
const COLOURS = {
  linearMse: '--linear-mse',
  sigmoidMse: '--sigmoid-mse',
  sigmoidBce: '--sigmoid-bce',
} as const;
/** The name under which a step and an evaluation tell the squared error of a version. */
const errorOf = (version: (typeof VERSION_NAMES)[number]) => `${version}MeanSquaredError`;

/** A chart with a line for each version. */
const chart = (title: string, keyOf: typeof errorOf): ChartPlan => ({
  title,
  scale: 'log',
  series: Object.fromEntries(
    VERSION_NAMES.map((version) => [keyOf(version), { name: NAMES[version], colour: COLOURS[version] }]),
  ),
});

/** The three versions side by side, with a code of the page's default size. */
export const autoencoderTraining: SiteTraining = {
  name: `bottleneck-${bottleneck}`,
  model: `three autoencoders with a code of ${bottleneck} numbers`,
  steps: STEPS,
  batchSize,
  charts: [chart('Squared error', errorOf), chart('Loss', (version) => `${version}Loss`)],
  pictures: { label: 'Ten test digits, and below them what each of the three autoencoders gives back' },

  async start(gpu: Gpu, { train, test }: MnistSet): Promise<StartedTraining> {
    const { model, objective } = autoencoderVersions({ bottleneck });
    await model.compile({
      gpu,
      optimizer: adadelta({ learningRate: LEARNING_RATE, schedule }),
      ...objective,
    });
    const [images, tests] = [versionsData(train), versionsData(test)];
    const labels = [...test.y.data];
    const shown = Array.from({ length: 10 }, (_, digit) => labels.indexOf(digit));
    const originals = shown.map((image) => test.x.data.slice(image * PIXELS, (image + 1) * PIXELS));
    const few = versionsData(
      dataset({
        name: 'ten digits',
        x: Uint8Array.from(originals.flatMap((image) => [...image])),
        y: new Uint8Array(10),
        inputShape: [28, 28, 1],
      }),
    );
    const evaluate = async () => {
      const values = await model.evaluate(tests);
      return VERSION_NAMES.map((version) => values[errorOf(version)]);
    };
    const record = async (recorder: Recorder, step: number) => {
      const errors = await evaluate();
      const outputs = await model.predictAll(few);
      const gap = 2;
      const collage = new Collage(10 * (28 + gap) - gap, 4 * (28 + gap) - gap);
      const ink = Array.from(few.x.data, (byte) => byte / 255);
      [ink, ...outputs].forEach((row, line) => {
        for (let digit = 0; digit < 10; digit++) {
          const image = row.slice(digit * PIXELS, (digit + 1) * PIXELS);
          collage.lay(digit * (28 + gap), line * (28 + gap), 28, image);
        }
      });
      const said = VERSION_NAMES.map((version, i) => `${NAMES[version]} ${errors[i].toFixed(4)}`);
      recorder.take(step, `squared error on the test images: ${said.join(', ')}`, collage);
    };
    return {
      async run(recorder) {
        await model.fit(images, {
          steps: STEPS,
          batchSize,
          beforeStep: async (step) => {
            if (recorder.isMoment(step)) await record(recorder, step);
          },
          onSteps: (values) => {
            for (const { step, ...rest } of values) recorder.add(step + 1, rest);
          },
        });
        await record(recorder, STEPS);
      },
      save: () => model.save(),
      async score(weights) {
        model.load(weights);
        const errors = await evaluate();
        return Object.fromEntries(VERSION_NAMES.map((version, i) => [NAMES[version], errors[i]]));
      },
      destroy: () => model.destroy(),
    };
  },
};

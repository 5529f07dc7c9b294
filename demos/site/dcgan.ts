import { adam, cosineDecay } from '../../src/index.ts';
import type { Gan, Gpu } from '../../src/index.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { DCGAN_PRESETS, dcgan, dcganTraining } from '../../src/models/dcgan.ts';
import { DigitClassifier } from '../../src/models/digitClassifier.ts';
import { scoreDigits, statisticsOf } from '../../src/models/digitScore.ts';
import type { DigitScore } from '../../src/models/digitScore.ts';
import type { FeatureStatistics } from '../../src/models/frechetDistance.ts';
import { readGenerated } from '../../src/node/cli/dcganScore.ts';
import { percent } from '../shared/dom.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const EPOCHS = 16;
const { batchSize, parameters, learningRate, beta1 } = DCGAN_PRESETS.small;
const STEPS = EPOCHS * Math.ceil(60_000 / batchSize);
/** The first samples that the page shows, in as many columns as there. */
const SAMPLES = { columns: 8, rows: 5 };
/** Images that are scored: as the recording goes, and at its end. */
const SCORED = { moment: 1000, end: 5000 };
/** Steps between two scores of the recording. */
const EVERY = 1000;
const PIXELS = 28 * 28;

/** The small networks, trained for longer than in the terminal, with a rate that falls: samples lose their noise. */
export const dcganOfSite: SiteTraining = {
  name: 'small',
  model: `the small generator and discriminator, ${(parameters[0] + parameters[1]).toLocaleString('en')} weights`,
  steps: STEPS,
  batchSize,
  charts: [
    {
      title: 'Loss',
      scale: 'linear',
      series: {
        generatorLoss: { name: 'generator', colour: '--generator' },
        discriminatorLoss: { name: 'discriminator', colour: '--discriminator' },
      },
    },
    {
      title: 'Discriminator’s accuracy',
      scale: 'linear',
      percent: true,
      series: {
        realAccuracy: { name: 'real', colour: '--training' },
        fakeAccuracy: { name: 'generated', colour: '--generator' },
      },
    },
    {
      title: 'Diversity and confidence',
      scale: 'linear',
      percent: true,
      series: {
        diversity: { name: 'diversity', colour: '--generator' },
        confidence: { name: 'confidence', colour: '--ink' },
      },
    },
  ],
  pictures: { label: 'Forty samples of the generator, each always from the same noise' },

  async start(gpu: Gpu, { train, test }: MnistSet): Promise<StartedTraining> {
    const optimizer = () =>
      adam({ learningRate, beta1, schedule: cosineDecay({ decaySteps: STEPS, alpha: 0.05 }) });
    const gan = await dcgan('small').compile({
      gpu,
      ...dcganTraining('small'),
      generatorOptimizer: optimizer(),
      discriminatorOptimizer: optimizer(),
    });
    const sampler = await gan.sampler({ count: 64 });
    const judge = await Judge.create(gpu, train, test);
    const judged = async (recorder: Recorder, step: number) => {
      const { classEntropy, classifierConfidence: confidence } = await judge.score(gan, SCORED.moment);
      recorder.add(step, { diversity: classEntropy / Math.log(10), confidence });
      return confidence;
    };
    const record = async (recorder: Recorder, step: number) => {
      await sampler.draw();
      const images = await sampler.readImages();
      const { columns, rows } = SAMPLES;
      const gap = 2;
      const collage = new Collage(columns * (28 + gap) - gap, rows * (28 + gap) - gap);
      for (let i = 0; i < columns * rows; i++) {
        const [column, row] = [i % columns, Math.floor(i / columns)];
        const image = images.subarray(i * PIXELS, (i + 1) * PIXELS);
        collage.lay(column * (28 + gap), row * (28 + gap), 28, image);
      }
      const sure = percent(await judged(recorder, step), 0);
      recorder.take(step, `a classifier reads them with a mean confidence of ${sure}`, collage);
    };
    return {
      async run(recorder) {
        await gan.fit(train, {
          steps: STEPS,
          batchSize,
          keepSteps: false,
          beforeStep: async (step) => {
            if (recorder.isMoment(step)) await record(recorder, step);
            else if (step % EVERY === 0) await judged(recorder, step);
          },
          onSteps: (values) => {
            for (const { step, ...rest } of values) recorder.add(step + 1, rest);
          },
        });
        await record(recorder, STEPS);
      },
      save: () => gan.save(),
      async score(weights) {
        gan.load(weights);
        const { classifierConfidence, classEntropy, frechetDistance } = await judge.score(gan, SCORED.end);
        return {
          'classifier confidence': classifierConfidence,
          'class entropy': classEntropy,
          'Fréchet distance': frechetDistance,
        };
      },
      destroy() {
        judge.destroy();
        gan.destroy();
      },
    };
  },
};

/** The fixed classifier of digits, with what it makes of the test images. */
class Judge {
  readonly #classifier: DigitClassifier;
  readonly #real: FeatureStatistics;

  private constructor(classifier: DigitClassifier, real: FeatureStatistics) {
    this.#classifier = classifier;
    this.#real = real;
  }

  static async create(gpu: Gpu, train: Dataset, test: Dataset): Promise<Judge> {
    const classifier = await DigitClassifier.create(gpu);
    await classifier.train(train);
    return new Judge(classifier, statisticsOf(await classifier.readAll(test)));
  }

  async score(gan: Gan, images: number): Promise<DigitScore> {
    return scoreDigits(await readGenerated(gan, this.#classifier, images), this.#real);
  }

  destroy(): void {
    this.#classifier.destroy();
  }
}

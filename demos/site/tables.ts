import { adam, cosineDecay, model as modelOf } from '../../src/index.ts';
import type { Gpu, Model } from '../../src/index.ts';
import { BREAST_CANCER_FILE, parseBreastCancer } from '../../src/data/breastCancer.ts';
import { EnvironmentError } from '../../src/errors.ts';
import { rocCurve } from '../../src/models/rocCurve.ts';
import { findPublishedFile } from '../../src/node/publishedFile.ts';
import { initialValues } from '../frame/settings.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { percent } from '../shared/dom.ts';
import { featuresOf } from '../tables/features.ts';
import { BATCH, EPOCHS, hiddenUnits, network } from '../tables/network.ts';
import { NEURON_TEXELS, TEST_ROWS } from '../tables/protocol.ts';
import { settings } from '../tables/settings.ts';
import { tableOf } from '../tables/table.ts';
import { compileTableView } from '../tables/tableView.ts';
import type { TableView } from '../tables/tableView.ts';
import { OBJECTIVE } from '../tables/training.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import { CLASSIFIER_CHARTS } from './training.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const values = initialValues(settings) as ValuesOf<typeof settings>;
const TRAIN_ROWS = 455;
const STEPS = EPOCHS * Math.ceil(TRAIN_ROWS / BATCH);
const LAYERS = hiddenUnits(values.hidden);
/** Pixels of a row of the table, and of a neuron. */
const MAGNIFY = 4;
const GAP = 8;

/** The network that the page has with its first settings, with a rate that falls to 0. */
export const tablesTraining: SiteTraining = {
  name: 'mlp',
  model: `a network with hidden layers of ${LAYERS.join(' and ')} neurons`,
  samples: 'rows',
  data: `Breast Cancer Wisconsin (Diagnostic), ${TRAIN_ROWS} training rows`,
  steps: STEPS,
  batchSize: BATCH,
  charts: CLASSIFIER_CHARTS,
  pictures: {
    label:
      'What each neuron says of each test row, the first layer above the second; below both the score, benign rows on the left, malignant ones on the right',
    signed: true,
  },

  async start(gpu: Gpu): Promise<StartedTraining> {
    const found = await findPublishedFile(BREAST_CANCER_FILE);
    if (!found.bytes) throw new EnvironmentError(found.reason);
    const table = tableOf(parseBreastCancer(found.bytes, found.source), values.split);
    const options = network(values);
    const model = modelOf(options);
    const schedule = cosineDecay({ decaySteps: STEPS });
    await model.compile({ gpu, optimizer: adam({ learningRate: values.rate, schedule }), ...OBJECTIVE });
    const view = await compileTableView(gpu, model, featuresOf(values.features));
    view.program.write(view.rows, table.test.x.data as Float32Array);
    const measure = async () => {
      await view.program.step();
      const logits = (await view.program.read('logits')) as Float32Array;
      const { loss, accuracy } = await model.evaluate(table.test);
      return { loss, accuracy: accuracy as number, area: rocCurve(table.test.y.data, logits).area };
    };
    const record = async (recorder: Recorder, step: number) => {
      const { loss, accuracy, area } = await measure();
      recorder.add(step, { testLoss: loss, testAccuracy: accuracy });
      const text = `${percent(accuracy)} of the test rows are called what they are, area under the ROC curve ${area.toFixed(3)}`;
      recorder.take(step, text, await look(view));
    };
    return {
      run: (recorder) => run(model, table, recorder, record),
      save: () => model.save(),
      async score(weights) {
        model.load(weights);
        const { loss, accuracy, area } = await measure();
        return { 'test accuracy': accuracy, 'test loss': loss, 'area under the ROC curve': area };
      },
      destroy() {
        view.program.destroy();
        model.destroy();
      },
    };
  },
};

async function run(
  model: Model,
  { train }: ReturnType<typeof tableOf>,
  recorder: Recorder,
  record: (recorder: Recorder, step: number) => Promise<void>,
): Promise<void> {
  await model.fit(train, {
    epochs: EPOCHS,
    batchSize: BATCH,
    beforeStep: async (step) => {
      if (recorder.isMoment(step)) await record(recorder, step);
    },
    onSteps: (steps) => {
      for (const { step, loss, accuracy } of steps) recorder.add(step + 1, { loss, accuracy });
    },
  });
  await record(recorder, STEPS);
}

/** The neurons of both layers, and the scores. */
async function look({ program }: TableView): Promise<Collage> {
  const heights = [...LAYERS, 4];
  const height = heights.reduce((sum, own) => sum + own * MAGNIFY + GAP, -GAP);
  const picture = new Collage(TEST_ROWS * MAGNIFY, height, 0.5);
  let top = 0;
  for (const [layer, units] of LAYERS.entries()) {
    const outputs = (await program.read(`layer:${layer}`)) as Float32Array;
    const largest = Math.max(...outputs) || 1;
    const shades = Array.from({ length: units * TEST_ROWS }, (_, i) => {
      const [unit, row] = [Math.floor(i / TEST_ROWS), i % TEST_ROWS];
      return (1 + outputs[(row * units + unit) * NEURON_TEXELS] / largest) / 2;
    });
    picture.lay(0, top, TEST_ROWS, shades, MAGNIFY);
    top += units * MAGNIFY + GAP;
  }
  const logits = (await program.read('logits')) as Float32Array;
  const scores = Array.from({ length: 4 * TEST_ROWS }, (_, i) => 1 / (1 + Math.exp(-logits[i % TEST_ROWS])));
  picture.lay(0, top, TEST_ROWS, scores, MAGNIFY);
  return picture;
}

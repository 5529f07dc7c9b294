import { adam, cosineDecay, model as modelOf } from '../../src/index.ts';
import type { Gpu, Program } from '../../src/index.ts';
import { compilePlaneView } from '../drawing/planeView.ts';
import { initialValues } from '../frame/settings.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { BATCH, network } from '../points/network.ts';
import { pointsOf } from '../points/points.ts';
import { GRID } from '../points/protocol.ts';
import { settings } from '../points/settings.ts';
import { asDataset, batchesOf, OBJECTIVE } from '../points/training.ts';
import { percent } from '../shared/dom.ts';
import type { PlanePoint } from '../shared/planePoints.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import { CLASSIFIER_CHARTS } from './training.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const STEPS = 1500;
const values = initialValues(settings) as ValuesOf<typeof settings>;
const { layers, units, shape, noise, seed } = values;
/** The pictures of a layer's neurons are in rows of four, at half the resolution. */
const COLUMNS = 4;
const GAP = 4;
const SIDE = GRID / 2;
const FIELD = 2 * GRID + GAP;

/** The network that the page has with its first settings, with a rate that falls to 0. */
export const pointsTraining: SiteTraining = {
  name: 'moons',
  model: `a network with ${layers} hidden layers of ${units} neurons`,
  samples: 'points',
  data: '200 points of two moons',
  steps: STEPS,
  batchSize: BATCH,
  charts: CLASSIFIER_CHARTS,
  pictures: {
    label:
      'What the network predicts at each place, blue or orange; beside it the value of each neuron, those of the first layer above those of the second',
    signed: true,
  },

  async start(gpu: Gpu): Promise<StartedTraining> {
    const points = pointsOf(shape, noise, seed);
    const test = asDataset(points.test);
    const model = modelOf(network(values));
    const schedule = cosineDecay({ decaySteps: STEPS });
    await model.compile({ gpu, optimizer: adam({ learningRate: values.rate, schedule }), ...OBJECTIVE });
    const view = await compilePlaneView(gpu, model, GRID);
    const record = async (recorder: Recorder, step: number) => {
      const { loss, accuracy } = await model.evaluate(test);
      recorder.add(step, { testLoss: loss, testAccuracy: accuracy });
      const text = `${percent(accuracy)} of the test points are classified correctly`;
      recorder.take(step, text, await look(view, points.train));
    };
    return {
      async run(recorder) {
        await model.fit(batchesOf(points, seed), {
          steps: STEPS,
          beforeStep: async (step) => {
            if (recorder.isMoment(step)) await record(recorder, step);
          },
          onSteps: (steps) => {
            for (const { step, loss, accuracy } of steps) recorder.add(step + 1, { loss, accuracy });
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
      destroy() {
        view.destroy();
        model.destroy();
      },
    };
  },
};

/** The prediction with the training points, and to the right of it the neurons. */
async function look(view: Program, points: readonly PlanePoint[]): Promise<Collage> {
  await view.step();
  const picture = new Collage(FIELD + COLUMNS * (SIDE + GAP) - GAP, 4 * (SIDE + GAP) - GAP, 0.5);
  const field = (await view.read('field')) as Float32Array;
  // From a quarter to three quarters, so that the points stand out.
  const shades = Array.from(field, (value) => (2 + value) / 4);
  picture.lay(0, 0, GRID, shades, 2);
  for (const { x, y, blue } of points) {
    const [left, top] = [(1 + x) * GRID, (1 - y) * GRID].map((place) =>
      Math.min(2 * GRID - 4, Math.max(1, Math.round(place) - 1)),
    );
    picture.lay(left, top, 3, new Array<number>(9).fill(Number(blue)));
  }
  for (let layer = 0; layer < layers; layer++) {
    const outputs = (await view.read(`layer:${layer}`)) as Float32Array;
    const largest = outputs.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    for (let unit = 0; unit < units; unit++) {
      const own = Array.from({ length: SIDE * SIDE }, (_, i) => {
        const place = 2 * (Math.floor(i / SIDE) * GRID + (i % SIDE));
        return (1 + outputs[place * units + unit] / largest) / 2;
      });
      const row = layer * Math.ceil(units / COLUMNS) + Math.floor(unit / COLUMNS);
      const [x, y] = [FIELD + (unit % COLUMNS) * (SIDE + GAP), row * (SIDE + GAP)];
      picture.lay(x, y, SIDE, own);
    }
  }
  return picture;
}

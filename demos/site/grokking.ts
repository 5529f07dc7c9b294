import type { Gpu, Model, Program } from '../../src/index.ts';
import { GROKKING_PRESETS } from '../../src/models/grokking.ts';
import { grokkingMlp } from '../../src/models/grokkingMlp.ts';
import { initialValues } from '../frame/settings.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { pairsOf } from '../grokking/pairs.ts';
import { frequenciesOf } from '../grokking/protocol.ts';
import { settings } from '../grokking/settings.ts';
import { batchesOf, compile } from '../grokking/training.ts';
import { compileView, orderOf, readingOf } from '../grokking/view.ts';
import { percent } from '../shared/dom.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import { CLASSIFIER_CHARTS } from './training.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const { parameters } = GROKKING_PRESETS.mlp;
const STEPS = 6000;
/** Steps between two tests. */
const EVERY = 10;
const values = initialValues(settings) as ValuesOf<typeof settings>;
const { prime } = values;
const pairs = pairsOf(values);
/** The table and the circle have this side, in pixels; a pair takes this many. */
const PIXELS = 5;
const SIDE = prime * PIXELS;
const GAP = 12;

/** The network that the page has with its first settings. */
export const grokkingTraining: SiteTraining = {
  name: 'mlp',
  model: `a network with ${parameters.toLocaleString('en')} weights`,
  samples: 'pairs',
  data: `${pairs.train.size.toLocaleString('en')} of the ${(prime * prime).toLocaleString('en')} sums a + b mod ${prime}`,
  steps: STEPS,
  batchSize: pairs.train.size,
  charts: [
    ...CLASSIFIER_CHARTS,
    {
      title: 'Three strongest circles',
      scale: 'linear',
      percent: true,
      series: { order: { name: 'of the embedding', colour: '--first' } },
    },
  ],
  pictures: {
    label:
      'For each pair, row a and column b, how sure the network is of the right sum; beside it the numbers on the strongest circle of the embedding',
  },

  async start(gpu: Gpu): Promise<StartedTraining> {
    const model = await compile(gpu, grokkingMlp(values), values);
    const view = await compileView(gpu, model, prime);
    view.write('wanted', new Float32Array(frequenciesOf(prime)));
    view.write('pair', Int32Array.of(0));
    const record = (recorder: Recorder, step: number) => recordStep(recorder, step, model, view);
    return {
      async run(recorder) {
        await model.fit(batchesOf(pairs.train), {
          steps: STEPS,
          beforeStep: async (step) => {
            if (recorder.isMoment(step) || step % EVERY === 0) await record(recorder, step);
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
        const { loss, accuracy } = await model.evaluate(pairs.test);
        return { 'test accuracy': accuracy, 'test loss': loss };
      },
      destroy() {
        view.destroy();
        model.destroy();
      },
    };
  },
};

async function recordStep(recorder: Recorder, step: number, model: Model, view: Program): Promise<void> {
  const { loss, accuracy } = await model.evaluate(pairs.test);
  await view.step();
  const reading = readingOf((await view.read('reading')) as Float32Array, prime, { a: 0, b: 0, wanted: 0 });
  recorder.add(step, { testLoss: loss, testAccuracy: accuracy, order: orderOf(reading.shares) });
  if (!recorder.isMoment(step)) return;
  const text = `${percent(accuracy)} of the new pairs are right`;
  recorder.take(step, text, picture((await view.read('table')) as Float32Array, reading.places));
}

/** The table of all sums, and to the right of it the circle. */
function picture(table: Float32Array, places: Float32Array): Collage {
  const collage = new Collage(2 * SIDE + GAP, SIDE);
  // Below 0 another answer is likelier.
  const right = Array.from(table, (value) => (value < 0 ? value + 1 : value));
  collage.lay(0, 0, prime, right, PIXELS);
  const largest = places.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-20);
  for (let a = 0; a < prime; a++) {
    const [x, y] = [places[2 * a], -places[2 * a + 1]].map((place) =>
      Math.round((SIDE - PIXELS) * (0.5 + (0.49 * place) / largest)),
    );
    collage.lay(SIDE + GAP + x, y, PIXELS, new Array<number>(PIXELS * PIXELS).fill(1));
  }
  return collage;
}

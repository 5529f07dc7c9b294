import { adam, cosineDecay, model as modelOf, ops } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { flowObjective, logDensity } from '../../src/models/flow.ts';
import { planeSets, referencesOf } from '../flow/data.ts';
import { flowOf } from '../flow/network.ts';
import { REACH } from '../flow/protocol.ts';
import { settings } from '../flow/settings.ts';
import { initialValues } from '../frame/settings.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const STEPS = 3000;
const values = initialValues(settings) as ValuesOf<typeof settings>;
/** Pixels of a side of the picture of the density. */
const SIDE = 120;
/** Steps between two tests. */
const EVERY = 100;

/** The flow that the page has with its first settings, with a rate that falls to 0. */
export const flowTraining: SiteTraining = {
  name: 'moons',
  model: `a flow of ${values.couplings} couplings`,
  samples: 'points',
  data: '65,536 places of two moons, with other noise in each step',
  steps: STEPS,
  batchSize: values.batch,
  charts: [
    {
      title: '−log p, nats',
      scale: 'log',
      series: {
        loss: { name: 'training', colour: '--training' },
        testLoss: { name: 'test', colour: '--test' },
        gaussian: { name: 'one normal distribution', colour: '--first' },
        kernel: { name: 'kernel estimate', colour: '--third' },
        entropy: { name: 'entropy', colour: '--fourth' },
      },
    },
  ],
  pictures: { label: 'The density that the flow gives each place of the plane' },

  async start(gpu: Gpu): Promise<StartedTraining> {
    const { train, test, toy } = planeSets(values);
    const flow = flowOf(values);
    const model = modelOf(flow.options);
    const schedule = cosineDecay({ decaySteps: STEPS });
    await model.compile({
      gpu,
      optimizer: adam({ learningRate: values.rate, schedule }),
      ...flowObjective(),
    });
    const references = referencesOf(toy);
    const at = (place: number) => ((place + 0.5) / SIDE) * 2 * REACH - REACH;
    const places = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) =>
      i % 2 === 0 ? at((i >> 1) % SIDE) : -at(Math.floor((i >> 1) / SIDE)),
    );
    const view = await gpu.compile(() => ({
      density: ops.exp(logDensity(flow, ops.constant(places, [SIDE * SIDE, 2]))),
    }));
    const evaluate = async () => (await model.evaluate(test)).loss;
    const record = async (recorder: Recorder, step: number) => {
      const testLoss = await evaluate();
      recorder.add(step, { testLoss, ...references });
      if (!recorder.isMoment(step)) return;
      await view.step();
      const density = (await view.read('density')) as Float32Array;
      const highest = density.reduce((a, b) => Math.max(a, b), 0);
      const picture = new Collage(2 * SIDE, 2 * SIDE);
      picture.lay(
        0,
        0,
        SIDE,
        Array.from(density, (value) => Math.sqrt(value / highest)),
        2,
      );
      const text = `−log p of the test points ${testLoss.toFixed(2)} nats, the entropy ${references.entropy.toFixed(2)}`;
      recorder.take(step, text, picture);
    };
    return {
      async run(recorder) {
        await model.fit(train, {
          steps: STEPS,
          batchSize: values.batch,
          beforeStep: async (step) => {
            if (recorder.isMoment(step) || step % EVERY === 0) await record(recorder, step);
          },
          onSteps: (steps) => {
            for (const { step, loss } of steps) recorder.add(step + 1, { loss });
          },
        });
        await record(recorder, STEPS);
      },
      save: () => model.save(),
      async score(weights) {
        model.load(weights);
        return { '−log p': await evaluate(), entropy: references.entropy };
      },
      destroy() {
        view.destroy();
        model.destroy();
      },
    };
  },
};

import { adam, cosineDecay, model as modelOf } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { AIRLINE_PASSENGERS, parseMonthlyPassengers } from '../../src/data/airlinePassengers.ts';
import { EnvironmentError } from '../../src/errors.ts';
import { rootMeanSquaredError } from '../../src/models/airline.ts';
import { findPublishedFile } from '../../src/node/publishedFile.ts';
import { initialValues } from '../frame/settings.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { compileCellView } from '../sequences/cellView.ts';
import { windowsOf } from '../sequences/forecaster.ts';
import { network, planOf } from '../sequences/network.ts';
import { FIRST, TRAINING_WINDOWS } from '../sequences/protocol.ts';
import { settings } from '../sequences/settings.ts';
import { batchesOf, OBJECTIVE } from '../sequences/training.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const STEPS = 600;
const values = initialValues(settings) as ValuesOf<typeof settings>;
/** Pixels of a month, and of the picture in all; passengers at its upper edge. */
const [ACROSS, HEIGHT, MOST] = [4, 240, 700];

/** The network that the page has with its first settings, with a rate that falls to 0. */
export const sequencesTraining: SiteTraining = {
  name: 'lstm',
  model: `an LSTM of ${values.units} units that sees ${values.back} months`,
  samples: 'windows',
  data: 'the airline passengers of 1949 to 1960, 103 training windows',
  steps: STEPS,
  batchSize: TRAINING_WINDOWS,
  charts: [
    {
      title: 'Loss',
      scale: 'log',
      series: {
        loss: { name: 'training', colour: '--training' },
        testLoss: { name: 'test', colour: '--test' },
      },
    },
    {
      title: 'Error on the test, thousand passengers',
      scale: 'log',
      series: { testRmse: { name: 'test', colour: '--test' } },
    },
  ],
  pictures: {
    label:
      'The passengers of each month, blue, and what the network forecasts, orange; the last fifth is the test',
    signed: true,
  },

  async start(gpu: Gpu): Promise<StartedTraining> {
    const found = await findPublishedFile(AIRLINE_PASSENGERS);
    if (!found.bytes) throw new EnvironmentError(found.reason);
    const series = parseMonthlyPassengers(found.bytes, found.source);
    const { train, test, passengers } = windowsOf(series.values, planOf(values));
    const model = modelOf(network(values));
    const schedule = cosineDecay({ decaySteps: STEPS });
    await model.compile({ gpu, optimizer: adam({ learningRate: values.rate, schedule }), ...OBJECTIVE });
    const { cell, units, back: steps } = values;
    const { program, windows } = await compileCellView(gpu, model, { cell, units, steps });
    program.write(windows, Float32Array.of(...train.x.data, ...test.x.data));
    const measure = async () => {
      const { loss } = await model.evaluate(test);
      await program.step();
      const forecasts = passengers((await program.read('forecasts')) as Float32Array, FIRST);
      const rmse = rootMeanSquaredError(series.values, forecasts.slice(TRAINING_WINDOWS));
      return { loss, forecasts, rmse };
    };
    const record = async (recorder: Recorder, step: number) => {
      const { loss, rmse, forecasts } = await measure();
      recorder.add(step, { testLoss: loss, testRmse: rmse });
      const text = `the forecasts of the test months are wrong by ${rmse.toFixed(1)} thousand passengers (RMSE)`;
      if (recorder.isMoment(step)) recorder.take(step, text, drawn(series.values, forecasts));
    };
    return {
      async run(recorder) {
        await model.fit(batchesOf(train), {
          steps: STEPS,
          beforeStep: async (step) => {
            if (recorder.isMoment(step)) await record(recorder, step);
          },
          onSteps: (all) => {
            for (const { step, loss } of all) recorder.add(step + 1, { loss });
          },
        });
        await record(recorder, STEPS);
      },
      save: () => model.save(),
      async score(weights) {
        model.load(weights);
        const { loss, rmse } = await measure();
        return { 'test error': rmse, 'test loss': loss };
      },
      destroy() {
        program.destroy();
        model.destroy();
      },
    };
  },
};

/** Both series as steps: 1 is blue, 0 is orange. */
function drawn(series: readonly number[], forecasts: readonly number[]): Collage {
  const picture = new Collage(series.length * ACROSS, HEIGHT, 0.5);
  const bar = (month: number, value: number, shade: number) => {
    const top = Math.round((1 - Math.min(MOST, Math.max(0, value)) / MOST) * (HEIGHT - ACROSS));
    picture.lay(month * ACROSS, top, ACROSS, new Array<number>(ACROSS * ACROSS).fill(shade));
  };
  series.forEach((value, month) => bar(month, value, 1));
  forecasts.forEach((value, i) => bar(i + FIRST, value, 0));
  return picture;
}

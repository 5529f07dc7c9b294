import { lineChartSvg } from '../../io/lineChart.ts';
import {
  GROKKING_PRESETS,
  grokkingData,
  grokkingNetwork,
  grokkingOptimizer,
  strongestCircle,
} from '../../models/grokking.ts';
import type { GrokkingPreset } from '../../models/grokking.ts';
import { GROKKING_WIDTH } from '../../models/grokkingMlp.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { circleSvg } from './circleSvg.ts';
import { parseNumber } from './flagValues.ts';
import { formatCount, formatLoss, formatPercent } from './format.ts';
import { CHECKPOINT } from './runFolder.ts';
import { refuseLongRuns, ShortTrainings } from './shortTrainings.ts';

/** `npm run train -- grokking` */
export const grokkingCommand: ModelCommand = {
  title: 'networks that learn modular addition by heart, and understand it later',
  presets: GROKKING_PRESETS,
  defaultPreset: 'mlp',
  datasets: ['modular-addition'],
  samples: 'pairs',
  flags: {
    'weight-decay': {
      placeholder: 'X',
      meaning: 'of all weights; default 1. With 0 a network never understands',
      parse: (flag, text) => parseNumber(flag, text, {}),
    },
  },
  run,
};

const CURVES = 'accuracy.svg';
const CIRCLE = 'circle.svg';
/** Steps between two tests. */
const EVERY = 25;
/** A network that answers this share of the new pairs has understood. */
const GROKKED = 0.95;

/** A test: its step, and both parts' accuracy and loss. */
interface Moment {
  readonly step: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly trainLoss: number;
  readonly testLoss: number;
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  refuseLongRuns(context);
  const { signal } = context.interrupt;
  try {
    return await grok(context);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

async function grok(context: TrainContext): Promise<TrainResult> {
  const { terminal, gpu, settings, folder } = context;
  const { seed, learningRate, batchSize, epochs, steps } = settings;
  const preset = settings.preset as GrokkingPreset;
  const weightDecay = Number(settings.own['weight-decay'] ?? 1);
  const { train, test } = grokkingData(preset, { seed });
  const trainings = new ShortTrainings(context);
  const model = grokkingNetwork(preset, { seed });
  try {
    await model.compile({
      gpu,
      precision: settings.precision,
      optimizer: grokkingOptimizer({ learningRate, weightDecay }),
      loss: 'softmaxCrossEntropy',
      metrics: ['accuracy'],
    });
    terminal.line(
      `Data: ${train.name}, ${formatCount(train.size)} training and ${formatCount(test.size)} test pairs; weight decay ${weightDecay}`,
    );
    terminal.line();
    terminal.line(model.summary());
    terminal.line();
    terminal.line(terminal.style('dim', row('step', 'accuracy', 'of new pairs', 'loss', 'of new pairs')));
    const moments: Moment[] = [];
    const counted = trainings.options({
      parameters: model.parameters,
      samples: Math.min(batchSize, train.size),
    });
    await model.fit(train, {
      ...counted,
      epochs,
      steps,
      batchSize,
      keepSteps: false,
      validationData: test,
      validationFrequency: EVERY,
      onEpoch(values) {
        counted.onEpoch();
        if (values.validationLoss === undefined) return;
        const moment = {
          step: values.step,
          trainAccuracy: values.accuracy,
          testAccuracy: values.validationAccuracy,
          trainLoss: values.loss,
          testLoss: values.validationLoss,
        };
        moments.push(moment);
        if (moments.length % 4 === 0) terminal.line(describe(moment));
      },
    });
    counted.signal.throwIfAborted();

    const [trained, tested] = [await model.evaluate(train), await model.evaluate(test)];
    const grokStep = moments.find(({ testAccuracy }) => testAccuracy >= GROKKED)?.step;
    const learnStep = moments.find(({ trainAccuracy }) => trainAccuracy >= 0.99)?.step;
    const circle = strongestCircle((await model.getWeights('numbers'))[0], GROKKING_WIDTH);
    terminal.line();
    terminal.line(
      `Training pairs ${formatPercent(trained.accuracy)}${learnStep === undefined ? '' : ` (from step ${learnStep} on 99%)`}, new pairs ${terminal.style('bold', formatPercent(tested.accuracy))}: ${
        grokStep === undefined ? 'not understood' : `understood at step ${formatCount(grokStep)}`
      }`,
    );
    terminal.line(
      `The embedding’s strongest circle goes round ${circle.frequency} times; it holds ${formatPercent(circle.share)} of the embedding.`,
    );
    terminal.line();
    await folder.write(CHECKPOINT, await model.save());
    await folder.write(CURVES, curvesSvg(moments, context, weightDecay));
    await folder.write(CIRCLE, circleSvg(circle));
    const saved = folder.saved([CHECKPOINT, CURVES, CIRCLE]).map((name) => folder.pathOf(name));
    if (saved.length > 0) terminal.line(`Saved ${saved.join(', ')}.`);
    return trainings.result(train.name, {
      trainAccuracy: trained.accuracy,
      testAccuracy: tested.accuracy,
      grokStep: grokStep ?? null,
      weightDecay,
      moments,
    });
  } finally {
    model.destroy();
  }
}

const row = (...cells: string[]): string => cells.map((cell) => cell.padStart(14)).join('');

const describe = ({ step, trainAccuracy, testAccuracy, trainLoss, testLoss }: Moment): string =>
  row(
    formatCount(step),
    formatPercent(trainAccuracy),
    formatPercent(testAccuracy),
    formatLoss(trainLoss),
    formatLoss(testLoss),
  );

/** Accuracies over the logarithm of the step: learning by heart and understanding are then both seen. */
function curvesSvg(moments: readonly Moment[], { adapter }: TrainContext, weightDecay: number): string {
  const series = (name: string, key: 'trainAccuracy' | 'testAccuracy') => ({
    name,
    smooth: false,
    points: moments.map((moment) => [Math.log10(moment.step), moment[key]] as const),
  });
  return lineChartSvg({
    title: `Modular addition, weight decay ${weightDecay}`,
    subtitle: adapter.description,
    xLabel: 'step, as power of 10',
    leftLabel: 'accuracy',
    series: [series('learned pairs', 'trainAccuracy'), series('new pairs', 'testAccuracy')],
  });
}

import { BREAST_CANCER_FILE, parseBreastCancer, syntheticBreastCancer } from '../../data/breastCancer.ts';
import type { Dataset } from '../../data/dataset.ts';
import { trainTestSplit } from '../../data/split.ts';
import { lineChartSvg } from '../../io/lineChart.ts';
import { BREAST_CANCER_PRESETS, BREAST_CANCER_TEST, breastCancerNetwork } from '../../models/breastCancer.ts';
import type { BreastCancerPreset } from '../../models/breastCancer.ts';
import { rocCurve } from '../../models/rocCurve.ts';
import type { RocCurve } from '../../models/rocCurve.ts';
import { binaryCrossentropy } from '../../nn/losses.ts';
import type { Model } from '../../nn/model.ts';
import { adam } from '../../nn/optimizers.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { confusionMatrix, formatConfusion } from './confusion.ts';
import { checkSameData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { formatCount, formatLoss, formatPercent } from './format.ts';
import { loadFile } from './loadFile.ts';
import { profileTraining } from './profileTraining.ts';

/** `npm run train -- breast-cancer` */
export const breastCancerCommand: ModelCommand = {
  title: 'a small network that tells malignant tumours from benign ones',
  presets: BREAST_CANCER_PRESETS,
  defaultPreset: 'mlp',
  datasets: ['breast-cancer'],
  samples: 'rows',
  run,
};

const ROC_CHART = 'roc.svg';

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, interrupt, folder } = context;
  const { data, source } = await loadFile(context, BREAST_CANCER_FILE, {
    parse: parseBreastCancer,
    generate: syntheticBreastCancer,
  });
  const { train, test } = trainTestSplit(data, {
    testSize: BREAST_CANCER_TEST,
    stratify: true,
    seed: settings.seed,
  });
  terminal.line(
    `Data: ${data.name}, ${formatCount(train.size)} training and ${formatCount(test.size)} test rows, with the same share of each class (${source})`,
  );
  checkSameData(context, { train });
  const model = await build(context, train);
  try {
    terminal.line();
    terminal.line(model.summary());
    terminal.line();
    resumeModel(context, model);
    if (options.profile) await profileTraining(context, await build(context, train), train);

    interrupt.signal.throwIfAborted();
    const fit = await fitModel(context, model, { train });
    if (fit.interrupted) return undefined;
    terminal.line();
    const { outputs, loss } = await model.evaluator().inspect(test, { signal: interrupt.signal });
    const tested = report(context, test, outputs, loss);
    await finishRun(context, fit, { accuracy: tested.accuracy, auc: tested.roc.area, loss: tested.loss });
    if (await folder.write(ROC_CHART, rocSvg(tested.roc, data.name)))
      terminal.line(`Saved ${folder.pathOf(ROC_CHART)}: what is found at each rate of false alarms.`);
    return resultOf(context, model, train, fit, {
      testAccuracy: tested.accuracy,
      testAuc: tested.roc.area,
      testLoss: tested.loss,
    });
  } finally {
    model.destroy();
  }
}

async function build({ gpu, settings }: TrainContext, train: Dataset): Promise<Model> {
  const { seed, learningRate, precision } = settings;
  const model = breastCancerNetwork(train, settings.preset as BreastCancerPreset, { seed });
  return model.compile({
    gpu,
    precision,
    optimizer: adam({ learningRate }),
    loss: binaryCrossentropy({ fromLogits: true }),
    metrics: ['accuracy'],
  });
}

interface Tested {
  readonly accuracy: number;
  readonly loss: number;
  readonly roc: RocCurve;
}

/** Prints what the network makes of the test rows. A logit above 0 is a probability above one half: malignant. */
function report(
  { terminal }: TrainContext,
  test: Dataset,
  logits: Float32Array,
  losses: Float32Array,
): Tested {
  const labels = test.y.data;
  const predictions = logits.map((logit) => (logit > 0 ? 1 : 0));
  const right = predictions.reduce((sum, own, i) => sum + (own === labels[i] ? 1 : 0), 0);
  const accuracy = right / test.size;
  const loss = losses.reduce((sum, own) => sum + own, 0) / test.size;
  const roc = rocCurve(labels, logits);
  const bold = (text: string) => terminal.style('bold', text);
  terminal.line(
    `Test: accuracy ${bold(formatPercent(accuracy))}, area under the ROC curve ${bold(roc.area.toFixed(4))}, loss ${formatLoss(loss)}, on ${formatCount(test.size)} rows of ${test.name}`,
  );
  terminal.line();
  terminal.line('Rows: label; columns: prediction');
  terminal.line(formatConfusion(confusionMatrix(labels, predictions, 2), test.classNames!, terminal));
  terminal.line();
  return { accuracy, loss, roc };
}

/** The curve above the diagonal of guessing. */
function rocSvg({ points, area }: RocCurve, name: string): string {
  return lineChartSvg({
    title: `ROC of ${name}`,
    subtitle: `test rows; area ${area.toFixed(4)}`,
    xLabel: 'false alarms: share of the benign',
    leftLabel: 'found: share of the malignant',
    series: [
      {
        name: 'network',
        smooth: false,
        points: points.map((point) => [point.falsePositives, point.truePositives]),
      },
      {
        name: 'guessing',
        points: [
          [0, 0],
          [1, 1],
        ],
      },
    ],
  });
}

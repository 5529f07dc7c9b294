import { MNIST_CNN_PRESETS, mnistCnn } from '../../models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../models/mnistCnn.ts';
import type { Model } from '../../nn/model.ts';
import { reportClassification } from './classification.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, loadData } from './data.ts';
import { CHECKPOINT, fitModel } from './fitModel.ts';
import { formatSeconds } from './format.ts';
import { profileTraining } from './profileTraining.ts';
import { encodeHistory, historySvg } from './runFolder.ts';

/** `npm run train -- mnist-cnn` */
export const mnistCnnCommand: ModelCommand = {
  title: 'a convolutional network that reads handwritten digits',
  presets: MNIST_CNN_PRESETS,
  defaultPreset: 'quick',
  run,
};

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, folder, checkpoint, interrupt } = context;
  const { signal } = interrupt;
  const data = await loadData(terminal, { name: settings.dataset, data: options.data, signal });
  checkSameData(checkpoint, data);
  const model = await build(context);
  terminal.line();
  terminal.line(model.summary());
  terminal.line();
  if (checkpoint) {
    model.load(checkpoint.bytes, checkpoint.path);
    if (options.learningRate !== undefined) model.learningRate = options.learningRate;
    terminal.line(`Going on from ${checkpoint.path}, step ${checkpoint.step}.`);
    if (checkpoint.run && checkpoint.run.adapter !== context.adapter.description) {
      terminal.warn(
        `It was trained on another adapter, ${checkpoint.run.adapter}: the last bits may differ.`,
      );
    }
  }
  if (options.profile) await profileTraining(context, await build(context), data.train);

  const fit = await fitModel(context, model, data);
  if (fit.interrupted) return undefined;
  terminal.line();
  const inspection = await model.evaluator().inspect(data.test, { signal });
  const { accuracy, loss } = reportClassification(terminal, data.test, inspection);

  const history = { ...fit.history, test: { accuracy, loss } };
  await folder.write('history.json', encodeHistory(history));
  if (history.steps.length > 0) await folder.write('loss.svg', historySvg(history));
  const { clock } = fit;
  const [total, steady] = [clock.total, clock.steady];
  terminal.line();
  if (total.steps > 0) {
    const each = `${((steady.seconds / steady.steps) * 1000).toFixed(2)} ms per step`;
    terminal.line(`Trained ${total.steps} steps in ${formatSeconds(total.seconds)}, ${each}.`);
  }
  terminal.line(`Saved ${folder.pathOf(CHECKPOINT)}, history.json and loss.svg.`);
  model.destroy();
  const { batchSize } = settings;
  const per = (amount: number, by: number) => (by > 0 ? amount / by : 0);
  return {
    model: settings.model,
    preset: settings.preset,
    dataset: data.train.name,
    adapter: context.adapter.description,
    epochs: round(per(total.steps * batchSize, data.train.size), 2),
    steps: total.steps,
    seconds: round(total.seconds, 3),
    imagesPerSecond: round(per(total.steps * batchSize, total.seconds), 1),
    stepMilliseconds: round(per(steady.seconds * 1000, steady.steps), 4),
    dispatchesPerStep: fit.dispatchesPerStep,
    submitsPerStep: round(clock.submitsPerStep, 3),
    testAccuracy: accuracy,
    testLoss: loss,
    parameters: model.parameters,
    planBytes: fit.planBytes,
    seed: settings.seed,
  };
}

async function build({ gpu, settings }: TrainContext): Promise<Model> {
  const { seed, learningRate } = settings;
  const preset = settings.preset as MnistCnnPreset;
  const optimizer = MNIST_CNN_PRESETS[preset].optimizer({ learningRate });
  const model = mnistCnn(preset, { seed });
  return model.compile({ optimizer, loss: 'softmaxCrossEntropy', metrics: ['accuracy'], gpu });
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

import { neighbourAccuracy, trustworthiness } from '../../models/mapScores.ts';
import { Tsne } from '../../models/tsne.ts';
import { alongComponents } from '../../models/tsneNeighbours.ts';
import { ArgumentError } from '../../errors.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { loadData } from './data.ts';
import { parseNumber } from './flagValues.ts';
import { formatCount, formatLoss, formatPercent } from './format.ts';
import { mapSvg } from './mapSvg.ts';
import { Progress } from './progress.ts';
import type { Settings } from './settings.ts';
import { refuseLongRuns, ShortTrainings } from './shortTrainings.ts';

/** `npm run train -- tsne` */
export const tsneCommand: ModelCommand = {
  title: 'a map of images in the plane, in which alike ones are neighbours (t-SNE)',
  presets: {
    pca50: {
      description: 'of 50 principal components',
      steps: 1000,
      batchSize: 2000,
      learningRate: 50,
    },
  },
  defaultPreset: 'pca50',
  flags: {
    points: {
      placeholder: 'N',
      meaning: 'the first N training images; default 2000',
      parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 2 }),
    },
    perplexity: {
      placeholder: 'X',
      meaning: 'neighbours that a point has in effect; default 30',
      parse: (flag, text) => parseNumber(flag, text, { above: 0 }),
    },
    exact: {
      placeholder: '',
      meaning: 'pull at all other points, not only at the nearest',
      parse: () => 'true',
    },
  },
  check,
  run,
};

const MAP = 'map.svg';
const COMPONENTS = 50;
/** Steps between two looks at the divergence. */
const EVERY = 50;

/** @throws ArgumentError where the perplexity does not fit the points */
function check({ own }: Settings): void {
  const { points = 2000, perplexity = 30 } = own;
  if (Number(perplexity) >= 1 && Number(perplexity) < Number(points) - 1) return;
  throw new ArgumentError(
    `--perplexity ${perplexity}: it must be at least 1 and below the ${formatCount(Number(points) - 1)} other points of --points ${points}.`,
  );
}

/** What the options of all models say and t-SNE has no use for. */
function refuseBatches({ options }: TrainContext): void {
  for (const [flag, value] of Object.entries({
    '--batch-size': options.batchSize,
    '--epochs': options.epochs,
  })) {
    if (value === undefined) continue;
    throw new ArgumentError(
      `tsne takes no ${flag}: each of its steps moves all points. Give --points and --steps.`,
    );
  }
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  refuseLongRuns(context);
  refuseBatches(context);
  const { terminal, settings, options, folder, gpu, interrupt } = context;
  const { signal } = interrupt;
  const { own, seed, steps = 0 } = settings;
  const perplexity = Number(own.perplexity ?? 30);
  const exact = own.exact === 'true';
  const { train } = await loadData(terminal, { name: settings.dataset, data: options.data, signal });
  const points = Math.min(Number(own.points ?? 2000), train.size);
  check({ ...settings, own: { ...own, points, perplexity } });
  const features = 28 * 28;
  const bytes = (train.x.data as Uint8Array).subarray(0, points * features);
  const images = Float32Array.from(bytes, (byte) => byte / 255);
  const labels = (train.y.data as Uint8Array).slice(0, points);

  const components = await alongComponents(gpu, images, features, COMPONENTS);
  const before = mapOf(components, COMPONENTS);
  terminal.line(
    `Points: ${formatCount(points)}, in ${COMPONENTS} principal components; perplexity ${perplexity}, ${exact ? 'all pairs' : 'nearest neighbours'}`,
  );
  const progress = new Progress(terminal, 'Neighbours', 1);
  const tsne = await Tsne.create(components, COMPONENTS, {
    gpu,
    perplexity,
    exact,
    seed,
    learningRate: options.learningRate,
    onProgress: (part) => progress.update(part, formatPercent(part)),
  }).finally(() => progress.stop());
  try {
    const trainings = new ShortTrainings(context);
    const counted = trainings.options({ parameters: 2 * points, samples: points });
    counted.onReady(tsne.program);
    terminal.line();
    terminal.line(terminal.style('dim', `${'step'.padStart(6)}${'divergence'.padStart(14)}`));
    while (tsne.step < steps) {
      const first = tsne.step;
      const count = Math.min(EVERY, steps - first);
      counted.beforeStep(first);
      await tsne.run(count, { signal });
      counted.onSteps(Array.from({ length: count }, (_, i) => ({ step: first + i })));
      signal.throwIfAborted();
      const found = await tsne.divergence();
      if (tsne.step % (4 * EVERY) === 0 || tsne.step === steps)
        terminal.line(`${formatCount(tsne.step).padStart(6)}${formatLoss(found!).padStart(14)}`);
    }
    counted.onEpoch();
    const map = await tsne.readMap();
    const klDivergence = await tsne.divergence();
    const scores = scoresOf(images, map, labels);
    const ofComponents = scoresOf(images, before, labels);
    terminal.line();
    terminal.line(
      `In the map the ten nearest neighbours tell ${terminal.style('bold', formatPercent(scores.neighbourAccuracy))} of the labels (the nearest ${formatPercent(scores.nearestAccuracy)}), and its trustworthiness is ${scores.trustworthiness.toFixed(3)}; in two principal components ${formatPercent(ofComponents.neighbourAccuracy)} and ${ofComponents.trustworthiness.toFixed(3)}.`,
    );
    const title = `t-SNE of ${formatCount(points)} images, perplexity ${perplexity}, ${formatCount(steps)} steps`;
    if (await folder.write(MAP, mapSvg(map, labels, title))) terminal.line(`Saved ${folder.pathOf(MAP)}.`);
    return trainings.result(train.name, {
      points,
      perplexity,
      exact,
      klDivergence: klDivergence ?? null,
      ...scores,
      componentsAccuracy: ofComponents.neighbourAccuracy,
    });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  } finally {
    tsne.destroy();
  }
}

/** The first two columns. */
const mapOf = (rows: Float32Array, features: number): Float32Array =>
  Float32Array.from({ length: (2 * rows.length) / features }, (_, i) => rows[(i >> 1) * features + (i & 1)]);

function scoresOf(images: Float32Array, map: Float32Array, labels: Uint8Array) {
  const neighbours = Math.min(12, Math.floor(labels.length / 2) - 1);
  return {
    trustworthiness: trustworthiness(images, images.length / labels.length, map, Math.max(1, neighbours)),
    neighbourAccuracy: neighbourAccuracy(map, labels),
    nearestAccuracy: neighbourAccuracy(map, labels, 1),
  };
}

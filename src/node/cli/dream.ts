import { ArgumentError } from '../../errors.ts';
import { CLASSIFIER_LAYERS, CLASSIFIER_RECIPE } from '../../models/digitClassifier.ts';
import type { DigitClassifier } from '../../models/digitClassifier.ts';
import { shareAsLabelled } from '../../models/digitScore.ts';
import { Dream, greyNoise } from '../../models/dream.ts';
import type { DreamOptions } from '../../models/dream.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { loadData } from './data.ts';
import { trainedClassifier } from './digitJudge.ts';
import { choice, parseNumber } from './flagValues.ts';
import { formatPercent } from './format.ts';
import { picturesPng } from './pictures.ts';
import type { Settings } from './settings.ts';
import { refuseLongRuns, ShortTrainings } from './shortTrainings.ts';

type HiddenLayer = Exclude<keyof typeof CLASSIFIER_LAYERS, 'logits'>;
const HIDDEN = Object.keys(CLASSIFIER_LAYERS).filter((name) => name !== 'logits');

/** `npm run train -- dream` */
export const dreamCommand: ModelCommand = {
  title: 'images that a trained classifier responds to more and more (DeepDream)',
  presets: {
    classifier: {
      description: 'a layer of images, classes from noise',
      steps: 20,
      batchSize: 64,
      learningRate: 0.02,
    },
  },
  defaultPreset: 'classifier',
  flags: {
    layer: {
      placeholder: 'NAME',
      meaning: `${HIDDEN.join(', ')}: what test images are changed for; default conv2`,
      parse: (flag, text) => choice(flag, text, HIDDEN)!,
    },
    channel: {
      placeholder: 'N',
      meaning: 'one channel of the layer alone, from 0 on; default: all',
      parse: (flag, text) => parseNumber(flag, text, { whole: true }),
    },
    class: {
      placeholder: 'N',
      meaning: 'draw one class alone, 0 … 9; default: all ten',
      parse: (flag, text) => parseNumber(flag, text, { whole: true }),
    },
  },
  check,
  run,
};

/** Sizes of the octaves, each √2 times as large as the one before. */
const OCTAVES = [28, 39, 55].map((side) => [side, side] as const);
/** Steps of an octave and of a class, as multiples of those of a layer: 15 and 100 of 20. */
const [OCTAVE_STEPS, CLASS_STEPS] = [0.75, 5];
/** Keep a class recognizable to other networks: pixels of jitter, and the weight of the total variation. */
const REGULARIZED = { jitter: 2, totalVariation: 0.02 };
/** Pictures of each class. */
const PER_CLASS = 8;
const CLASSES = CLASSIFIER_LAYERS.logits.channels;

const layerOf = ({ own }: Settings): HiddenLayer => (own.layer ?? 'conv2') as HiddenLayer;

/** @throws ArgumentError where the layer has no such channel, or there is no such class */
function check(settings: Settings): void {
  const { channel = 0, class: wanted = 0 } = settings.own;
  const { channels } = CLASSIFIER_LAYERS[layerOf(settings)];
  if (Number(channel) >= channels || Number(channel) < 0) {
    throw new ArgumentError(
      `--channel ${channel}: the layer ${layerOf(settings)} has the channels 0 to ${channels - 1}.`,
    );
  }
  if (Number(wanted) >= CLASSES || Number(wanted) < 0) {
    throw new ArgumentError(`--class ${wanted}: there are the classes 0 to ${CLASSES - 1}.`);
  }
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  refuseLongRuns(context);
  const { terminal, settings, options, folder, interrupt } = context;
  if (options.epochs !== undefined) {
    throw new ArgumentError('dream takes no --epochs: each of its steps changes all images. Give --steps.');
  }
  const { signal } = interrupt;
  const data = await loadData(terminal, { name: settings.dataset, data: options.data, signal });
  const made: { destroy(): void }[] = [];
  const kept = <T extends { destroy(): void }>(own: T): T => {
    made.push(own);
    return own;
  };
  try {
    const classifier = kept(await trainedClassifier(context, data));
    const other = kept(await trainedClassifier(context, data, { seed: CLASSIFIER_RECIPE.seed + 1 }));
    const dreams = new Dreams(context, classifier);
    const count = Math.min(settings.batchSize, data.test.size);
    const bytes = (data.test.x.data as Uint8Array).subarray(0, count * 28 * 28);
    const images = Float32Array.from(bytes, (byte) => byte / 255);

    terminal.line();
    const layered = await dreams.layer(images);
    const octaves = layerOf(settings) === 'features' ? {} : await dreams.octaves(images);
    const readings = await dreams.classes(other);
    await dreams.channels();
    terminal.line();
    const [first, ...others] = folder.saved(dreams.files);
    if (first) terminal.line(`Saved ${[folder.pathOf(first), ...others].join(', ')}.`);
    return dreams.trainings.result(data.train.name, {
      layer: layerOf(settings),
      channel: (settings.own.channel ?? null) as number | null,
      ...layered,
      ...octaves,
      ...readings,
    });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  } finally {
    for (const own of made.toReversed()) own.destroy();
  }
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The dreams of a run, their pictures and what they cost. */
class Dreams {
  readonly trainings: ShortTrainings;
  /** Names of the pictures. */
  readonly files: string[] = [];
  readonly #context: TrainContext;
  readonly #classifier: DigitClassifier;
  /** Made by all dreams so far. */
  #steps = 0;

  constructor(context: TrainContext, classifier: DigitClassifier) {
    this.#context = context;
    this.#classifier = classifier;
    this.trainings = new ShortTrainings(context);
  }

  async #with<T>(
    layer: keyof typeof CLASSIFIER_LAYERS,
    options: Pick<DreamOptions, 'images' | 'sizes' | 'jitter' | 'totalVariation'>,
    work: (dream: Dream) => Promise<T>,
  ): Promise<T> {
    const { gpu, settings } = this.#context;
    const dream = await Dream.create({
      gpu,
      network: this.#classifier.model,
      layer: CLASSIFIER_LAYERS[layer].index,
      learningRate: settings.learningRate,
      seed: settings.seed,
      ...options,
    });
    try {
      return await work(dream);
    } finally {
      dream.destroy();
    }
  }

  async #run(dream: Dream, images: number, share = 1): Promise<void> {
    const count = Math.max(1, Math.round((this.#context.settings.steps ?? 0) * share));
    const [height, width] = dream.size;
    const counted = this.trainings.options({ parameters: images * height * width, samples: images });
    counted.onReady(dream.step);
    counted.beforeStep(this.#steps);
    await dream.run(count, { signal: counted.signal });
    counted.onSteps(Array.from({ length: count }, (_, i) => ({ step: this.#steps + i })));
    this.#steps += count;
  }

  async #save(name: string, images: Float32Array, side: number, columns: number): Promise<void> {
    this.files.push(name);
    await this.#context.folder.write(name, await picturesPng(images, side, columns));
  }

  /** Test images as they were, and changed so that a layer responds more. */
  async layer(images: Float32Array): Promise<{ objectiveRatio: number }> {
    const { terminal, settings } = this.#context;
    const layer = layerOf(settings);
    const count = images.length / 28 ** 2;
    return this.#with(layer, { images: count }, async (dream) => {
      dream.choose(settings.own.channel as number | undefined);
      dream.write(images);
      const before = mean(await dream.objectives());
      await this.#run(dream, count);
      const after = mean(await dream.objectives());
      const objectiveRatio = after / before;
      terminal.line(
        `${layer}: ${before.toFixed(3)} → ${after.toFixed(3)}, × ${terminal.style('bold', objectiveRatio.toFixed(2))}`,
      );
      const changed = await dream.read();
      const columns = Math.min(16, count);
      const part = columns * 28 ** 2;
      const both = new Float32Array(2 * part);
      both.set(images.subarray(0, part));
      both.set(changed.subarray(0, part), part);
      await this.#save('layer.png', both, 28, columns);
      return { objectiveRatio };
    });
  }

  /** The same images through growing octaves, and at the last size alone. */
  async octaves(images: Float32Array) {
    const { terminal, settings } = this.#context;
    const count = images.length / 28 ** 2;
    const [through, alone] = [OCTAVES, [OCTAVES[0], OCTAVES.at(-1)!]];
    const climbed: number[] = [];
    for (const sizes of [through, alone]) {
      await this.#with(layerOf(settings), { images: count, sizes }, async (dream) => {
        dream.choose(settings.own.channel as number | undefined);
        dream.write(images);
        for (const i of sizes.keys()) {
          if (i > 0) await dream.enlarge();
          if (sizes === through || i > 0) await this.#run(dream, count, OCTAVE_STEPS);
        }
        climbed.push(mean(await dream.objectives()));
        if (sizes === through) await this.#save('octaves.png', await dream.read(), dream.size[0], 8);
      });
    }
    const [octaveObjective, singleObjective] = climbed;
    const side = OCTAVES.at(-1)![0];
    terminal.line(
      `At ${side} × ${side} pixels: ${octaveObjective.toFixed(3)} through octaves of ${OCTAVES.map(([own]) => own).join(', ')}, ${singleObjective.toFixed(3)} without`,
    );
    return { octaveObjective, singleObjective };
  }

  /** Pictures of classes from grey noise: whether this classifier and another one read them as what they should be. */
  async classes(other: DigitClassifier) {
    const { terminal, settings } = this.#context;
    const { class: one } = settings.own;
    const wanted = Array.from({ length: PER_CLASS * CLASSES }, (_, i) => Number(one ?? i % CLASSES));
    const count = wanted.length;
    return this.#with('logits', { images: count, ...REGULARIZED }, async (dream) => {
      dream.choose(wanted);
      dream.write(greyNoise([count, 28, 28, 1], settings.seed));
      await this.#run(dream, count, CLASS_STEPS);
      const logitMargin = mean(await dream.objectives());
      const images = await dream.read();
      const [ownReading, otherReading] = [
        await readAs(this.#classifier, images, wanted),
        await readAs(other, images, wanted),
      ];
      terminal.line(
        `Classes from grey noise: logit ${logitMargin.toFixed(1)} above the mean of the others; read as their class by the classifier itself ${terminal.style('bold', formatPercent(ownReading))}, by another one ${terminal.style('bold', formatPercent(otherReading))}`,
      );
      await this.#save('classes.png', images, 28, CLASSES);
      return { logitMargin, ownReading, otherReading };
    });
  }

  /** What each channel of the layer responds to, from grey noise. */
  async channels(): Promise<void> {
    const { settings } = this.#context;
    const layer = layerOf(settings);
    const { channels } = CLASSIFIER_LAYERS[layer];
    await this.#with(layer, { images: channels, jitter: REGULARIZED.jitter }, async (dream) => {
      dream.choose(Array.from({ length: channels }, (_, i) => i));
      dream.write(greyNoise([channels, 28, 28, 1], settings.seed));
      await this.#run(dream, channels, CLASS_STEPS);
      await this.#save('channels.png', await dream.read(), 28, 8);
    });
  }
}

async function readAs(
  classifier: DigitClassifier,
  images: Float32Array,
  wanted: readonly number[],
): Promise<number> {
  const reader = await classifier.reader({ count: wanted.length });
  try {
    return shareAsLabelled(await reader.read(images), wanted);
  } finally {
    reader.destroy();
  }
}

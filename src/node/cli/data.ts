import { dataset, take } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { syntheticDigits } from '../../data/digits.ts';
import { MNIST_SETS } from '../../data/mnistFiles.ts';
import type { MnistName, MnistSet } from '../../data/mnistFiles.ts';
import { ArgumentError } from '../../errors.ts';
import { loadMnistNode } from '../mnist.ts';
import type { TrainContext } from './command.ts';
import { formatCount } from './format.ts';
import { Progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface TrainingData {
  readonly train: Dataset;
  /** Taken from the training images: the test images are kept for the end. */
  readonly validation: Dataset;
  readonly test: Dataset;
}

/** One training image in twelve, 5,000 of MNIST's 60,000, is for validation. */
const VALIDATION_SHARE = 12;
/** Images per test image, as in MNIST. */
const TEST_SHARE = 6;

export interface DataOptions {
  /** One of IMAGE_SETS. */
  readonly name: string;
  /** A folder, `synthetic` or `synthetic:N`. */
  readonly data: string | undefined;
  readonly signal: AbortSignal;
}

/** Loads the images under a progress bar and says what they are, loudly where they are synthetic. */
export async function loadData(terminal: Terminal, options: DataOptions): Promise<TrainingData> {
  const set = await load(terminal, options);
  if (set.notice) terminal.line(terminal.style(['bold', 'yellow'], set.notice));
  const held = Math.max(1, Math.round(set.train.size / VALIDATION_SHARE));
  const train = take(set.train, 0, set.train.size - held);
  const validation = take(set.train, train.size);
  const [training, validating, testing] = [train, validation, set.test].map(({ size }) => formatCount(size));
  terminal.line(
    `Data: ${train.name}, ${training} training, ${validating} validation and ${testing} test images (${set.source})`,
  );
  return { train, validation, test: set.test };
}

async function load(terminal: Terminal, { name: set, data, signal }: DataOptions): Promise<MnistSet> {
  const name = set as MnistName;
  if (data?.split(':')[0] === 'synthetic') return drawDigits(name, data);
  let progress: Progress | undefined;
  try {
    return await loadMnistNode({
      name,
      dataDir: data,
      signal,
      onProgress: ({ loaded, total }) => {
        progress ??= new Progress(terminal, `Downloading ${MNIST_SETS[name].title}`, total);
        progress.update(loaded, `${megabytes(loaded)} of ${megabytes(total)} MB`);
      },
      // The caller reports once that the data is synthetic.
      onNotice: (notice) => !notice.startsWith('SYNTHETIC') && terminal.warn(notice),
    });
  } finally {
    progress?.stop();
  }
}

function drawDigits(name: MnistName, data: string): MnistSet {
  const [, number = '60000', ...rest] = data.split(':');
  const train = Number(number);
  if (!/^\d+$/.test(number) || rest.length > 0 || train < 20) {
    throw new ArgumentError(
      `--data ${data}: write synthetic, or synthetic:N with N of at least 20 training images.`,
    );
  }
  return {
    ...syntheticDigits({ train, test: Math.ceil(train / TEST_SHARE) }),
    source: 'drawn by wgrad',
    notice: `SYNTHETIC DATA: generated digits, as requested, so accuracy here says nothing about ${MNIST_SETS[name].title}.`,
  };
}

/** A sample without a picture, of the shapes and types of all that `loadData` gives: to compile with while it loads. */
export const exampleDigits = (): Dataset =>
  dataset({ name: 'example', x: new Uint8Array(28 * 28), y: new Uint8Array(1), inputShape: [28, 28, 1] });

/** @throws ArgumentError if a run would continue with other data than it began with */
export function checkSameData(
  { checkpoint, samples }: Pick<TrainContext, 'checkpoint' | 'samples'>,
  { train }: Pick<TrainingData, 'train'>,
): void {
  const run = checkpoint?.run;
  if (!run || (run.data === train.name && run.samples === train.size)) return;
  throw new ArgumentError(
    `${checkpoint.path} was trained on ${formatCount(run.samples)} ${samples} of '${run.data}', but here are ` +
      `${formatCount(train.size)} of '${train.name}': pass the same --data, or start again without --resume.`,
  );
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

import { FormatError } from '../errors.ts';
import { dataset } from './dataset.ts';
import { DIGIT_NAMES } from './digits.ts';
import { MNIST_TITLES } from './mnistSet.ts';
import type { MnistName, MnistSet } from './mnistSet.ts';
import { parseIdx, unpackIdx } from './idx.ts';
import type { IdxArray } from './idx.ts';
import { sha256 } from './sha256.ts';

export type { MnistName, MnistSet } from './mnistSet.ts';

/** One file of a set. The checksum is that of the unpacked bytes, so any packing of the same data passes. */
export interface MnistFile {
  /** Name of the plain file; the packed one has '.gz' appended. */
  readonly file: string;
  readonly bytes: number;
  readonly gzBytes: number;
  readonly sha256: string;
}

export const MNIST_PARTS = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
export type MnistPart = (typeof MNIST_PARTS)[number];

const file = (name: string, bytes: number, gzBytes: number, sha256: string): MnistFile => ({
  file: name,
  bytes,
  gzBytes,
  sha256,
});

/** The two sets of 60,000 + 10,000 grey images of 28 × 28 in ten classes. */
export const MNIST_SETS: Record<
  MnistName,
  { title: string; classNames: readonly string[]; files: Record<MnistPart, MnistFile> }
> = {
  mnist: {
    title: MNIST_TITLES.mnist,
    classNames: DIGIT_NAMES,
    files: {
      trainImages: file(
        'train-images-idx3-ubyte',
        47040016,
        9912422,
        'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      ),
      trainLabels: file(
        'train-labels-idx1-ubyte',
        60008,
        28881,
        '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      ),
      testImages: file(
        't10k-images-idx3-ubyte',
        7840016,
        1648877,
        '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      ),
      testLabels: file(
        't10k-labels-idx1-ubyte',
        10008,
        4542,
        'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
      ),
    },
  },
  'fashion-mnist': {
    title: MNIST_TITLES['fashion-mnist'],
    classNames: [
      'T-shirt/top',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ],
    files: {
      trainImages: file(
        'train-images-idx3-ubyte',
        47040016,
        26421880,
        'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      ),
      trainLabels: file(
        'train-labels-idx1-ubyte',
        60008,
        29515,
        'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      ),
      testImages: file(
        't10k-images-idx3-ubyte',
        7840016,
        4422102,
        '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      ),
      testLabels: file(
        't10k-labels-idx1-ubyte',
        10008,
        5148,
        '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      ),
    },
  },
};

/**
 * Unpacks, verifies and reads the bytes of one file, plain or gzip-compressed.
 *
 * @param where the file's path or URL, for messages
 * @throws FormatError if the bytes are not exactly the published file
 */
export async function decodeMnistFile(
  expected: MnistFile,
  bytes: Uint8Array,
  where: string,
): Promise<IdxArray> {
  const plain = await unpackIdx(bytes, where, expected.bytes);
  const array = parseIdx(plain, where);
  const found = await sha256(plain);
  if (found !== expected.sha256) {
    throw new FormatError(
      `${where}: corrupted or another file of that name: the sha256 of its ${plain.length} unpacked bytes is ` +
        `${found}, expected ${expected.sha256} of ${expected.bytes} bytes. Delete the file and fetch it again.`,
    );
  }
  return array;
}

/** Makes the two data sets from the four arrays. */
export function assembleMnist(
  name: MnistName,
  arrays: Record<MnistPart, IdxArray>,
  source: string,
): MnistSet {
  const { title, classNames } = MNIST_SETS[name];
  const make = (images: IdxArray, labels: IdxArray) =>
    dataset({ name: title, x: images.data, y: labels.data, inputShape: [28, 28, 1], classNames });
  return {
    train: make(arrays.trainImages, arrays.trainLabels),
    test: make(arrays.testImages, arrays.testLabels),
    source,
  };
}

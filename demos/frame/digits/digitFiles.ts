/**
 * The files in which the site brings MNIST, in its folder data/mnist/. Each is a gzip-compressed safetensors file of
 * `images`, bytes of [n, 28, 28], and their `labels`.
 */
export const DIGIT_FILES = {
  /** The first test images: enough for a first screen. */
  few: { file: 'test-500.safetensors.gz', of: 'test', from: 0, to: 500 },
  test: { file: 'test-10000.safetensors.gz', of: 'test', from: 0, to: 10_000 },
  train: { file: 'train-10000.safetensors.gz', of: 'train', from: 0, to: 10_000 },
  /** The other training images: fetched only when asked for. */
  rest: { file: 'train-50000.safetensors.gz', of: 'train', from: 10_000, to: 60_000 },
} as const;

export type DigitFile = keyof typeof DIGIT_FILES;

/** What an image with its label takes in a file, packed. */
const PACKED_BYTES = 161;

export const imagesOf = (file: DigitFile): number => DIGIT_FILES[file].to - DIGIT_FILES[file].from;

/** What a file takes to fetch, about. */
export const bytesOf = (file: DigitFile): number => imagesOf(file) * PACKED_BYTES;

/**
 * The same as shaders/shared/permutation.wgsl on the CPU, bit for bit: which sample a row of a batch holds. With it a
 * page or a test knows, without asking the GPU, on which samples a step was trained.
 */

/** A bijection of 32-bit words that mixes all bits (constants from Chris Wellons's hash-prospector). */
function hashBits(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0xd35a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Seed of a program (an integer in [0, 2⁵³)) as its low and high word. */
function seedWords(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** The two words that key one epoch's permutation. */
export function permutationKey(seed: number, epoch: number, salt = 0): [number, number] {
  const [low, high] = seedWords(seed);
  const first = hashBits(low ^ hashBits(high ^ hashBits(epoch ^ hashBits(salt ^ 0x9e3779b9))));
  const second = hashBits(high ^ hashBits(epoch ^ hashBits(low ^ hashBits(first ^ 0xbb67ae85))));
  return [first, second];
}

/**
 * Where `position` goes in the permutation of 0 … size − 1 under `key`: an eight-round Feistel network on
 * ⌈log₂ size⌉ bits, applied until the result lies below `size`.
 */
export function permute(position: number, size: number, key: readonly [number, number]): number {
  const bits = size <= 1 ? 0 : 32 - Math.clz32(size - 1);
  const rightBits = Math.floor((bits + 1) / 2);
  const rightMask = 2 ** rightBits - 1;
  const leftMask = 2 ** (bits - rightBits) - 1;
  let value = position;
  do {
    let left = value >>> rightBits;
    let right = value & rightMask;
    for (let round = 0; round < 4; round++) {
      const roundKey = Math.imul(round, 0x9e3779b9);
      left ^= hashBits(right ^ (key[0] + roundKey)) & leftMask;
      right ^= hashBits(left ^ (key[1] + roundKey)) & rightMask;
    }
    value = ((left << rightBits) | right) >>> 0;
  } while (value >= size);
  return value;
}

export interface SampleStream {
  /** Samples of the data set. */
  size: number;
  batchSize: number;
  /** Default true. */
  shuffle?: boolean;
  /** The program's seed. Default 0. */
  seed?: number;
  /** As given to gatherBatch. Default 0. */
  salt?: number;
  /** Where the stream begins: that step's first row is sample `place` of that epoch. Default 0 of each. */
  origin?: StreamOrigin;
}

/** A place in the stream of samples, and the step whose batch begins there. */
export interface StreamOrigin {
  readonly step: number;
  readonly epoch: number;
  /** Samples of the epoch before it, below the data set's size. */
  readonly place: number;
}

/** The sample in row `row` of the batch of step `step`. */
export function sampleAt(step: number, row: number, stream: SampleStream): number {
  const { size, batchSize, shuffle = true, seed = 0, salt = 0 } = stream;
  const origin = stream.origin ?? { step: 0, epoch: 0, place: 0 };
  const steps = step - origin.step;
  const place = origin.place + (steps % size) * batchSize + row;
  if (!shuffle) return place % size;
  const turns = Math.floor(steps / size) * batchSize + Math.floor(place / size);
  const epoch = (origin.epoch + turns) % 2 ** 32;
  return permute(place % size, size, permutationKey(seed, epoch, salt));
}

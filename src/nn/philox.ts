import { ArgumentError } from '../errors.ts';

/**
 * Philox4x32-10, the counter-based random generator of Salmon, Moraes, Dror and Shaw ("Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011): the CPU twin of shaders/shared/philox.wgsl, bit for bit.
 *
 * Random tensors are defined, not generated in sequence: element i takes lane i mod 4 of
 * philox((⌊i / 4⌋, step, stream, attempt), (seed low, seed high)), so any element can be had on its own, on any
 * device, again. `attempt` is 0 but for truncated normals.
 */
export interface RandomKey {
  /** An integer in [0, 2⁵³). */
  seed: number;
  /** Which tensor or op draws: an integer in [0, 2³²). Default 0. */
  stream?: number;
  /** Training step: an integer in [0, 2³²). Default 0. */
  step?: number;
}

/** Tries of a truncated normal before it is clamped: P(|z| > 2)⁸ = 2 · 10⁻¹¹. */
const ATTEMPTS = 8;
const TWO_PI = 2 * Math.PI;

/**
 * Writes four random words for a counter and key to `out` and returns it.
 * One round, with ⊕ for xor and the 64-bit products split into high and low words:
 * (c₀, c₁, c₂, c₃) ← (hi(M₁c₂) ⊕ c₁ ⊕ k₀, lo(M₁c₂), hi(M₀c₀) ⊕ c₃ ⊕ k₁, lo(M₀c₀)), then k ← k + W.
 */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let c0 = counter[0] | 0;
  let c1 = counter[1] | 0;
  let c2 = counter[2] | 0;
  let c3 = counter[3] | 0;
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, 0xd251, 0x1f53);
    const high1 = multiplyHigh(c2, 0xcd9e, 0x8d57);
    const low0 = Math.imul(c0, 0xd2511f53);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0; // golden ratio
    k1 = (k1 + 0xbb67ae85) | 0; // √3 − 1
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/**
 * High word of the 64-bit product of a and b = high · 2¹⁶ + low, from products of halves. No sum overflows:
 * (2¹⁶ − 1)² + (2¹⁶ − 1) < 2³².
 */
function multiplyHigh(a: number, high: number, low: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const middle = Math.imul(aHigh, low) + (Math.imul(aLow, low) >>> 16);
  const cross = Math.imul(aLow, high) + (middle & 0xffff);
  return (Math.imul(aHigh, high) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** The top 24 bits of a word as a multiple of 2⁻²⁴ in [0, 1): float32 holds it exactly. */
export function uniform01(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}

function wordOf(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new ArgumentError(`random ${name} must be an integer in [0, 2^32), got ${value}`);
}

/** The element blocks of one random tensor: a counter whose first word is moved along. */
class Blocks {
  readonly words = new Uint32Array(4);
  private readonly counter: Uint32Array;
  private readonly key: Uint32Array;

  constructor({ seed, stream = 0, step = 0 }: RandomKey) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ArgumentError(`random seed must be an integer in [0, 2^53), got ${seed}`);
    }
    this.key = Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32));
    this.counter = Uint32Array.of(0, wordOf('step', step), wordOf('stream', stream), 0);
  }

  /** The words of elements 4 · block to 4 · block + 3, in `words`, which the next call overwrites. */
  at(block: number, attempt = 0): Uint32Array {
    this.counter[0] = block;
    this.counter[3] = attempt;
    return philox4x32(this.counter, this.key, this.words);
  }

  /**
   * Four standard normals by Box-Muller, two from each pair of words: √(−2 ln u₁) · (cos 2πu₂, sin 2πu₂)
   * with u₁ = 1 − uniform01 in (0, 1], so the logarithm is finite and no value exceeds 5.77.
   */
  normals(block: number, out: Float64Array, attempt = 0): Float64Array {
    const words = this.at(block, attempt);
    for (let lane = 0; lane < 4; lane += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform01(words[lane])));
      const angle = TWO_PI * uniform01(words[lane + 1]);
      out[lane] = radius * Math.cos(angle);
      out[lane + 1] = radius * Math.sin(angle);
    }
    return out;
  }
}

/** Fills `out` with uniform values in [low, high), up to float32 rounding; returns it. */
export function fillUniform(out: Float32Array, key: RandomKey, low = 0, high = 1): Float32Array {
  const blocks = new Blocks(key);
  const range = high - low;
  for (let i = 0; i < out.length; i += 4) {
    const words = blocks.at(i / 4);
    const lanes = Math.min(4, out.length - i);
    for (let lane = 0; lane < lanes; lane++) out[i + lane] = low + range * uniform01(words[lane]);
  }
  return out;
}

/** Fills `out` with normal values; returns it. */
export function fillNormal(out: Float32Array, key: RandomKey, mean = 0, deviation = 1): Float32Array {
  const blocks = new Blocks(key);
  const z = new Float64Array(4);
  for (let i = 0; i < out.length; i += 4) {
    blocks.normals(i / 4, z);
    const lanes = Math.min(4, out.length - i);
    for (let lane = 0; lane < lanes; lane++) out[i + lane] = mean + deviation * z[lane];
  }
  return out;
}

/**
 * Fills `out` with normal values drawn again while further than two deviations from the mean; returns it.
 * Each lane takes the first of its attempts 0 to 7 that is within; if none is, the last, clamped.
 * `deviation` is that of the normal before truncation; afterwards 0.8796 of it is left.
 */
export function fillTruncatedNormal(
  out: Float32Array,
  key: RandomKey,
  mean = 0,
  deviation = 1,
): Float32Array {
  const blocks = new Blocks(key);
  const z = new Float64Array(4);
  const retry = new Float64Array(4);
  for (let i = 0; i < out.length; i += 4) {
    blocks.normals(i / 4, z);
    for (let attempt = 1; attempt < ATTEMPTS && z.some((value) => Math.abs(value) > 2); attempt++) {
      blocks.normals(i / 4, retry, attempt);
      for (let lane = 0; lane < 4; lane++) if (Math.abs(z[lane]) > 2) z[lane] = retry[lane];
    }
    const lanes = Math.min(4, out.length - i);
    for (let lane = 0; lane < lanes; lane++) {
      out[i + lane] = mean + deviation * Math.min(Math.max(z[lane], -2), 2);
    }
  }
  return out;
}

/**
 * One number after another from a random tensor: the n-th call is element n, as long as all calls are of one
 * kind. Mixed calls never share bits: a pair of normals takes two elements, from an even one on.
 */
export class Philox {
  private readonly blocks: Blocks;
  private readonly z = new Float64Array(4);
  private element = 0;
  private spare: number | undefined;

  constructor(key: RandomKey) {
    this.blocks = new Blocks(key);
  }

  /** Uniform in [0, 1), a multiple of 2⁻²⁴. */
  uniform(): number {
    const i = this.element++;
    return uniform01(this.blocks.at(Math.floor(i / 4))[i % 4]);
  }

  /** Standard normal. */
  normal(): number {
    const spare = this.spare;
    if (spare !== undefined) {
      this.spare = undefined;
      return spare;
    }
    const i = this.element + (this.element % 2);
    this.element = i + 2;
    this.blocks.normals(Math.floor(i / 4), this.z);
    this.spare = this.z[(i % 4) + 1];
    return this.z[i % 4];
  }
}

import { array, sizeOf, type Array64 } from './array.ts';

/**
 * The random-number contract, by the book: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011) on BigInt, and what is drawn from it.
 * Element i of a random tensor takes lane i mod 4 of philox((⌊i/4⌋, step, stream, attempt), (seed low, seed high)).
 */
export interface RandomKey {
  /** An integer in [0, 2⁵³). */
  seed: number;
  /** Which tensor or op. Default 0. */
  stream?: number;
  /** Training step. Default 0. */
  step?: number;
}

const WORD = 0xffffffffn;

/** Ten rounds of (c₀, c₁, c₂, c₃) ← (hi(M₁c₂) ⊕ c₁ ⊕ k₀, lo(M₁c₂), hi(M₀c₀) ⊕ c₃ ⊕ k₁, lo(M₀c₀)), k ← k + W. */
export function philox4x32(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & WORD, (p0 >> 32n) ^ c3 ^ k1, p0 & WORD];
    k0 = (k0 + 0x9e3779b9n) & WORD; // golden ratio
    k1 = (k1 + 0xbb67ae85n) & WORD; // √3 − 1
  }
  return [c0, c1, c2, c3].map(Number);
}

/** The four words of element i's block. */
export function bitsAt(i: number, { seed, stream = 0, step = 0 }: RandomKey, attempt = 0): number[] {
  return philox4x32([Math.floor(i / 4), step, stream, attempt], [seed % 2 ** 32, Math.floor(seed / 2 ** 32)]);
}

/** The top 24 bits as a multiple of 2⁻²⁴ in [0, 1): float32 holds it exactly. */
export function uniform01(bits: number): number {
  return (bits >>> 8) / 2 ** 24;
}

export function uniformAt(i: number, key: RandomKey): number {
  return uniform01(bitsAt(i, key)[i % 4]);
}

/** Box-Muller on lanes (0, 1) and (2, 3): √(−2 ln u₁) cos 2πu₂ in the even lane, … sin 2πu₂ in the odd; u₁ ∈ (0, 1]. */
export function normalAt(i: number, key: RandomKey, attempt = 0): number {
  const bits = bitsAt(i, key, attempt);
  const pair = (i % 4) - (i % 2);
  const radius = Math.sqrt(-2 * Math.log(1 - uniform01(bits[pair])));
  const angle = 2 * Math.PI * uniform01(bits[pair + 1]);
  return radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}

/** The first normal within ±2 of attempts 0 to 7; if none is (2 · 10⁻¹¹ of all cases), the last, clamped to ±2. */
export function truncatedNormalAt(i: number, key: RandomKey): number {
  let z = normalAt(i, key);
  for (let attempt = 1; attempt < 8 && Math.abs(z) > 2; attempt++) z = normalAt(i, key, attempt);
  return Math.min(Math.max(z, -2), 2);
}

function fill(shape: readonly number[], f: (i: number) => number): Array64 {
  return array(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
  );
}

/** Uniform in [low, high). */
export function uniform(shape: readonly number[], key: RandomKey, low = 0, high = 1): Array64 {
  return fill(shape, (i) => low + (high - low) * uniformAt(i, key));
}

export function normal(shape: readonly number[], key: RandomKey, mean = 0, deviation = 1): Array64 {
  return fill(shape, (i) => mean + deviation * normalAt(i, key));
}

/** `deviation` is that of the normal before truncation. */
export function truncatedNormal(shape: readonly number[], key: RandomKey, mean = 0, deviation = 1): Array64 {
  return fill(shape, (i) => mean + deviation * truncatedNormalAt(i, key));
}

/**
 * Inverted dropout: what x is multiplied with, 1/(1 − rate) where uniform ≥ rate, else 0; 0 ≤ rate < 1. As
 * uniforms are multiples of 2⁻²⁴, a kernel decides exactly the same by comparing (word >> 8) ≥ ⌈rate · 2²⁴⌉.
 */
export function dropoutMask(shape: readonly number[], key: RandomKey, rate: number): Array64 {
  return fill(shape, (i) => (uniformAt(i, key) >= rate ? 1 / (1 - rate) : 0));
}

/**
 * A stream of uniform numbers in [0, 1) that depends only on `seed` and `stream`, so that sample i of a set can be
 * generated without those before it.
 *
 * The generator is Bob Jenkins's small fast counter `sfc32` (PractRand): 32-bit integer additions, shifts and
 * rotations only, hence the same numbers in every JavaScript engine.
 */
export function randomStream(seed: number, stream = 0): () => number {
  let a = seed | 0;
  let b = stream | 0;
  let c = Math.floor(seed / 4294967296) | 0;
  let counter = 1;
  const next = () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  };
  // Twelve rounds mix neighbouring seeds and streams apart.
  for (let round = 0; round < 12; round++) next();
  return () => next() / 4294967296;
}

/** A number of N(0, 1) from the next two uniform ones: √(−2 ln(1 − u)) cos 2πv, where 1 − u is never 0 (Box & Muller 1958). */
export const normalFrom = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

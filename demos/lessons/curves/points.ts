/** Points in the plane, [x, y] each, and which of two classes each belongs to. */
export interface Points {
  readonly x: readonly (readonly [number, number])[];
  readonly y: readonly number[];
}

/** Numbers in [0, 1) that look random, the same for the same seed (Tommy Ettinger's mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two interleaved half moons, with noise; a few points have the wrong class. */
export function moons(count: number, seed: number): Points {
  const random = randomFrom(seed);
  const noise = () => 0.24 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const points = Array.from({ length: count }, (_, i) => {
    const angle = Math.PI * random();
    const upper = i % 2 === 0;
    const [x, y] = upper ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    const wrong = random() < 0.05;
    return { at: [x - 0.5 + noise(), y - 0.25 + noise()] as const, y: Number(upper !== wrong) };
  });
  return { x: points.map(({ at }) => at), y: points.map(({ y }) => y) };
}

/** The indices of a batch's samples: every sample once in random order, then again in a new order. */
export function* batches(samples: number, size: number, seed: number): Generator<number[], never> {
  const random = randomFrom(seed);
  let order: number[] = [];
  for (;;) {
    if (order.length < Math.min(size, samples)) {
      order = Array.from({ length: samples }, (_, i) => i);
      for (let i = samples - 1; i > 0; i--) {
        const other = Math.floor(random() * (i + 1));
        [order[i], order[other]] = [order[other], order[i]];
      }
    }
    yield order.splice(0, size);
  }
}

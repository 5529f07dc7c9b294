/** How often each candidate is timed in the first round, and at most in a later one. */
const FIRST_SAMPLES = 2;
const MOST_SAMPLES = 8;
/** A candidate whose first sample takes this many times as long as the best is not timed again. */
const HOPELESS = 3;

/**
 * Successive halving: times all candidates a few times, keeps the faster half, times those more often, and so on until
 * one is left beside `keep`. Within a round the candidates take turns, so that a slow moment of the machine slows all of
 * them. The smallest sample counts, because noise only adds time.
 *
 * @param keep stays in the field to the end, to be compared with the winner
 * @returns the least time of each candidate
 */
export async function halve<C>(
  candidates: readonly C[],
  keep: C,
  sample: (candidate: C) => Promise<number>,
): Promise<Map<C, number>> {
  const best = new Map<C, number>();
  const time = async (candidate: C) =>
    best.set(candidate, Math.min(best.get(candidate) ?? Infinity, await sample(candidate)));
  for (const candidate of candidates) await time(candidate);
  const least = Math.min(...best.values());
  let rivals = candidates.filter((own) => own !== keep && best.get(own)! <= HOPELESS * least);
  for (let samples = FIRST_SAMPLES; rivals.length > 0; samples = Math.min(MOST_SAMPLES, samples * 2)) {
    for (let i = 0; i < samples; i++) for (const own of [keep, ...rivals]) await time(own);
    if (rivals.length === 1) break;
    const ranked = rivals.toSorted((a, b) => best.get(a)! - best.get(b)!);
    rivals = ranked.slice(0, Math.ceil(rivals.length / 2));
  }
  return best;
}

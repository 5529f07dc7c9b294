/**
 * Every `n`-th of the cases, so that `n` calls with `turn` 0, 1, … have all of them between them; at least one. Most of the
 * time of a test goes into compiling its kernels, one for each case: `npm test` holds a share of them against the
 * reference, and `npm run test:cases` all.
 */
export function share<T>(cases: readonly T[], n: number, turn: number): readonly T[] {
  if (process.env.WGRAD_ALL_CASES) return cases;
  const some = cases.filter((_, i) => (i + turn) % n === 0);
  return some.length > 0 ? some : cases.slice(0, 1);
}

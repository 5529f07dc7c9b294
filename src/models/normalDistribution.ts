/** Φ(x): the share of N(0, 1) below x, for |x| up to 4, by its series ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …). */
export function normalShare(x: number): number {
  let [sum, term] = [x, x];
  for (let k = 3; k < 120; k += 2) sum += term *= (x * x) / k;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/**
 * Φ⁻¹(p): the number that a share p of N(0, 1) is below, by bisection between −4 and 4. Numbers at evenly spaced p are as dense
 * as the normal distribution.
 */
export function normalQuantile(p: number): number {
  let [low, high] = [-4, 4];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Terms of a long sum that are added before they join the total: about √count, a divisor of it where there is one. The
 * error of a sum of n numbers, added one by one, grows like n; in blocks it grows like √n.
 */
export function blockOf(count: number): number {
  if (count <= 128) return count;
  for (let block = 128; block >= 40; block--) if (count % block === 0) return block;
  return 64;
}

import { map } from './array.ts';
import type { Array64 } from './array.ts';

/**
 * The numbers i and i + size / 2 of each head of x, [batch, steps, heads, size], turned by (step + offset) · base^(−2i / size).
 *
 * @param sign −1 turns back, which is the gradient
 */
export function rotary(x: Array64, base = 10_000, offsets?: Array64, sign = 1): Array64 {
  const [batch, steps, heads, size] = x.shape;
  const half = size / 2;
  return map(x, (own, i) => {
    const place = i % size;
    const row = Math.floor(i / size);
    const sequence = Math.floor(row / heads / steps) % batch;
    const position = (Math.floor(row / heads) % steps) + (offsets?.data[sequence] ?? 0);
    const angle = sign * position * base ** ((-2 * (place % half)) / size);
    const other = x.data[i + (place < half ? half : -half)];
    return own * Math.cos(angle) + (place < half ? -other : other) * Math.sin(angle);
  });
}

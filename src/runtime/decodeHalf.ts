/** The numbers whose bits as f16 these are. */
export function decodeHalf(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (word) => {
    const sign = word >> 15 ? -1 : 1;
    const exponent = (word >> 10) & 31;
    const fraction = (word & 1023) / 1024;
    if (exponent === 31) return fraction > 0 ? NaN : sign * Infinity;
    return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
  });
}

/** A number in a sentence: to three decimals, without zeros behind a number that is exact. */
export function written(value: number): string {
  const rounded = Math.abs(value).toFixed(3);
  const isExact = Number(rounded) === Math.abs(value);
  return (value < 0 ? '−' : '') + (isExact ? String(Math.abs(value)) : rounded);
}

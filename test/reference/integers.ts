/** What two whole numbers give as integers of 32 bits: truth values are 0 and 1. */
export const integerTable: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => Number((BigInt(a) * BigInt(b)) & 0xffffffffn),
  floorDivide: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  remainder: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  maximum: Math.max,
  minimum: Math.min,
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  leftShift: (a, b) => a << (b % 32),
  rightShift: (a, b) => Math.floor(a / 2 ** (((b % 32) + 32) % 32)),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
};

/** Wrapped around at 2³². */
export const wrapped = (value: number, dtype: 'i32' | 'u32'): number => {
  const bits = ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
  return dtype === 'i32' && bits >= 2 ** 31 ? bits - 2 ** 32 : bits;
};

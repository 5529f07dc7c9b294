/**
 * WGSL's arithmetic in JavaScript, by name: `f_exp` is `exp` of an f32, `i_` stands for i32, `u_` for u32, `b_` for
 * bool. A builtin exists where its function does. Results of f_ functions are rounded to f32; those of + - * / and sqrt
 * are then exactly WGSL's, because a double holds more than twice as many bits. i32 are numbers from -2³¹ to 2³¹ - 1,
 * u32 from 0 to 2³² - 1, bool are true and false.
 */
const { fround, imul, clz32 } = Math;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of an f32 as a u32, and back. */
const float_bits = (x: number) => ((float[0] = x), bits[0]);
const bits_float = (x: number) => ((bits[0] = x), float[0]);

/** Halfway cases go to the even neighbour. */
function even(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return x === -0.5 ? -0 : down % 2 === 0 ? down : down + 1;
}

/** The bits of the float of 16 bits nearest to x. */
function half_bits(x: number): number {
  const sign = Object.is(x, -0) || x < 0 ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(a || 2 ** -14)));
  const scaled = even(a * 2 ** (10 - exponent)); // 1024 … 2047, or less below the normal range
  return sign | (scaled < 1024 ? scaled : ((exponent + 15) << 10) + (scaled - 1024));
}

function half_float(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Whole numbers of `width` bits in the bytes of a u32, clamped. */
const byte = (x: number, i: number) => (x >>> (8 * i)) & 255;
const signed_byte = (x: number, i: number) => (byte(x, i) << 24) >> 24;
const clamped = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const snorm = (x: number, most: number) => Math.floor(0.5 + most * clamped(x, -1, 1));
const unorm = (x: number, most: number) => Math.floor(0.5 + most * clamped(x, 0, 1));
const four = (a: number, b: number, c: number, d: number) =>
  ((a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | (d << 24)) >>> 0;
const two = (a: number, b: number) => ((a & 0xffff) | (b << 16)) >>> 0;

function u_reverseBits(x: number): number {
  let result = 0;
  for (let i = 0; i < 32; i++) result |= ((x >>> i) & 1) << (31 - i);
  return result >>> 0;
}

function u_countOneBits(x: number): number {
  let count = 0;
  for (let left = x; left !== 0; left &= left - 1) count++;
  return count;
}

const u_countTrailingZeros = (x: number) => (x === 0 ? 32 : 31 - clz32(x & -x));
const u_extractBits = (x: number, offset: number, count: number) => {
  const from = Math.min(offset, 32);
  const width = Math.min(count, 32 - from);
  return width === 0 ? 0 : (x << (32 - width - from)) >>> (32 - width);
};
const u_insertBits = (x: number, inserted: number, offset: number, count: number) => {
  const from = Math.min(offset, 32);
  const width = Math.min(count, 32 - from);
  if (width === 0) return x;
  const mask = ((0xffffffff >>> (32 - width)) << from) >>> 0;
  return ((x & ~mask) | ((inserted << from) & mask)) >>> 0;
};

/** Every number with one name for i32 and u32, whose bits are the same. */
const f_sign = (x: number) => (x > 0 ? 1 : x < 0 ? -1 : x);
const f_smoothstep = (low: number, high: number, x: number) => {
  const t = fround(clamped(fround(fround(x - low) / fround(high - low)), 0, 1));
  return fround(t * t * fround(3 - fround(2 * t)));
};

export const ARITHMETIC = {
  fround,
  imul,
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  trunc: Math.trunc,
  float_bits,
  bits_float,
  /** The nearest f16. */
  half: (x: number) => half_float(half_bits(x)),

  // What division and conversion give where mathematics has no answer; too large a float becomes the largest below.
  i_divide: (a: number, b: number) => (b === 0 ? a : (a / b) | 0),
  i_remainder: (a: number, b: number) => (b === 0 ? 0 : (a % b) | 0),
  u_divide: (a: number, b: number) => (b === 0 ? a : (a / b) >>> 0),
  u_remainder: (a: number, b: number) => (b === 0 ? 0 : (a % b) >>> 0),
  to_i32: (x: number) => (x >= 2147483648 ? 2147483520 : x <= -2147483648 ? -2147483648 : x | 0),
  to_u32: (x: number) => (x >= 4294967296 ? 4294967040 : x > 0 ? Math.floor(x) >>> 0 : 0),

  f_abs: Math.abs,
  f_acos: (x: number) => fround(Math.acos(x)),
  f_acosh: (x: number) => fround(Math.acosh(x)),
  f_asin: (x: number) => fround(Math.asin(x)),
  f_asinh: (x: number) => fround(Math.asinh(x)),
  f_atan: (x: number) => fround(Math.atan(x)),
  f_atan2: (y: number, x: number) => fround(Math.atan2(y, x)),
  f_atanh: (x: number) => fround(Math.atanh(x)),
  f_ceil: Math.ceil,
  f_clamp: (x: number, low: number, high: number) => Math.min(Math.max(x, low), high),
  f_cos: (x: number) => fround(Math.cos(x)),
  f_cosh: (x: number) => fround(Math.cosh(x)),
  f_degrees: (x: number) => fround((x * 180) / Math.PI),
  f_exp: (x: number) => fround(Math.exp(x)),
  f_exp2: (x: number) => fround(2 ** x),
  f_floor: Math.floor,
  f_fma: (a: number, b: number, c: number) => fround(a * b + c),
  f_fract: (x: number) => fround(x - Math.floor(x)),
  f_inverseSqrt: (x: number) => fround(1 / Math.sqrt(x)),
  f_ldexp: (x: number, exponent: number) =>
    fround(x * 2 ** (exponent >> 1) * 2 ** (exponent - (exponent >> 1))),
  f_log: (x: number) => fround(Math.log(x)),
  f_log2: (x: number) => fround(Math.log2(x)),
  f_max: Math.max,
  f_min: Math.min,
  f_mix: (a: number, b: number, t: number) => fround(fround(a * fround(1 - t)) + fround(b * t)),
  f_pow: (a: number, b: number) => fround(a ** b),
  f_quantizeToF16: (x: number) => half_float(half_bits(x)),
  f_radians: (x: number) => fround((x * Math.PI) / 180),
  f_round: even,
  f_saturate: (x: number) => clamped(x, 0, 1),
  f_sign,
  f_sin: (x: number) => fround(Math.sin(x)),
  f_sinh: (x: number) => fround(Math.sinh(x)),
  f_smoothstep,
  f_sqrt: (x: number) => fround(Math.sqrt(x)),
  f_step: (edge: number, x: number) => (edge <= x ? 1 : 0),
  f_tan: (x: number) => fround(Math.tan(x)),
  f_tanh: (x: number) => fround(Math.tanh(x)),
  f_trunc: Math.trunc,
  /** The part of frexp: x = fraction · 2^exponent with 0.5 <= |fraction| < 1. */
  f_exponent: (x: number) => {
    if (x === 0 || !Number.isFinite(x)) return 0;
    const exponent = Math.floor(Math.log2(Math.abs(x))) + 1;
    return Math.abs(x) >= 2 ** exponent
      ? exponent + 1
      : Math.abs(x) < 2 ** (exponent - 1)
        ? exponent - 1
        : exponent;
  },

  i_abs: (x: number) => Math.abs(x) | 0,
  i_clamp: (x: number, low: number, high: number) => Math.min(Math.max(x, low), high),
  i_max: Math.max,
  i_min: Math.min,
  i_sign: f_sign,
  i_countLeadingZeros: clz32,
  i_countOneBits: u_countOneBits,
  i_countTrailingZeros: u_countTrailingZeros,
  i_firstLeadingBit: (x: number) => 31 - clz32(x < 0 ? ~x : x),
  i_firstTrailingBit: (x: number) => 31 - clz32(x & -x),
  i_reverseBits: (x: number) => u_reverseBits(x) | 0,
  i_extractBits: (x: number, offset: number, count: number) => {
    const width = Math.min(count, 32 - Math.min(offset, 32));
    return width === 0 ? 0 : (u_extractBits(x, offset, count) << (32 - width)) >> (32 - width);
  },
  i_insertBits: (x: number, inserted: number, offset: number, count: number) =>
    u_insertBits(x >>> 0, inserted, offset, count) | 0,

  u_abs: (x: number) => x,
  u_clamp: (x: number, low: number, high: number) => Math.min(Math.max(x, low), high),
  u_max: Math.max,
  u_min: Math.min,
  u_countLeadingZeros: clz32,
  u_countOneBits,
  u_countTrailingZeros,
  u_firstLeadingBit: (x: number) => (x === 0 ? 4294967295 : 31 - clz32(x)),
  u_firstTrailingBit: (x: number) => (x === 0 ? 4294967295 : 31 - clz32(x & -x)),
  u_reverseBits,
  u_extractBits,
  u_insertBits,

  // Packed vectors: the value of component i, or the u32 of all components.
  pack4xI8: four,
  pack4xU8: four,
  pack4xI8Clamp: (...v: [number, number, number, number]) =>
    four(...(v.map((x) => clamped(x, -128, 127)) as typeof v)),
  pack4xU8Clamp: (...v: [number, number, number, number]) =>
    four(...(v.map((x) => clamped(x, 0, 255)) as typeof v)),
  pack4x8snorm: (...v: [number, number, number, number]) =>
    four(...(v.map((x) => snorm(x, 127)) as typeof v)),
  pack4x8unorm: (...v: [number, number, number, number]) =>
    four(...(v.map((x) => unorm(x, 255)) as typeof v)),
  pack2x16snorm: (a: number, b: number) => two(snorm(a, 32767), snorm(b, 32767)),
  pack2x16unorm: (a: number, b: number) => two(unorm(a, 65535), unorm(b, 65535)),
  pack2x16float: (a: number, b: number) => two(half_bits(a), half_bits(b)),
  unpack4xI8: signed_byte,
  unpack4xU8: byte,
  unpack4x8snorm: (x: number, i: number) => Math.max(fround(signed_byte(x, i) / 127), -1),
  unpack4x8unorm: (x: number, i: number) => fround(byte(x, i) / 255),
  unpack2x16snorm: (x: number, i: number) => Math.max(fround(((x << (16 - 16 * i)) >> 16) / 32767), -1),
  unpack2x16unorm: (x: number, i: number) => fround(((x >>> (16 * i)) & 0xffff) / 65535),
  unpack2x16float: (x: number, i: number) => half_float((x >>> (16 * i)) & 0xffff),
};

/** Text that is faster than a call. */
export const INLINE: Readonly<Record<string, (...args: string[]) => string>> = {
  f_abs: (x) => `abs(${x})`,
  f_fma: (a, b, c) => `fround(${a} * ${b} + ${c})`,
  f_max: (a, b) => `max(${a}, ${b})`,
  f_min: (a, b) => `min(${a}, ${b})`,
  i_max: (a, b) => `max(${a}, ${b})`,
  i_min: (a, b) => `min(${a}, ${b})`,
  u_max: (a, b) => `max(${a}, ${b})`,
  u_min: (a, b) => `min(${a}, ${b})`,
};

const names = Object.keys(ARITHMETIC);
const functions = Object.values(ARITHMETIC);
const folded = new Map<string, string>();

/** The text of the number or truth value that an expression over constants has. */
export function fold(text: string): string {
  if (LITERAL.test(text)) return text;
  let result = folded.get(text);
  if (result === undefined) {
    const value: unknown = new Function(...names, `return ${text}`)(...functions);
    result = Object.is(value, -0) ? '-0' : String(value);
    folded.set(text, result);
  }
  return result;
}

const LITERAL = /^-?(?:[\d.]+(?:e[-+]?\d+)?|Infinity)$|^(?:NaN|true|false)$/;

/** Whether evaluating the text again costs nothing. */
export const isSimple = (text: string): boolean => LITERAL.test(text) || /^[\w$]+$/.test(text);
export const isLiteral = (text: string): boolean => LITERAL.test(text);

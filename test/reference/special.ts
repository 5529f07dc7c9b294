import { erf } from './elementwise.ts';
import type { Binary, Unary } from './elementwise.ts';

/** Functions and derivatives of shaders/shared/special.wgsl, by the op's name. */
export const specialTable = {
  tan: { f: Math.tan, df: (x) => 1 + Math.tan(x) ** 2, domain: [-1.4, 1.4] },
  asin: { f: Math.asin, df: (x) => 1 / Math.sqrt(1 - x * x), domain: [-0.95, 0.95] },
  acos: { f: Math.acos, df: (x) => -1 / Math.sqrt(1 - x * x), domain: [-0.95, 0.95] },
  atan: { f: Math.atan, df: (x) => 1 / (1 + x * x) },
  sinh: { f: Math.sinh, df: Math.cosh },
  cosh: { f: Math.cosh, df: Math.sinh },
  asinh: { f: Math.asinh, df: (x) => 1 / Math.sqrt(1 + x * x) },
  acosh: { f: Math.acosh, df: (x) => 1 / Math.sqrt(x - 1) / Math.sqrt(x + 1), domain: [1.1, 4] },
  atanh: { f: Math.atanh, df: (x) => (Math.abs(x) > 1 ? NaN : 1 / (1 - x * x)), domain: [-0.95, 0.95] },
  erf: { f: erf, df: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) },
} satisfies Record<string, Unary>;

export type SpecialName = keyof typeof specialTable;

/** The angle of (x, y), with y first. */
export const atan2: Binary = {
  f: Math.atan2,
  da: (y, x) => x / (x * x + y * y),
  db: (y, x) => -y / (x * x + y * y),
};

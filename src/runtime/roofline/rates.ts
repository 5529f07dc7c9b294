/** The highest speeds that kernels made for it have reached on the machine. */
export interface Ceilings {
  /** Multiply-adds out of registers. */
  readonly gflops: number;
  /** Bytes read and written by a copy. */
  readonly gbs: number;
}

/** How fast a kernel is, beside what the machine can do. */
export interface Rates {
  readonly gflops: number;
  readonly gbs: number;
  /** What would take longer at its ceiling. */
  readonly bound: 'arithmetic' | 'memory';
  /** Time at the nearer ceiling ÷ time, 0 … 1. */
  readonly ofCeiling: number;
}

/** Speeds, and how near they come to the ceiling that bounds them. */
export function rates(flops: number, bytes: number, ms: number, { gflops, gbs }: Ceilings): Rates {
  const atCeiling = { arithmetic: flops / gflops / 1e6, memory: bytes / gbs / 1e6 };
  const bound = atCeiling.arithmetic > atCeiling.memory ? 'arithmetic' : 'memory';
  return { gflops: flops / ms / 1e6, gbs: bytes / ms / 1e6, bound, ofCeiling: atCeiling[bound] / ms };
}

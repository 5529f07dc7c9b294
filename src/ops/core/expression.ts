import type { KernelFile } from '../../kernels/kernel.ts';

/**
 * A fused elementwise computation: a short straight-line program over library functions
 * (shaders/shared/*.wgsl). Values are numbered: the inputs first, then the steps' results;
 * the last step is the result. With no steps, the result is input 0.
 */
export interface Expression {
  readonly inputs: number;
  readonly steps: readonly Step[];
}

export interface Step {
  /** A function of shaders/shared, taking the values `args` and then the `literals` (f32). */
  readonly fn: string;
  readonly args: readonly number[];
  readonly literals: readonly number[];
  /** Where the function stands, if not in the library that every kernel has. */
  readonly file?: KernelFile;
}

/** The files that an expression needs beside the library. */
export const filesOf = ({ steps }: Expression): KernelFile[] => [
  ...new Set(steps.flatMap(({ file }) => (file ? [file] : []))),
];

/** WGSL text of an f32 literal: always with a point or exponent, exact when read back, up to the sign of 0. */
export function literal(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) throw new RangeError('An f32 literal must be a number, not NaN');
  // WGSL has no literal for them, and refuses constant expressions that come to them; a function's result may.
  if (!Number.isFinite(rounded)) return `float_of(${rounded > 0 ? '0x7f800000u' : '0xff800000u'})`;
  const text = String(rounded);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * The body of a WGSL function that computes the expression: one `let` per step.
 * `inputs[i]` is the WGSL text of input i.
 */
export function expressionBody(expression: Expression, inputs: readonly string[]): string {
  const names = [...inputs];
  const lines = expression.steps.map(({ fn, args, literals }, i) => {
    const text = `${fn}(${[...args.map((a) => names[a]), ...literals.map(literal)].join(', ')})`;
    names.push(`t${i}`);
    return `let t${i} = ${text};`;
  });
  return [...lines, `return ${names.at(-1)!};`].join('\n  ');
}

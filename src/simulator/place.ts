import type { SpecializedKernel } from '../kernels/kernel.ts';
import type { Site } from './module.ts';

/** A place in the code, as text. */
export interface CodePlace {
  /** The file, or undefined for generated code. */
  readonly file: string | undefined;
  /** In the file, or in the specialised code where there is none. */
  readonly line: number;
  readonly column: number;
  readonly fn: string;
  /** `matmul/2_tiled.wgsl:81` */
  readonly text: string;
}

export function placeOf({ name, lineOrigins }: SpecializedKernel, { at, fn }: Site): CodePlace {
  const origin = lineOrigins?.[at.line - 1];
  const line = origin?.line ?? at.line;
  const text = origin ? `${origin.file}.wgsl:${line}` : `${name}, specialised line ${line}`;
  return { file: origin?.file, line, column: at.column, fn, text };
}

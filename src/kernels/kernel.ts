import type { Declaration } from './parse.ts';
import type { Token } from './tokens.ts';

/** A kernel file: `shaders/matmul/1_naive.wgsl` has the name `matmul/1_naive`. */
export interface KernelFile {
  readonly name: string;
  readonly source: string;
}

export type ConstantValue = number | boolean | readonly number[];

/** Changes declarations of buffers, and functions that use them; apart from `specialize`, since few need it. */
export interface HalfStorage {
  readonly names: readonly string[];
  /** Changes the buffers among the declarations. @returns what changes the tokens of a function */
  declare(
    kernel: string,
    declarations: Map<string, Declaration>,
  ): (fn: string, tokens: readonly Token[]) => readonly Token[];
}

/** What to change in a kernel file. */
export interface Specialization {
  /** New values of `const` declarations; the declared type stays, an array takes the length of its value. */
  readonly constants?: Readonly<Record<string, ConstantValue>>;
  /** New types of `alias` declarations, such as `{ Value: 'vec4f' }`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** New bodies (statements) of functions, such as `{ epilogue: 'return relu(value);' }`. */
  readonly functions?: Readonly<Record<string, string>>;
  /** Buffers of f32 numbers whose memory holds f16: `new HalfBuffers(['output'])`. */
  readonly halves?: HalfStorage;
  /** Files from which functions, constants and types that the file lacks are taken. */
  readonly library?: readonly KernelFile[];
}

/**
 * A buffer that the specialised kernel uses. `type` has its aliases resolved: `array<vec4f>`. A `uniform` one is read
 * too, has a fixed size, and lies on a multiple of 256 bytes.
 */
export interface BindingInfo {
  readonly name: string;
  readonly group: 0;
  readonly binding: number;
  readonly access: 'read' | 'read_write' | 'uniform';
  readonly type: string;
}

export interface SpecializedKernel {
  readonly name: string;
  readonly code: string;
  /** Only what the code uses, by binding number. */
  readonly bindings: readonly BindingInfo[];
  readonly workgroupSize: readonly [number, number, number];
  /** Bytes of workgroup memory, as WebGPU counts them against its limit. */
  readonly workgroupBytes: number;
  /** The WebGPU features that its `enable` directives name. */
  readonly features: readonly string[];
  /** For each line of `code` where it comes from; undefined for generated code. */
  readonly lineOrigins?: readonly (LineOrigin | undefined)[];
}

/** A line of a kernel or library file. */
export interface LineOrigin {
  readonly file: string;
  readonly line: number;
}

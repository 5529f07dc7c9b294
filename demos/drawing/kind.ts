import type { Palette, Rgb } from '../shared/palette.ts';
import type { PanelLayout } from './panels.ts';

/** A range of a GPU buffer: what `program.location` and `gpu.variables.location` give. */
export interface Range {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** The room for a shader's uniform, seen as each kind of number. */
export interface Uniform {
  readonly floats: Float32Array;
  readonly words: Uint32Array;
  /** Writes colours, each as a vec4f, from this number on. */
  colours(first: number, colours: readonly Rgb[]): void;
}

/** How pictures of one kind are drawn: `S` says what is in them. */
export interface Kind<S> {
  readonly code: string;
  readonly blend?: GPUBlendState;
  /** What the shader reads, from binding 0 on; the uniform comes after it. `upload` makes a buffer of the panel's own. */
  bindings(source: S, upload: (words: Uint32Array) => Range): readonly Range[];
  /** Writes the shader's uniform. */
  describe(source: S, layout: PanelLayout, palette: Palette, uniform: Uniform): void;
  /** Vertices, and instances, of a picture. */
  vertices(source: S): readonly [number, number];
  /** The picture stays the same until the panel changes: it need not be drawn again at every look. */
  readonly still?: boolean;
}

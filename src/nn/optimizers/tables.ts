import type { RangeLayout, Segment } from '../../runtime/optimizerSpec.ts';

/** A value that is the same for all of a variable's parameters, and may differ between variables. */
export interface TableField {
  readonly name: string;
  valueOf(segment: Segment): number;
}

/**
 * What kernels that see flat parameters know of the variables, stored in `hyper` after learning rate, norm and scale:
 *
 *     constants                     the optimizer's own
 *     blocks [B, fields]            for each 64 parameters (a variable begins at such a block): its fields, and where the
 *                                   record of its variable is, if there are records
 *     records [S, 2 norms + 2]      for each variable: norms, each scaled and with its scale; first block, end of its blocks
 *
 * All are f32: whole numbers are exact up to 2^24.
 */
export class Tables {
  readonly #constants: readonly number[];
  readonly #fields: readonly TableField[];
  /** How many norms of each variable there are. */
  readonly #norms: number;
  readonly #first: number;
  readonly #width: number;

  constructor(constants: readonly number[], fields: readonly TableField[], norms: number) {
    this.#constants = constants;
    this.#fields = fields;
    this.#norms = norms;
    this.#first = 3 + constants.length;
    this.#width = fields.length + (norms > 0 ? 1 : 0);
  }

  /** Words of a variable's record. */
  get recordWidth(): number {
    return this.#norms > 0 ? 2 * this.#norms + 2 : 0;
  }

  /** Where the records begin in `hyper`. */
  recordsAt(ranges: readonly RangeLayout[]): number {
    return this.#first + blocksOf(ranges) * this.#width;
  }

  /** The content, from hyper[3] on. */
  values(ranges: readonly RangeLayout[]): readonly number[] {
    const values = [...this.#constants];
    const segments = ranges.flatMap(({ segments: own, length, firstBlock, firstSegment }) =>
      own.map((segment, i) => ({
        segment,
        number: firstSegment + i,
        first: firstBlock + segment.offset / 64,
        end: firstBlock + (own[i + 1]?.offset ?? length) / 64,
      })),
    );
    for (const { segment, number, first, end } of segments) {
      const record = this.recordsAt(ranges) + number * this.recordWidth;
      const block = this.#fields.map(({ valueOf }) => valueOf(segment));
      if (this.#norms > 0) block.push(record);
      if (this.#width > 0) for (let i = first; i < end; i++) values.push(...block);
    }
    if (this.#norms > 0) {
      const norms = Array.from({ length: 2 * this.#norms }, (_, i) => i % 2);
      for (const { first, end } of segments) values.push(...norms, first, end);
    }
    return values;
  }

  has(name: string): boolean {
    return this.#fields.some((field) => field.name === name);
  }

  /** WGSL text of a field of the variable that vec4f `i` of a range belongs to. */
  field(name: string, range: RangeLayout): string {
    return this.#block(
      this.#fields.findIndex((field) => field.name === name),
      range,
    );
  }

  /** WGSL text of the index in `hyper` of one of that variable's norms, which its scale follows: a u32. */
  norm(index: number, range: RangeLayout): string {
    return `u32(${this.#block(this.#fields.length, range)}) + ${2 * index}u`;
  }

  #block(place: number, { firstBlock }: RangeLayout): string {
    return `hyper[${this.#first + firstBlock * this.#width + place}u + (i >> 4u) * ${this.#width}u]`;
  }
}

/** Blocks of 64 parameters. */
export const blocksOf = (ranges: readonly RangeLayout[]): number =>
  ranges.reduce((sum, { length }) => sum + length / 64, 0);

/** A dispatch in the picture, or those of a column of a layer that is folded. */
export interface Box {
  readonly id: string;
  readonly nodes: readonly number[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The columns that it covers, from and to. */
  readonly columns: readonly [number, number];
  /** It stands at the end of the step: records and the optimizer. */
  readonly end: boolean;
}

export interface Columns {
  readonly left: readonly [number, number, number];
  readonly width: number;
  /** Room at both sides of the picture and between columns. */
  readonly margin: number;
  readonly between: number;
}

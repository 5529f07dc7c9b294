/** One way to look at a shader. */
export interface OpenView {
  /** Beside the text. */
  readonly side: readonly HTMLElement[];
  /** Below both. */
  readonly below: readonly HTMLElement[];
  /** Hears of the line that the reader chose, and shows it. */
  readonly onLine?: (line: number) => void;
  close(): void;
}

import { ArgumentError } from '../../errors.ts';
import { checkFlag, checkOptions, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

export interface CsvLoggerOptions {
  /** Gets a line at a time, with its end: in Node `(line) => appendFile('log.csv', line)`. Awaited. */
  write: (line: string) => void | Promise<void>;
  /** Between two columns; default ','. */
  separator?: string;
  /** Whether there are lines of an earlier training already, so that none with the names is written; default false. */
  append?: boolean;
}

const csvLoggerOptions: OptionTable<CsvLoggerOptions> = { write: required, separator: true, append: true };

/** What `csvLogger` gives: hooks of a callback, for a training of whatever kind. */
export interface CsvLogger {
  onTrainBegin(): void;
  onEpochEnd(epoch: number, values: Readonly<Record<string, number>>): void | Promise<void>;
}

/**
 * Writes the results of each epoch as a line of comma-separated values (Keras's CSVLogger): the epoch, then the others in
 * alphabetical order. Columns are those of the first line; a value that an epoch does not have, as without a validation,
 * is NA.
 *
 * @throws ArgumentError if an option is out of range
 */
export function csvLogger(options: CsvLoggerOptions): CsvLogger {
  checkOptions('csvLogger', options, csvLoggerOptions);
  const { write, separator = ',', append = false } = options;
  checkFlag('csvLogger', 'append', append);
  if (typeof write !== 'function') {
    throw new ArgumentError(
      `csvLogger: write is ${describe(write)}; it must be a function that keeps a line: (line) => …`,
    );
  }
  if (typeof separator !== 'string' || separator === '' || /["\r\n]/.test(separator)) {
    throw new ArgumentError(
      `csvLogger: separator is ${describe(separator)}; it must be a text without quotes and ends of lines, such as ";"`,
    );
  }
  const quoted = (text: string) =>
    text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (cells: readonly string[]) => `${cells.map(quoted).join(separator)}\n`;
  let columns: readonly string[] | undefined;
  return {
    onTrainBegin() {
      columns = undefined;
    },
    onEpochEnd(_epoch, values) {
      const first = columns === undefined;
      const others = Object.keys(values).filter((name) => name !== 'epoch');
      columns ??= ['epoch', ...others.toSorted()];
      const row = line(columns.map((name) => String(values[name] ?? 'NA')));
      return write(first && !append ? line(columns) + row : row);
    },
  };
}

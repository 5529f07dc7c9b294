/** The tables of docs/keras: which word of Keras and TensorFlow.js is which of wgrad's. */

export interface Row {
  /** Where it stands, for messages: `layers.md: Dense`. */
  readonly place: string;
  /** The part of Keras that the table is about: `layers`, `losses`, …; its first heading says it. */
  readonly kind: string;
  readonly keras: readonly string[];
  readonly tfjs: readonly string[];
  /** wgrad's words; none where there is no counterpart. */
  readonly ours: readonly OurName[];
  /** Whether it is about what all words of the kind take: “every layer”. */
  readonly every: boolean;
  readonly options: string;
  readonly notes: string;
}

export interface OurName {
  readonly name: string;
  /** Names of the arguments that are given by place. */
  readonly placed: readonly string[];
  /** Whether it stands for one use of the word, `activation('elu')`, and not for the word. */
  readonly use: boolean;
}

/** Texts in `code`. */
export const spansOf = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);

function ourName(text: string): OurName {
  const [, name, args] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [text, text];
  const use = args !== undefined && !/^\w+(?:, \w+)*$/.test(args);
  return { name, placed: use ? [] : (args?.split(', ') ?? []), use };
}

const HEADING = /^\| keras\.([\w.]+) \|/;

/**
 * Rewrites the rows of the tables in a page.
 *
 * @param write gives the cell of options of a row
 */
export function rewrite(file: string, page: string, write: (row: Row) => string): string {
  let kind: string | undefined;
  return page
    .split('\n')
    .map((line) => {
      if (!line.startsWith('|')) kind = undefined;
      const heading = HEADING.exec(line)?.[1];
      if (heading) kind = heading;
      if (kind === undefined || heading || line.startsWith('| --')) return line;
      const cells = line.split('|').slice(1, -1);
      if (cells.length !== 5) throw new Error(`${file}: a row has ${cells.length} cells, not 5: ${line}`);
      const [keras, tfjs, ours, options, notes] = cells.map((cell) => cell.trim());
      const row = {
        place: `${file}: ${[keras, ours].map((cell) => spansOf(cell)[0]).find(Boolean) ?? ours}`,
        kind,
        keras: spansOf(keras),
        tfjs: spansOf(tfjs),
        ours: spansOf(ours).map(ourName),
        every: ours.startsWith('every '),
        options,
        notes,
      };
      return `| ${[keras, tfjs, ours, write(row), notes].join(' | ')} |`.replaceAll(/ {2,}(?=\|)/g, ' ');
    })
    .join('\n');
}

/** The rows of a page. */
export function rowsOf(file: string, page: string): Row[] {
  const rows: Row[] = [];
  rewrite(file, page, (row) => {
    rows.push(row);
    return row.options;
  });
  return rows;
}

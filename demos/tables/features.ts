/** Columns of the table: ten measures, each as a mean, an error and the worst of a tumour. */
export const MEASURES = 10;
export const KINDS = ['mean', 'error', 'worst'] as const;
export const FEATURES = MEASURES * KINDS.length;

/** What the address holds where the network gets every column. */
export const ALL = 'all';

/** The columns that a setting names, from 0 on and in order. */
export const featuresOf = (text: string): number[] =>
  text === ALL
    ? Array.from({ length: FEATURES }, (_, i) => i)
    : [...new Set(text.split(',').map((part) => Number(part) - 1))].toSorted((a, b) => a - b);

export const areFeatures = (text: string): boolean =>
  text === ALL || (/^\d+(,\d+)*$/.test(text) && featuresOf(text).every((own) => own >= 0 && own < FEATURES));

/** The setting that names these columns, of which there is at least one. */
export const featuresText = (columns: readonly number[]): string =>
  columns.length === FEATURES
    ? ALL
    : columns
        .toSorted((a, b) => a - b)
        .map((own) => own + 1)
        .join(',');

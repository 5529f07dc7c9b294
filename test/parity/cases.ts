import { readFileSync } from 'node:fs';

/** A tensor as Keras computed it: rows first, images channels last; f for floats, i for integers. */
export interface ParityTensor {
  readonly shape: readonly number[];
  readonly dtype: 'f' | 'i';
  readonly data: readonly number[];
}

/** A case: Keras's class, its configuration in Keras's words, and what came out. */
export interface ParityCase {
  readonly keras: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** What is special about it. */
  readonly note?: string;
}

/** All that is in `cases/<file>.json`. */
export const parityFile = <F>(file: string): F =>
  JSON.parse(readFileSync(new URL(`./cases/${file}.json`, import.meta.url), 'utf8')) as F;

/** The cases of `cases/<file>.json`. */
export const parityCases = <C extends ParityCase>(file: string): readonly C[] =>
  parityFile<{ readonly cases: readonly C[] }>(file).cases;

/** For the name of a test: the class, its configuration, and what is special. */
export const caseName = ({ keras, config, note }: ParityCase, index: number): string =>
  [`${index}: ${keras}`, JSON.stringify(config), note].filter(Boolean).join(' ');

import type { Dataset } from '../../src/index.ts';
import type { Characters } from '../../src/data/characters.ts';
import { syntheticText, textWindows } from '../../src/data/text.ts';
import { loadPublished } from '../frame/worker/published.ts';
import type { Loaded } from '../frame/worker/trainee.ts';
import { EXCERPT, SHAKESPEARE } from './text.ts';

/** The share at the beginning that is learned; the rest is for validation. */
const TRAINING = 0.9;

/** Pieces of a text with the characters after each of theirs. */
export interface TextData {
  readonly train: Dataset;
  readonly validation: Dataset;
}

/** @param steps characters of a piece: as many as the network sees at once */
export function dataOf(
  name: string,
  text: string,
  { characters, steps, synthetic = false }: { characters: Characters; steps: number; synthetic?: boolean },
): TextData {
  const indices = characters.encode(text);
  const cut = Math.floor(indices.length * TRAINING);
  return {
    train: textWindows(name, indices.subarray(0, cut), steps, { synthetic }),
    validation: textWindows(name, indices.subarray(cut), steps, { synthetic }),
  };
}

/** The address names a text that this page has not. */
const GONE =
  'The address names a text of its reader’s own. Such texts stay in the browser, and are gone when the page is closed: this is Shakespeare instead.';

/** A text of the reader's own, with its characters. */
export interface OwnText {
  readonly text: string;
  readonly characters: Characters;
}

/** The text that is learned: the reader's own, else Shakespeare. @param wanted the address names one of the reader's */
export async function loadText(
  own: OwnText | undefined,
  {
    steps,
    wish,
    wanted,
    base,
  }: { steps: number; wish: 'published' | 'synthetic'; wanted: boolean; base: string },
): Promise<Loaded<TextData>> {
  if (own) {
    const data = dataOf('your text', own.text, { characters: own.characters, steps });
    return { data, facts: { trainSize: data.train.size } };
  }
  const reading = {
    parse: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
    generate: () => syntheticText(),
  };
  const { data: text, facts } = await loadPublished(EXCERPT, wish, base, reading);
  const { synthetic } = facts;
  const data = dataOf(EXCERPT.title, text, { characters: SHAKESPEARE, steps, synthetic });
  return { data, facts: { trainSize: data.train.size, ...(wanted && { notice: GONE }), ...facts } };
}

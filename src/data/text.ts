import { ArgumentError } from '../errors.ts';
import { dataset } from './dataset.ts';
import { randomStream } from './random.ts';
import type { Dataset } from './types.ts';

/** Parts of Shakespeare's plays, 40,000 lines, as Karpathy's char-rnn has them; in the public domain. */
export const TINY_SHAKESPEARE = {
  title: 'Tiny Shakespeare',
  path: 'text/tiny-shakespeare.txt',
  urls: ['https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt'],
  bytes: 1_115_394,
  sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
};

/** 32,032 first names, a line each, as Karpathy's makemore has them; of the US Social Security Administration. */
export const NAMES = {
  title: 'the list of names',
  path: 'text/names.txt',
  urls: ['https://raw.githubusercontent.com/karpathy/makemore/master/names.txt'],
  bytes: 228_145,
  sha256: '0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d',
};

/**
 * Pieces of `steps` characters one after the other, each with its own next characters as targets: x [N, steps], y [N, steps],
 * in i32. What is left at the end is dropped.
 *
 * @param name of the data set
 * @throws ArgumentError if the text is too short for a single piece
 */
export function textWindows(
  name: string,
  indices: Int32Array,
  steps: number,
  options: { synthetic?: boolean } = {},
): Dataset {
  const count = Math.floor((indices.length - 1) / steps);
  if (count < 1) {
    throw new ArgumentError(
      `'${name}': ${indices.length} characters are too few for a piece of ${steps} and the character after it; give a longer text`,
    );
  }
  return dataset({
    name,
    x: indices.slice(0, count * steps),
    y: indices.slice(1, count * steps + 1),
    inputShape: [steps],
    targetShape: [steps],
    ...options,
  });
}

const SPEAKERS = ['ANNA', 'BEN', 'CLARA', 'DAVID'];
const SUBJECTS = ['the king', 'my friend', 'a child', 'the night', 'an old tree', 'the sea'];
const VERBS = ['sees', 'hears', 'follows', 'forgets', 'keeps', 'asks'];
const ENDS = ['.', '.', '!', '?'];

/**
 * A text of a few sentence patterns in the form of a play, for machines that cannot have a real one. Results on it say
 * nothing about language.
 *
 * @param length at least so many characters
 */
export function syntheticText(length = 200_000): string {
  const random = randomStream(1);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)];
  let text = '';
  while (text.length < length) {
    const sentence = `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(SUBJECTS)}${pick(ENDS)}`;
    text += `${pick(SPEAKERS)}:\n${sentence[0].toUpperCase()}${sentence.slice(1)}\n\n`;
  }
  return text;
}

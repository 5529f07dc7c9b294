/** Of a text of the reader's own: characters, and different ones. */
const [LEAST, MOST, MOST_DIFFERENT] = [2000, 1_000_000, 200];

/** What keeps a text from being learned, in words; undefined: nothing. */
export function problemOf(text: string): string | undefined {
  const count = (value: number) => value.toLocaleString('en-US');
  const { length } = text;
  const different = new Set(text).size;
  if (length < LEAST)
    return `The text has ${count(length)} characters. That is too short to learn from: give at least ${count(LEAST)}, a few pages.`;
  if (length > MOST)
    return `The text has ${count(length)} characters. This page takes up to ${count(MOST)}: give a part of it.`;
  if (different > MOST_DIFFERENT)
    return `The text has ${count(different)} different characters. The network has a row of its table for each, and this page takes up to ${MOST_DIFFERENT}: give a text in an alphabet.`;
  if (different < 2) return 'The text has one character only, so there is nothing to learn.';
  return undefined;
}

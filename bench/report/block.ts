/** The lines between which a script writes: `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export const markers = (name: string): readonly [begin: string, end: string] => [
  `<!-- bench:${name} -->`,
  `<!-- /bench:${name} -->`,
];

/**
 * The text with `content` between the markers of that name.
 *
 * @param file its name, for messages
 * @throws Error unless both markers are there, once each and in order
 */
export function replaceBlock(text: string, name: string, content: string, file: string): string {
  const [begin, end] = markers(name);
  const [first, last] = [text.indexOf(begin), text.indexOf(end)];
  const once = text.lastIndexOf(begin) === first && text.lastIndexOf(end) === last;
  if (first < 0 || last < first || !once) {
    throw new Error(
      `${file}: needs the lines ${begin} and ${end}, once each and in this order, for a table to stand between them`,
    );
  }
  return `${text.slice(0, first + begin.length)}\n\n${content.trim()}\n\n${text.slice(last)}`;
}

/**
 * `JSON.parse` that refuses two things which `JSON.parse` accepts: a name given twice in one object, of which it
 * silently keeps the last, so that two readers of one file may see different values; and deep nesting,
 * which costs far more time and memory than its bytes.
 *
 * @param maxDepth objects and arrays within each other at most
 * @throws SyntaxError
 */
export function parseStrictJson(text: string, maxDepth: number): unknown {
  /** For each open object or array, the names seen in it. */
  const open: (Set<string> | undefined)[] = [];
  // Outside strings, the four brackets and the quote are all that matters here; JSON.parse checks the rest.
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (open.push(undefined) > maxDepth) throw new SyntaxError(`it is nested more than ${maxDepth} deep`);
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = stringEnd(text, at);
      let next = end;
      while (' \n\r\t'.includes(text[next] || '.')) next++;
      if (text[next] === ':') {
        const name = JSON.parse(text.slice(at, end)) as string;
        const names = (open[open.length - 1] ??= new Set());
        if (names.has(name)) throw new SyntaxError(`it names ${JSON.stringify(name)} twice`);
        names.add(name);
      }
      at = end - 1;
    }
  }
  return JSON.parse(text);
}

/** Index after the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === '\\') before--;
    // After an odd number of backslashes the quote is part of the text.
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return text.length;
}

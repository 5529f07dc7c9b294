/**
 * The first key that an object of the JSON text holds twice, or undefined. `JSON.parse` keeps the last of two
 * values in silence, so that two readers of one file can see different things.
 *
 * @param text valid JSON: `JSON.parse` must have accepted it before
 */
export function findDuplicateKey(text: string): string | undefined {
  /** Keys seen in each open object; an open array has none. */
  const open: (Set<string> | undefined)[] = [];
  // In valid JSON these are the only places where one of the characters {}[]" can stand.
  for (const [token] of text.matchAll(/[{}[\]]|"[^"\\]*(?:\\.[^"\\]*)*"\s*:?/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.endsWith(':')) {
      const key = JSON.parse(token.slice(0, -1)) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

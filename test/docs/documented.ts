/** The options of wgrad's functions as their interfaces in src/nn document them: names, and defaults where the text tells one. */

const sources = Object.entries(
  import.meta.glob<string>('../../src/nn/**/*.ts', { query: '?raw', import: 'default', eager: true }),
);

export interface Documented {
  /** undefined where the text tells no default that is a number, a boolean or a name. */
  readonly fallback: unknown;
  readonly optional: boolean;
}

export type Members = ReadonlyMap<string, Documented>;

/** `Default 0.9.`, `default: true`, `Default 'valid'`: of names those alone that the type lists. */
function defaultIn(doc: string, type: string): unknown {
  const text = /\bdefault:? [`']?(-?[\w.]*\w(?:-\d+|(?:,\d{3})+)?)[`']?(?=[,;)]|\.(?!\d)|$)/i.exec(doc)?.[1];
  if (text === undefined) return undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text.replaceAll(',', ''));
  if (Number.isFinite(number)) return number;
  return type.includes(`'${text}'`) ? text : undefined;
}

const INTERFACE = /^(?:export )?interface (\w+)(?:<.*?>)?(?: extends ([^{]+))? \{\n(.*?)^\}/gms;
const MEMBER = /(?:\/\*\*((?:(?!\*\/).)*)\*\/\s*)?^ {2}(?:readonly )?(\w+)(\??)(?::([^;]*)|\([^;]*);/gms;

const interfaces = new Map<string, { readonly parents: readonly string[]; readonly own: Members }>();
for (const [, source] of sources) {
  for (const [, name, parents = '', body] of source.matchAll(INTERFACE)) {
    const own = new Map<string, Documented>();
    for (const [, doc = '', member, mark, type = ''] of body.matchAll(MEMBER)) {
      const text = doc.replaceAll(/\s*\n\s*\*\s*/g, ' ').trim();
      own.set(member, { fallback: defaultIn(text, type), optional: mark === '?' });
    }
    interfaces.set(name, { parents: parents.match(/[^,<]+(?:<[^>]*>)?/g) ?? [], own });
  }
}

/** What a type of options holds: that of an interface, of `A & B`, or of a part of one. */
export function membersOf(type: string): Members {
  if (type.includes(' & ')) return new Map(type.split(' & ').flatMap((part) => [...membersOf(part)]));
  const [, how, of, names = ''] = /^(Pick|Omit|Partial)<(\w+)(?:, ([^>]*))?>$/.exec(type.trim()) ?? [];
  if (of) {
    const listed = [...names.matchAll(/'(\w+)'/g)].map(([, name]) => name);
    const members = [...membersOf(of)];
    if (how === 'Partial') {
      return new Map(members.map(([name, { fallback }]) => [name, { fallback, optional: true }]));
    }
    return new Map(members.filter(([name]) => listed.includes(name) === (how === 'Pick')));
  }
  const known = interfaces.get(type.trim().replace(/<.*>$/, ''));
  return new Map([
    ...(known?.parents ?? []).flatMap((parent) => [...membersOf(parent)]),
    ...(known?.own ?? []),
  ]);
}

/** The options of a function or a method, by the type of its parameter `options`; none if it has no such parameter. */
export function documented(name: string, files = /./): Members {
  const signature = new RegExp(
    `^(?:export function| {2}(?:async )?) ?${name}\\((?:[^()]|\\n)*?\\boptions\\??: ([^=)]*?)\\s*[=,)]`,
    'm',
  );
  for (const [file, source] of sources) {
    const type = files.test(file) ? signature.exec(source)?.[1] : undefined;
    if (type) return membersOf(type);
  }
  return new Map();
}

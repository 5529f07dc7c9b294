/** The options of wgrad's functions as their interfaces in src/nn, and of the precision, document them: names, and defaults where the text tells one. */

const sources = Object.entries(
  import.meta.glob<string>(['../../src/nn/**/*.ts', '../../src/runtime/precision.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
);

export interface Documented {
  /** undefined where the text tells no default that is a number, a boolean or a name. */
  readonly fallback: unknown;
  readonly optional: boolean;
}

export type Members = ReadonlyMap<string, Documented>;

/**
 * `Default 0.9.`, `default: true`, `Default 'valid'`, `default keep` where the type lists 'keep'; nothing that is so only under a
 * condition: `Default 0.5 for probabilities`.
 */
function defaultIn(doc: string, type: string): unknown {
  const end = '(?= \\(|[:;)]|\\.(?!\\d)|$)';
  const quoted = new RegExp(`\\bdefault:? ([\`'])(.+?)\\1${end}`, 'i').exec(doc);
  if (quoted) return quoted[2];
  const text = new RegExp(`\\bdefault:? (-?[\\w.]*\\w(?:-\\d+|(?:,\\d{3})+)?)${end}`, 'i').exec(doc)?.[1];
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

/** What a type of options holds: that of an interface, of `A & B`, `string | A` or `{ a?: b }`, or of a part of one. */
export function membersOf(type: string): Members {
  if (type.startsWith('{')) {
    const members = [...type.matchAll(/(\w+)(\??):/g)];
    return new Map(members.map(([, name, mark]) => [name, { fallback: undefined, optional: mark === '?' }]));
  }
  const parts = type.split(/ [&|] (?![^<]*>)/);
  if (parts.length > 1) return new Map(parts.flatMap((part) => [...membersOf(part)]));
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

/** Where the words of a kind stand that other kinds have as well; a metric that is no other is a loss. */
const FOLDERS: Readonly<Record<string, readonly RegExp[]>> = {
  losses: [/nn\/losses\//],
  metrics: [/nn\/metrics\//, /nn\/losses\//],
  Model: [/nn\/\w+\.ts$/],
};

/** The options of a function or a method, by the type of its parameter `options`; none if it has no such parameter. */
export function documented(kind: string, name: string): Members {
  const signature = new RegExp(
    `^(?:export (?:function|const)|  (?:async )?) ?${name}(?: = )?(?:<.*?>)?\\((?:[^()]|\\n)*?\\boptions\\??: ([^=)]*?)\\s*[=,)]`,
    'm',
  );
  const loss = new RegExp(`^export const ${name} = defineLoss<(.*?)>\\(`, 'm');
  for (const folder of FOLDERS[kind] ?? [/./]) {
    for (const [file, source] of sources) {
      if (!folder.test(file)) continue;
      const type = signature.exec(source)?.[1];
      if (type) return membersOf(type);
      const own = loss.exec(source)?.[1];
      if (own) return membersOf(`${own} & LossOptions`);
    }
  }
  return new Map();
}

/** Whether a model's class says that a member is for its own use and that of its heirs. */
export const isProtected = (name: string): boolean =>
  sources.some(
    ([file, source]) =>
      FOLDERS.Model[0].test(file) && new RegExp(`^ {2}protected (?:\\w+ )*${name}\\b`, 'm').test(source),
  );

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { required } from '../../src/options.ts';
import words from './kerasWords.json';
import { documented } from './documented.ts';
import { EVERY, ourWords, untold } from './ours.ts';
import type { Options, Tables } from './ours.ts';
import { rewrite, rowsOf, spansOf } from './pages.ts';
import type { Row } from './pages.ts';

/*
 * The pages of docs/keras against what Keras 3.15 and TensorFlow.js 4.22 have (kerasWords.json) and what wgrad has. The
 * third column names a word, the fourth its options, which `npx vitest run --project node test/docs -u` writes. What the
 * fifth says of an option of Keras's is held against both:
 *
 * - `option=value`: another default than wgrad's;
 * - `option` is `other`: it has this name in wgrad;
 * - Without `option`, `option`: …: wgrad has none.
 */

const tables: Tables = vi.hoisted(() => new Map());

vi.mock('../../src/options.ts', async (original) => {
  const actual = await original<typeof import('../../src/options.ts')>();
  const note = (caller: string, options: Options) =>
    tables.set(caller, { ...tables.get(caller), ...options });
  return {
    ...actual,
    checkOptions(caller: string, given: unknown, options: Options, before?: string) {
      const names = Object.keys(options).map((name) => [
        name,
        options[name] === actual.required ? actual.required : untold,
      ]);
      note(caller, { ...Object.fromEntries(names), ...tables.get(caller) });
      actual.checkOptions(caller, given, options, before);
    },
    settle(caller: string, given: object, options: Options) {
      note(caller, options);
      return actual.settle(caller, given, options as never);
    },
    settlePlaced(caller: string, placed: [string, unknown], given: object, options: Options) {
      note(caller, { [placed[0]]: actual.required, ...options });
      return actual.settlePlaced(caller, placed, given, options as never);
    },
  };
});

const ours = ourWords(tables);

const folder = join(import.meta.dirname, '../../docs/keras');
const pages = readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
const rows = pages.flatMap(({ file, text }) => rowsOf(file, text));

/** `1e-7`, `'same'`, `[1, 1]`: as a program has it. */
function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([name, own]) => `${name}: ${literal(own)}`)
      .join(', ')} }`;
  }
  return String(value);
}

/** The options of the word that a row is about. */
function optionsOf(row: Row): Options {
  const name = row.every ? EVERY : row.ours.find(({ use }) => !use)?.name;
  return ours.get(row.kind)?.get(name ?? '') ?? {};
}

/** What the fourth column holds: the options of wgrad's word but for those that all of its kind have, required ones first. */
function optionsCell(row: Row): string {
  const base: Options = (!row.every && ours.get(row.kind)?.get(EVERY)) || {};
  const placed = row.ours.flatMap((word) => word.placed);
  const left = Object.entries(optionsOf(row)).filter(
    ([name, value]) => !placed.includes(name) && !(name in base && base[name] === value),
  );
  const shown = ([name, value]: [string, unknown]) => {
    if (value === required) return `**\`${name}\`**`;
    return value === undefined ? `\`${name}\`` : `\`${name}: ${literal(value)}\``;
  };
  const isRequired = ([, value]: [string, unknown]) => value === required;
  return [...left.filter(isRequired), ...left.filter((option) => !isRequired(option))].map(shown).join(', ');
}

it.each(pages)('$file has the options of wgrad’s words and their defaults', async ({ file, text }) => {
  await expect(rewrite(file, text, optionsCell)).toMatchFileSnapshot(join(folder, file));
});

/** The words of a framework by kind, each with its options: their defaults as JSON, undefined for required ones. */
function wordsOf(framework: 'keras' | 'tfjs', kind: string): Map<string, Map<string, string | undefined>> {
  const all: Readonly<Record<string, Readonly<Record<string, string>>>> = words[framework];
  return new Map(
    Object.entries(all[kind] ?? {}).flatMap(([names, options]) => {
      const own = new Map(
        options
          .split(', ')
          .filter(Boolean)
          .map((option): [string, string | undefined] => {
            const [name, ...rest] = option.split('=');
            return [name, rest.length === 0 ? undefined : rest.join('=')];
          }),
      );
      return names.split(' ').map((name): [string, typeof own] => [name, own]);
    }),
  );
}

const plain = (name: string) => name.replaceAll('_', '').toLowerCase();
const camel = (name: string) => name.replaceAll(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());
const kinds = Object.keys(words.keras);
const rowsOfKind = (kind: string) => rows.filter((row) => row.kind === kind);

/** Those whose options are their functions' own. */
const FUNCTIONS = [
  'layers',
  'losses',
  'metrics',
  'optimizers',
  'optimizers.schedules',
  'callbacks',
  'models',
];

it.each(FUNCTIONS)('the interfaces of %s tell the defaults that they have', (kind) => {
  const wrong = [...(ours.get(kind) ?? [])].flatMap(([name, options]) =>
    [...documented(name)].flatMap(([option, { fallback }]) =>
      fallback === undefined || options[option] === fallback
        ? []
        : [`${name}: the default of ${option} is ${literal(options[option])}, not ${literal(fallback)}`],
    ),
  );
  expect(wrong).toEqual([]);
});

describe.each(kinds)('%s', (kind) => {
  const keras = wordsOf('keras', kind);
  const tfjs = wordsOf('tfjs', kind);
  const own: ReadonlyMap<string, Options> = ours.get(kind) ?? new Map();
  const all = rowsOfKind(kind);
  const base = all.find((row) => row.every);

  it('of Keras stand in the page, each once, and no others', () => {
    const there = all.flatMap((row) => row.keras);
    const known = new Set(there.map(plain));
    expect(
      there.filter((name) => !keras.has(name) || there.indexOf(name) !== there.lastIndexOf(name)),
    ).toEqual([]);
    expect([...keras.keys()].filter((name) => !known.has(plain(name)))).toEqual([]);
  });

  it('of TensorFlow.js stand in the page, and no others', () => {
    const there = all.flatMap((row) => row.tfjs);
    expect(there.filter((name) => !tfjs.has(name))).toEqual([]);
    expect([...tfjs.keys()].filter((name) => !there.includes(name))).toEqual([]);
  });

  it('of wgrad stand in the page, each once, and no others', () => {
    const there = all.flatMap((row) => row.ours);
    const words = there.filter(({ use }) => !use).map(({ name }) => name);
    const missing = [...own.keys()].filter((name) => name !== EVERY && !words.includes(name));
    const unknown = there.filter(({ name }) => !own.has(name)).map(({ name }) => name);
    const twice = words.filter((name, i) => words.indexOf(name) !== i);
    expect({ missing, unknown, twice }).toEqual({ missing: [], unknown: [], twice: [] });
  });

  it('say why there is no counterpart', () => {
    expect(
      all.filter((row) => row.ours.length === 0 && !row.every && row.notes === '').map(({ place }) => place),
    ).toEqual([]);
  });

  it('say what becomes of every option, and where defaults differ', () => {
    expect(all.flatMap((row) => complaints(row, { keras, tfjs, base }))).toEqual([]);
  });
});

interface Known {
  readonly keras: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>;
  readonly tfjs: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>;
  readonly base: Row | undefined;
}

/** What a row fails to say of the options of its words. */
function complaints(row: Row, { keras, tfjs, base }: Known): string[] {
  if (row.ours.length === 0 && !row.every) return [];
  const ofKeras = new Map(
    [...keras]
      .filter(([name]) => row.keras.some((other) => plain(other) === plain(name)))
      .flatMap(([, o]) => [...o]),
  );
  const ofTfjs = row.tfjs.flatMap((name) => [...(tfjs.get(name)?.keys() ?? [])]);
  const options = optionsOf(row);
  const placed = row.ours.flatMap((word) => word.placed);
  const names = new Map(
    [...row.notes.matchAll(/`(\w+)` is `(\w+)`/g)].map(([, theirs, name]): [string, string] => [
      theirs,
      name,
    ]),
  );
  const absent = [...row.notes.matchAll(/Without (?:tfjs's )?([^.]*)\./g)].flatMap(([, text]) =>
    spansOf(text),
  );
  const mentioned = [row, ...(base ? [base] : [])].flatMap(({ notes }) => spansOf(notes));
  const told = spansOf(row.notes).filter((span) => /^[a-z_0-9]+=/.test(span));
  const found: string[] = [];
  for (const [option, fallback] of ofKeras) {
    const name = names.get(option) ?? camel(option);
    if (placed.includes(name)) continue;
    if (!(name in options)) {
      if (!mentioned.includes(option)) found.push(`says nothing of Keras's option ${option}`);
      continue;
    }
    const theirs = fallback === undefined ? undefined : (JSON.parse(fallback) as unknown);
    const same = fallback === undefined ? options[name] === required : equals(theirs, options[name]);
    const says = `${option}=${python(theirs)}`;
    if (fallback !== undefined && !same && !told.includes(says)) {
      found.push(`must say \`${says}\`: wgrad's default is ${literal(options[name])}`);
    }
    if (same && told.includes(says)) found.push(`says \`${says}\`, which is wgrad's default too`);
    if (fallback === undefined && !same && !mentioned.includes(option))
      found.push(`must say that Keras requires ${option}`);
  }
  for (const option of ofTfjs) {
    if (option in options || names.has(option) || mentioned.includes(option)) continue;
    if (![...ofKeras.keys()].map(camel).includes(option))
      found.push(`says nothing of tfjs's option ${option}`);
  }
  for (const option of told) {
    const [name, value] = option.split('=');
    const known = ofKeras.get(name);
    if (known === undefined || python(JSON.parse(known)) !== value)
      found.push(`says \`${option}\`, which Keras has not`);
  }
  for (const name of names.values())
    if (!(name in options)) found.push(`names an option ${name}, which wgrad has not`);
  for (const option of absent)
    if (camel(option) in options) found.push(`says that there is no ${option}, but there is`);
  return found.map((text) => `${row.place} ${text}`);
}

/** As Keras writes it. */
function python(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `(${value.map(python).join(', ')})`;
  return literal(value);
}

/** Whether a default of Keras's is one of wgrad's: None is what is not given, (2, 2) is 2, 'glorot_uniform' 'glorotUniform'. */
function equals(theirs: unknown, own: unknown): boolean {
  if (theirs === null)
    return own === undefined || own === 'linear' || (Array.isArray(own) && own.length === 0);
  if (Array.isArray(theirs) && !Array.isArray(own)) return theirs.every((one) => equals(one, own));
  if (Array.isArray(theirs)) return theirs.every((one, i) => equals(one, (own as unknown[])[i]));
  if (typeof own === 'object' && own !== null) return equals(theirs, (own as { name?: unknown }).name);
  if (typeof theirs === 'string')
    return plain(camel(theirs)) === plain(String(own)) || `random${theirs}` === plain(String(own));
  return theirs === own;
}

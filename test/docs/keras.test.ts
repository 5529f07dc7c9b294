import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import * as api from '../../src/index.ts';
import { required } from '../../src/options.ts';
import { complaints } from './complaints.ts';
import { documented } from './documented.ts';
import { EVERY, ourWords, untold } from './ours.ts';
import type { Options, Tables } from './ours.ts';
import { rewrite, rowsOf, spansOf } from './pages.ts';
import type { Row } from './pages.ts';
import { kinds, literal, plain, theirWords } from './theirs.ts';

/*
 * The pages of docs/keras against what Keras 3.15 and TensorFlow.js 4.22 have (kerasWords.json) and what wgrad has. The
 * third column names a word; the fourth its options, which `npx vitest run --project node test/docs -u` writes; what the
 * fifth says of the options of others is held against both (complaints.ts).
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

/** The options of wgrad's word in a row; where it has several, of all of them. */
function optionsOf(row: Row): Options {
  const names = row.every ? [EVERY] : row.ours.filter(({ use }) => !use).map(({ name }) => name);
  return Object.assign({}, ...names.map((name) => ours.get(row.kind)?.get(name)));
}

/** What the fourth column holds: the options of wgrad's word but for those that all of its kind have, required ones first. */
function optionsCell(row: Row): string {
  const base: Options = (!row.every && ours.get(row.kind)?.get(EVERY)) || {};
  const placed = row.ours.flatMap((word) => word.placed);
  const left = Object.entries(optionsOf(row)).filter(
    ([name, value]) => !placed.includes(name) && !(name in base && (base[name] === value || name === 'name')),
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
    [...documented(kind, name)].flatMap(([option, { fallback }]) =>
      fallback === undefined || options[option] === fallback
        ? []
        : [`${name}: the default of ${option} is ${literal(options[option])}, not ${literal(fallback)}`],
    ),
  );
  expect(wrong).toEqual([]);
});

it('names no function, and no member of a model, that there is not', () => {
  const spaces: Readonly<Record<string, object>> = { ops: api.ops, losses: api.losses, metrics: api.metrics };
  const exists = (space: string, name: string) =>
    space === 'model'
      ? name in api.Model.prototype || ['inputs', 'outputs'].includes(name)
      : name in spaces[space];
  const spans = rows.flatMap(({ notes }) => spansOf(notes));
  const named = spans.flatMap((span) => [...span.matchAll(/\b(ops|losses|metrics|model)\.(\w+)/g)]);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(([, space, name]) => !exists(space, name)).map(([text]) => text)).toEqual([]);
});

describe.each(kinds)('%s', (kind) => {
  const keras = theirWords('keras', kind);
  const tfjs = theirWords('tfjs', kind);
  const own: ReadonlyMap<string, Options> = ours.get(kind) ?? new Map();
  const all = rows.filter((row) => row.kind === kind);
  const every = all.find((row) => row.every);

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
    expect(all.flatMap((row) => complaints(row, optionsOf(row), { keras, tfjs, every }))).toEqual([]);
  });
});

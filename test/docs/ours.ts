import * as api from '../../src/index.ts';
import { layerTypes } from '../../src/nn/json/layerTypes.ts';
import { layerDefaults } from '../../src/nn/layers/layer.ts';
import * as optimizers from '../../src/nn/optimizers.ts';
import * as schedules from '../../src/nn/schedules.ts';
import { required } from '../../src/options.ts';
import { documented, membersOf } from './documented.ts';
import type { Members } from './documented.ts';

/** Options of a word with their defaults: `required`, or undefined where there is none. */
export type Options = Readonly<Record<string, unknown>>;

/** Stands among the words of a kind for what all of them take. */
export const EVERY = 'every';

/** In a table of options that tells no defaults. */
export const untold = Symbol('untold');

/** What functions that were called looked their options up in, by the names that they gave: the test fills it. */
export type Tables = Map<string, Options>;

type Call = (...args: unknown[]) => unknown;

const functionsOf = (space: object): [string, Call][] =>
  Object.entries(space).filter((entry): entry is [string, Call] => typeof entry[1] === 'function');

const optionsIn = (members: Members): Options =>
  Object.fromEntries(
    [...members].map(([name, { fallback, optional }]) => [name, optional ? fallback : required]),
  );

/** The options of a function and their defaults: as its table has them, as what it makes tells, or as it is documented. */
function optionsOf(tables: Tables, name: string, call: () => unknown): Options {
  tables.clear();
  let config: Options = {};
  try {
    config = (call() as { readonly config?: Options } | undefined)?.config ?? {};
  } catch {
    // It misses what it requires. It has looked its options up before.
  }
  const texts = documented(name);
  const table = tables.get(name);
  if (!table) return texts.size > 0 ? optionsIn(texts) : withoutName(config);
  const fallback = (option: string) => config[option] ?? texts.get(option)?.fallback;
  return Object.fromEntries(
    Object.entries(table).map(([option, known]) => [option, known === untold ? fallback(option) : known]),
  );
}

const withoutName = (config: Options): Options =>
  Object.fromEntries(Object.entries(config).filter(([option]) => option !== 'name'));

/** The public members of a class, those that it inherits included. */
function publicMembers({ prototype }: { readonly prototype: object }): string[] {
  const parent = Object.getPrototypeOf(prototype) as object;
  const own = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return parent === Object.prototype ? own : [...own, ...publicMembers({ prototype: parent })];
}

/**
 * wgrad's words by the part of Keras that they belong to, each with its options.
 *
 * @param tables is filled by `settle` and `checkOptions`
 */
export function ourWords(tables: Tables): ReadonlyMap<string, ReadonlyMap<string, Options>> {
  const look = (space: object, ...args: unknown[]): [string, Options][] =>
    functionsOf(space).map(([name, call]) => [name, optionsOf(tables, name, () => call(...args))]);
  const all = Object.fromEntries(functionsOf(api));
  const pick = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, all[name]]));
  const bare = (names: readonly string[]): [string, Options][] => names.map((name) => [name, {}]);
  const methods = [...new Set(publicMembers(api.Model))];
  const words: Record<string, [string, Options][]> = {
    layers: [[EVERY, layerDefaults], ...look(pick(Object.keys(layerTypes)), {})],
    losses: [[EVERY, optionsIn(membersOf('LossOptions'))], ...look(api.losses, {})],
    metrics: look(api.metrics, {}),
    optimizers: [[EVERY, optionsIn(membersOf('CommonOptions'))], ...look(optimizers, {})],
    'optimizers.schedules': look(schedules, {}),
    initializers: [
      ...bare(Object.keys(api.initializers)),
      ...look(pick(Object.keys(all).filter((name) => name.endsWith('Initializer')))),
    ],
    activations: bare(Object.keys(api.activations)),
    models: look(pick(['model', 'sequential', 'modelInput', 'loadModel', 'modelFromJSON']), {}),
    Model: methods.map((name) => [name, optionsIn(documented(name, /nn\/(model|network)\.ts$/))]),
    Callback: bare([...membersOf('Callback').keys()]),
  };
  return new Map(Object.entries(words).map(([kind, own]) => [kind, new Map(own)]));
}

import * as api from '../../src/index.ts';
import * as callbacks from '../../src/nn/callbacks/index.ts';
import * as constraints from '../../src/nn/constraints.ts';
import { layerDefaults } from '../../src/nn/layers/layer.ts';
import * as optimizers from '../../src/nn/optimizers.ts';
import * as regularizers from '../../src/nn/regularizers.ts';
import * as schedules from '../../src/nn/schedules.ts';
import { required } from '../../src/options.ts';
import { documented, isProtected, membersOf } from './documented.ts';
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

const layerFiles = import.meta.glob<object>('../../src/nn/layers/*.ts', { eager: true });

/** Of a module the functions that users have and that make things; `regularizerOf` looks one up. */
const exported = (module: object): Record<string, Call> =>
  Object.fromEntries(
    functionsOf(module).filter(([name]) => name in api && !name.endsWith('Of') && !/^[A-Z]/.test(name)),
  );

const optionsIn = (members: Members): Options =>
  Object.fromEntries(
    [...members].map(([name, { fallback, optional }]) => [name, optional ? fallback : required]),
  );

/** The options of a function and their defaults: as its table has them, as what it makes tells, or as it is documented. */
function optionsOf(
  tables: Tables,
  name: string,
  call: () => unknown,
  texts: Members,
  every: Options,
): Options {
  tables.clear();
  let config: Options = {};
  try {
    config = (call() as { readonly config?: Options } | undefined)?.config ?? {};
  } catch {
    // It misses what it requires. It has looked its options up before.
  }
  const table = tables.get(name);
  if (!table) return texts.size > 0 ? optionsIn(texts) : withoutName(config);
  const fallback = (option: string) => config[option] ?? texts.get(option)?.fallback ?? every[option];
  return Object.fromEntries(
    Object.entries(table).map(([option, known]) => [
      option,
      known === untold ? fallback(option) : (known ?? undefined),
    ]),
  );
}

const withoutName = (config: Options): Options =>
  Object.fromEntries(Object.entries(config).filter(([option]) => option !== 'name'));

/** The public members of a class, those that it inherits included. */
function publicMembers({ prototype }: { readonly prototype: object }): string[] {
  const parent = Object.getPrototypeOf(prototype) as object;
  const own = Object.getOwnPropertyNames(prototype).filter(
    (name) => name !== 'constructor' && !isProtected(name),
  );
  return parent === Object.prototype ? own : [...own, ...publicMembers({ prototype: parent })];
}

/**
 * wgrad's words by the part of Keras that they belong to, each with its options.
 *
 * @param tables is filled by `settle` and `checkOptions`
 */
export function ourWords(tables: Tables): ReadonlyMap<string, ReadonlyMap<string, Options>> {
  const all = Object.fromEntries(functionsOf(api));
  const pick = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, all[name]]));
  const own = Object.keys(all).filter((name) => name.endsWith('Initializer'));
  const words = new Map<string, Map<string, Options>>();
  const add = (kind: string, named: readonly [string, Options][]) => {
    words.set(kind, new Map([...(words.get(kind) ?? []), ...named]));
  };
  const look = (kind: string, space: object, every: Options = {}, args: readonly unknown[] = [{}]) => {
    const named = functionsOf(space).map(([name, call]): [string, Options] => [
      name,
      optionsOf(tables, name, () => call(...args), documented(kind, name), every),
    ]);
    add(kind, [[EVERY, every], ...named]);
  };
  const bare = (kind: string, names: Iterable<string>) =>
    add(
      kind,
      [...names].map((name) => [name, {}]),
    );
  for (const module of Object.values(layerFiles)) look('layers', exported(module), layerDefaults);
  look('losses', api.losses, optionsIn(membersOf('LossOptions')));
  look('metrics', api.metrics, { name: undefined });
  look('optimizers', optimizers, optionsIn(membersOf('CommonOptions')));
  look('optimizers.schedules', schedules);
  look('initializers', pick(own), {}, []);
  bare('initializers', Object.keys(api.initializers));
  look('regularizers', exported(regularizers), {}, []);
  look('constraints', exported(constraints), {}, []);
  look('callbacks', exported(callbacks));
  bare('activations', Object.keys(api.activations));
  look('models', pick(['model', 'sequential', 'modelInput', 'loadModel', 'modelFromJSON']));
  add(
    'Model',
    publicMembers(api.Model).map((name) => [name, optionsIn(documented('Model', name))]),
  );
  bare('Callback', membersOf('Callback').keys());
  return words;
}

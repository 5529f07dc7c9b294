import { didYouMean } from '../../nearestName.ts';
import { describe } from '../../options.ts';
import { adam, adamax, adamw, nadam } from '../optimizers/adam.ts';
import { adafactor } from '../optimizers/adafactor.ts';
import { ftrl } from '../optimizers/ftrl.ts';
import { lamb } from '../optimizers/lamb.ts';
import { lion } from '../optimizers/lion.ts';
import { adadelta, adagrad, rmsprop } from '../optimizers/meanSquares.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { muon } from '../optimizers/muon.ts';
import { radam } from '../optimizers/radam.ts';
import { sgd } from '../optimizers/sgd.ts';
import {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  oneCycle,
  piecewiseConstantDecay,
  polynomialDecay,
  warmUp,
} from '../schedules.ts';
import type { Schedule } from '../schedules.ts';
import { plainJson } from './plain.ts';
import type { Json } from './plain.ts';
import { JsonReader } from './reader.ts';

/** An optimizer's settings as plain JSON; its state is not among them. */
export interface OptimizerJson {
  readonly name: string;
  readonly config: Readonly<Record<string, Json>>;
}

const optimizers = {
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  ftrl,
  lamb,
  lion,
  muon,
  nadam,
  radam,
  rmsprop,
  sgd,
} satisfies Record<string, (options: never) => Optimizer>;

const schedules = {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  oneCycle,
  piecewiseConstantDecay,
  polynomialDecay,
  warmUp,
} satisfies Record<string, (options: never) => Schedule>;

type FromOptions<T> = (options: Readonly<Record<string, unknown>>) => T;

/**
 * What `optimizerFromJSON` makes the optimizer of again.
 *
 * @throws ArgumentError if a setting is nothing that JSON can hold
 */
export function optimizerToJSON({ name, config }: Pick<Optimizer, 'name' | 'config'>): OptimizerJson {
  return { name, config: plainJson(name, config) as OptimizerJson['config'] };
}

/**
 * Makes an optimizer with the settings that `optimizerToJSON` gave, its schedule included, without state: that is the
 * checkpoint's. Everything in the JSON is checked.
 *
 * @param json what `optimizerToJSON` gave, or its text
 * @param name of the file, for messages
 * @throws FormatError if there is no such optimizer or schedule, or an option is unknown or out of range
 */
export function optimizerFromJSON(json: OptimizerJson | string, name = 'optimizer JSON'): Optimizer {
  const reader = new JsonReader(name);
  const found = reader.object(reader.parse(json), 'it', ['name', 'config']);
  const { schedule, learningRate, ...options } = reader.record(found.config, 'config');
  const make = byName<Optimizer>(reader, 'optimizer', optimizers, found.name);
  const isSchedule = typeof learningRate === 'object' && learningRate !== null;
  const given = {
    ...options,
    ...(learningRate !== undefined && {
      learningRate: isSchedule ? scheduleOf(reader, learningRate) : learningRate,
    }),
    ...(schedule !== undefined && { schedule: scheduleOf(reader, schedule) }),
  };
  return reader.made('the optimizer', () => make(given));
}

/**
 * Makes a schedule of what its `config` is.
 *
 * @param json a schedule's config, or its text
 * @param name of the file, for messages
 * @throws FormatError if there is no such schedule, or an option is unknown or out of range
 */
export function scheduleFromJSON(json: Schedule['config'] | string, name = 'schedule JSON'): Schedule {
  const reader = new JsonReader(name);
  return scheduleOf(reader, reader.parse(json));
}

function scheduleOf(reader: JsonReader, json: unknown): Schedule {
  const { name, ...options } = reader.record(json, 'schedule');
  const make = byName<Schedule>(reader, 'schedule', schedules, name);
  // A warm-up has another schedule in it; the reader has bounded how deep.
  const next = options.next === undefined ? {} : { next: scheduleOf(reader, options.next) };
  return reader.made('the schedule', () => make({ ...options, ...next }));
}

function byName<T>(
  reader: JsonReader,
  kind: string,
  table: Readonly<Record<string, (options: never) => T>>,
  name: unknown,
): FromOptions<T> {
  if (typeof name === 'string' && Object.hasOwn(table, name)) return table[name] as FromOptions<T>;
  const names = Object.keys(table);
  const meant = typeof name === 'string' ? didYouMean(name.slice(0, 60), names) : '';
  return reader.fail(
    `there is no ${kind} ${describe(name)}${meant || ';'} it can be one of ${names.join(', ')}. One of your own has to be made by your own code`,
  );
}

import * as api from '../../src/index.ts';
import type { CommonOptions, EmaOptions, Optimizer, Schedule } from '../../src/index.ts';

/** Keras's words in the camelCase of ours: `beta_1` is `beta1`. */
const camelCase = (word: string): string => word.replaceAll(/_(\w)/g, (_, c: string) => c.toUpperCase());

type Config = Readonly<Record<string, unknown>>;
type Make<T> = (options: never) => T;

const schedules: Readonly<Record<string, Make<Schedule>>> = {
  CosineDecay: api.cosineDecay,
  CosineDecayRestarts: api.cosineDecayRestarts,
  ExponentialDecay: api.exponentialDecay,
  InverseTimeDecay: api.inverseTimeDecay,
  PiecewiseConstantDecay: api.piecewiseConstantDecay,
  PolynomialDecay: api.polynomialDecay,
};

const optimizers: Readonly<Record<string, Make<Optimizer>>> = {
  Adadelta: api.adadelta,
  Adagrad: api.adagrad,
  Adam: api.adam,
  AdamW: api.adamw,
  Adamax: api.adamax,
  Lion: api.lion,
  Nadam: api.nadam,
  RMSprop: api.rmsprop,
  SGD: api.sgd,
};

/** Words that are others here. */
const RENAMED: Readonly<Record<string, string>> = {
  clipnorm: 'clipNorm',
  clipvalue: 'clipValue',
  global_clipnorm: 'globalClipNorm',
};

function named<T>(table: Readonly<Record<string, T>>, keras: string): T {
  const found = table[keras];
  if (!found) throw new Error(`No word of wgrad is known for Keras's ${keras}`);
  return found;
}

/** The schedule that is Keras's class with this configuration. */
export const scheduleOfKeras = (keras: string, config: Config): Schedule => {
  const options = Object.fromEntries(Object.entries(config).map(([word, value]) => [camelCase(word), value]));
  return named(schedules, keras)(options as never);
};

/** The optimizer that is Keras's class with this configuration. What has no word here is an error of the optimizer's. */
export function optimizerOfKeras(
  keras: string,
  config: Config,
  schedule?: { readonly keras: string; readonly config: Config } | null,
  excludeFromWeightDecay?: readonly string[] | null,
): Optimizer {
  const { use_ema: useEma, ema_momentum: decay, ema_overwrite_frequency: frequency, ...own } = config;
  const ema = { decay, overwriteFrequency: frequency } as EmaOptions;
  const options: Record<string, unknown> & CommonOptions = {
    ...Object.fromEntries(
      Object.entries(own).map(([word, value]) => [RENAMED[word] ?? camelCase(word), value ?? undefined]),
    ),
    ...(useEma ? { ema } : {}),
    ...(excludeFromWeightDecay ? { excludeFromWeightDecay } : {}),
    ...(schedule ? { learningRate: scheduleOfKeras(schedule.keras, schedule.config) } : {}),
  };
  return named(optimizers, keras)(options as never);
}

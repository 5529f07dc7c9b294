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
  Adafactor: api.adafactor,
  Ftrl: api.ftrl,
  Lamb: api.lamb,
  Lion: api.lion,
  Muon: api.muon,
  Nadam: api.nadam,
  RMSprop: api.rmsprop,
  SGD: api.sgd,
  'torch.NAdam': ({ lr, betas, eps = 1e-8, momentumDecay = 0.004 }: TorchOptions) =>
    api.nadam({ learningRate: lr, ...betasOf(betas), epsilon: eps, momentumDecay }),
  'torch.RAdam': ({ lr, betas, eps }: TorchOptions) =>
    api.radam({ learningRate: lr, ...betasOf(betas), epsilon: eps }),
};

interface TorchOptions {
  readonly lr: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly momentumDecay?: number;
}

const betasOf = ([beta1, beta2]: readonly [number, number] = [0.9, 0.999]) => ({ beta1, beta2 });

/** Words that are others here. */
const RENAMED: Readonly<Record<string, string>> = {
  clipnorm: 'clipNorm',
  clipvalue: 'clipValue',
  global_clipnorm: 'globalClipNorm',
};

/** None is no weight decay; as a `rms_rate` it is null here too. `relative_step` changes nothing in Keras. */
const valueOf = (word: string, value: unknown): unknown => {
  if (value !== null || word === 'rms_rate') return value;
  return word.endsWith('weight_decay') ? 0 : undefined;
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
  const { use_ema: useEma, ema_momentum: decay, ema_overwrite_frequency: frequency, ...rest } = config;
  const { relative_step: _, ...own } = rest;
  const ema = { decay, overwriteFrequency: frequency } as EmaOptions;
  const options: Record<string, unknown> & CommonOptions = {
    ...Object.fromEntries(
      Object.entries(own).map(([word, value]) => [RENAMED[word] ?? camelCase(word), valueOf(word, value)]),
    ),
    ...(useEma ? { ema } : {}),
    ...(excludeFromWeightDecay ? { excludeFromWeightDecay } : {}),
    ...(schedule ? { learningRate: scheduleOfKeras(schedule.keras, schedule.config) } : {}),
  };
  return named(optimizers, keras)(options as never);
}

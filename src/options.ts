import { ArgumentError } from './errors.ts';
import { nearestName } from './nearestName.ts';

/** In a table of options: one that must be given. */
export const required = { required: true } as const;

/**
 * The options of a function, as they are known at run time: `required` or, where one may be left out, true. The compiler
 * compares the table with the interface: a missing or additional name is an error.
 */
export type OptionTable<O> = {
  readonly [K in keyof O]-?: undefined extends O[K] ? true : typeof required;
};

/** A table of options with their defaults, undefined where there is none. */
export type Defaults<O> = {
  readonly [K in keyof Required<O>]: undefined extends O[K] ? O[K] : typeof required;
};

/** Options with their defaults filled in: undefined is left only where the default is. */
export type Settled<O, D> = {
  readonly [K in keyof Required<O>]: K extends keyof D
    ? D[K] extends undefined
      ? O[K]
      : Exclude<O[K], undefined>
    : O[K];
};

/**
 * Names that Keras, PyTorch, TensorFlow.js and papers have for an option, where `nearestName` would not find ours: in
 * lower case without underscores, with ours in the order in which they are looked for.
 */
const ALIASES: Readonly<Record<string, string>> = {
  stepsize: 'learningRate',
  eta: 'learningRate',
  betas: 'beta1',
  l2regularization: 'l2',
  decay: 'weightDecay schedule',
  clipnorm: 'globalClipNorm',
  maxgradnorm: 'globalClipNorm',
  useema: 'ema',
  emamomentum: 'ema',
  emaoverwritefrequency: 'ema',
  accumulationsteps: 'gradientAccumulationSteps',
  noweightdecay: 'excludeFromWeightDecay',
  lrschedule: 'schedule',
  maxlr: 'initialLearningRate',
  gradientclip: 'clipValue',
  outfeatures: 'units',
  outputunits: 'units',
  size: 'units poolSize kernelSize batchSize',
  outchannels: 'filters',
  channels: 'filters groups',
  kernelsize: 'poolSize',
  window: 'kernelSize poolSize',
  stride: 'strides',
  strides: 'stride',
  dilations: 'dilation',
  scalefactor: 'size',
  mode: 'interpolation',
  rotation: 'rotate',
  bias: 'useBias',
  initializer: 'kernelInitializer embeddingsInitializer alphaInitializer',
  kernelinitializer: 'depthwiseInitializer embeddingsInitializer',
  kernelregularizer: 'depthwiseRegularizer embeddingsRegularizer',
  kernelconstraint: 'depthwiseConstraint embeddingsConstraint',
  affine: 'scale',
  nonlinearity: 'activation',
  alpha: 'negativeSlope',
  numembeddings: 'inputDim',
  numthresholds: 'thresholds',
  classid: 'class',
  vocabularysize: 'inputDim',
  embeddingdim: 'outputDim',
  dim: 'axis axes',
  keepdim: 'keepDims',
  batchinputshape: 'inputShape',
  criterion: 'loss',
  device: 'gpu',
  sampleweight: 'weights sampleWeight',
  data: 'x',
  labels: 'y',
  targets: 'y',
  features: 'x',
  iterations: 'steps',
  validationfreq: 'validationFrequency',
  maxepochs: 'epochs',
  randomstate: 'seed',
  minlr: 'minLearningRate',
  filepath: 'name',
  onepochend: 'callbacks onEpoch',
  onbatchend: 'callbacks onSteps',
  verbose: 'onEpoch',
};

/** What to do about options of Keras and TensorFlow.js that have no counterpart, in lower case without underscores. */
const NOTES: Readonly<Record<string, string>> = {
  dataformat: 'channels come last; bring images into that order first, with permute([2, 3, 1]) say',
  returnattentionscores:
    'they are not stored; compute them beside the layer, with ops.softmax(ops.matmul(query, key, { transposeB: true })) say',
  inputshape: 'models have it, sequential([…], { inputShape }) and modelInput({ shape })',
};

/**
 * Throws unless `given` are options that a function has: JavaScript would silently ignore a misspelt one.
 *
 * @param caller the function's name, for messages
 * @param known the names of its options; those whose value is `required` must be there
 * @param before the arguments before them, as in `fit(data, { … })`
 * @throws ArgumentError that names the option that was probably meant, and shows the call
 */
export function checkOptions(
  caller: string,
  given: unknown,
  known: Readonly<Record<string, unknown>>,
  before = '',
): void {
  const names = Object.keys(known);
  const missing = names.filter((name) => known[name] === required);
  const shown = () => [...missing, ...names.filter((name) => !missing.includes(name))];
  const call = () => {
    const count = Math.max(2, missing.length);
    const some = shown().slice(0, count).join(', ');
    return `${caller}(${before}{ ${some}${names.length > count ? ', … ' : ' '}})`;
  };
  if (given === undefined) {
    if (missing.length === 0) return;
    throw new ArgumentError(`${caller}: its options are missing; call ${call()}`);
  }
  if (isPromise(given)) {
    throw new ArgumentError(
      `${caller}: was given a promise in place of its options; await it first, and call ${call()}`,
    );
  }
  if (!isRecord(given)) {
    throw new ArgumentError(
      `${caller}: takes its options by name, ${call()}, but was given ${describe(given)}`,
    );
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) {
      const plain = name.replaceAll(/[_-]/g, '').toLowerCase();
      const note = Object.hasOwn(NOTES, plain) ? NOTES[plain] : undefined;
      const meant = note === undefined ? knownName(name, names) : undefined;
      const hint = note ? `: ${note}.` : meant === undefined ? '' : `; did you mean "${meant}"?`;
      throw new ArgumentError(
        `${caller}: there is no option "${cut(name)}"${hint || '.'} It takes ${shown().join(', ')}`,
      );
    }
    if (isPromise(value)) {
      throw new ArgumentError(
        `${caller}: the option "${name}" is a promise; await it first: { ${name}: await … }`,
      );
    }
  }
  const absent = missing.find((name) => given[name] === undefined);
  if (absent !== undefined) {
    throw new ArgumentError(`${caller}: the option "${absent}" is missing; call ${call()}`);
  }
}

/**
 * `checkOptions`, then the options with their defaults in place of those that are left out or undefined, arrays copied.
 * An option that is true or false by default must be one of these, one that is a number by default a number or an array.
 */
export function settle<O extends object, const D extends Defaults<O>>(
  caller: string,
  given: O | undefined,
  defaults: D & Defaults<O>,
): Settled<O, D> {
  checkOptions(caller, given, defaults);
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  const settled: Record<string, unknown> = {};
  for (const [name, fallback] of Object.entries(defaults)) {
    const value = options[name] === undefined ? fallback : options[name];
    if (typeof fallback === 'boolean' && typeof value !== 'boolean') {
      throw new ArgumentError(`${caller}: ${name} is ${describe(value)}; it must be true or false`);
    }
    if (typeof fallback === 'number' && typeof value !== 'number' && !Array.isArray(value)) {
      throw new ArgumentError(`${caller}: ${name} is ${describe(value)}; it must be a number`);
    }
    settled[name] = copied(value);
  }
  return settled as Settled<O, D>;
}

/**
 * `settle` for a function that takes its one option first and by place, and the others by name: `dropout(0.5, { name })`.
 */
export function settlePlaced<N extends string, V, O extends object, const D extends Defaults<O>>(
  caller: string,
  [name, value]: readonly [name: N, value: V],
  given: O | undefined,
  defaults: D & Defaults<O>,
): Settled<O, D> & { readonly [K in N]: V } {
  const byName = isRecord(value) && Object.hasOwn(value, name);
  if (value === undefined || value === null || byName || isPromise(value)) {
    const names = Object.keys(defaults).join(', ');
    const found = byName ? 'by name' : describe(value);
    throw new ArgumentError(
      `${caller}: takes its ${name} first and by place, ${caller}(${name}, { ${names} }), but was given ${found}`,
    );
  }
  checkOptions(caller, given, defaults, `${name}, `);
  return { [name]: copied(value), ...settle(caller, given, defaults) } as Settled<O, D> & { [K in N]: V };
}

/** @throws ArgumentError unless it is true or false, or not given */
export function checkFlag(caller: string, option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new ArgumentError(`${caller}: ${option} is ${describe(value)}; it must be true or false`);
}

/** @throws ArgumentError unless it is a whole number from 0 to 2^53 - 1 */
export function requireSeed(caller: string, seed: unknown): void {
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return;
  throw new ArgumentError(
    `${caller}: seed is ${describe(seed)}; it must be a whole number from 0 to 2^53 - 1`,
  );
}

/** A deep copy of nested arrays, so that later changes by the caller have no effect. */
const copied = (value: unknown): unknown => (Array.isArray(value) ? value.map(copied) : value);

/** The known name that was probably meant. */
function knownName(name: string, names: readonly string[]): string | undefined {
  const alias = name.replaceAll(/[_-]/g, '').toLowerCase();
  const same = names.find((known) => known.toLowerCase() === alias);
  if (same !== undefined) return same;
  const ours = Object.hasOwn(ALIASES, alias) ? ALIASES[alias].split(' ') : [];
  return ours.find((known) => names.includes(known)) ?? nearestName(name.slice(0, 40), names);
}

/** Whether it is a promise or what else may be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** An object that holds options; not an array, nor what a class of the platform makes. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !ArrayBuffer.isView(value) && !(Symbol.iterator in value) && !(Symbol.asyncIterator in value);
}

const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** A value in a few words, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return String(value);
  if (isPromise(value)) return 'a promise';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (Symbol.iterator in value && !ArrayBuffer.isView(value)) return 'an iterator';
  if (Symbol.asyncIterator in value) return 'an asynchronous iterator';
  const { name } = (value as object).constructor ?? {};
  if (!name || name === 'Object')
    return cut(`an object with ${Object.keys(value).join(', ') || 'nothing in it'}`);
  return `a value of the class ${cut(name)}`;
}

/** @throws ArgumentError unless it is an AbortSignal, or there is none */
export function checkSignal(name: string, signal: unknown): void {
  if (signal === undefined || signal === null || signal instanceof AbortSignal) return;
  const fix =
    signal instanceof AbortController
      ? 'pass its signal: { signal: controller.signal }'
      : 'pass the signal of an AbortController, or AbortSignal.timeout(1000)';
  throw new ArgumentError(`${name}: signal is ${describe(signal)}; ${fix}`);
}

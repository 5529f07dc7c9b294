import { parseArgs } from 'node:util';
import { ArgumentError } from '../../errors.ts';
import { PRECISIONS } from '../../runtime/precision.ts';
import type { Precision } from '../../runtime/precision.ts';
import { ADAPTER_KINDS } from '../adapterChoice.ts';
import type { AdapterKind } from '../adapterChoice.ts';
import { choice, didYouMean, formatInterval, parseInterval, parseNumber } from './flagValues.ts';
import type { Interval, NumberRange } from './flagValues.ts';
import { quoteArgument } from './format.ts';
import { IMAGE_SETS } from './modelDescription.ts';
import type { ModelDescription, ModelFlag, ModelFlagValues } from './modelDescription.ts';

/** What the user wrote; undefined where nothing was said. */
export interface TrainOptions {
  readonly model: string;
  readonly preset?: string;
  readonly dataset?: string;
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly precision?: Precision;
  readonly adapter?: AdapterKind;
  readonly data?: string;
  readonly resume?: string;
  readonly out?: string;
  /** Saves so often, besides after each epoch. */
  readonly saveEvery?: Interval;
  /** What the model's own flags were given. */
  readonly own: ModelFlagValues;
  readonly profile: boolean;
  readonly tune: boolean;
  readonly json: boolean;
}

type Models = Readonly<Record<string, ModelDescription>>;

/** In the order of the help text: placeholder and meaning. */
const FLAGS: Readonly<Record<string, readonly [placeholder: string, meaning: string]>> = {
  preset: ['NAME', 'one of the presets above'],
  dataset: ['NAME', `for models of images: ${IMAGE_SETS.join(' or ')}; flow: moons, spirals, mnist`],
  epochs: ['N', 'passes over the training data'],
  steps: ['N', 'training steps, instead of epochs'],
  'batch-size': ['N', 'samples per step'],
  'learning-rate': ['X', 'of the optimizer'],
  seed: ['N', 'of weights, shuffling and dropout; default 0'],
  precision: ['NAME', 'f32 or mixed, which multiplies numbers of 16 bits; default f32'],
  adapter: ['KIND', `${ADAPTER_KINDS.join(', ')}; default: WGRAD_ADAPTER, else the best`],
  data: [
    'FOLDER',
    'holds the data sets, as mnist/; default: WGRAD_DATA, else a download.\n`synthetic` generates data instead, `synthetic:N` N digits',
  ],
  profile: ['', 'first print the graph, the memory plan and the time of each kernel'],
  tune: ['', 'measure once which kernels are fastest here; npm run tune does it ahead'],
  resume: [
    'FILE',
    'continue with a saved model.safetensors, exactly where it stopped;\nalso with another --batch-size or --learning-rate',
  ],
  out: ['FOLDER', 'for the results; default out/<model>'],
  'save-every': ['N|Ns', 'save each N steps or N seconds (500, 30s), besides after each epoch'],
  json: ['', 'print the result as a JSON object in the last line'],
  help: ['', 'print this'],
};

export function helpText(models: Models): string {
  const presets = Object.entries(models).flatMap(([name, { title, presets, defaultPreset }]) => [
    `  ${name}: ${title}`,
    ...Object.entries(presets).map(([preset, { description, epochs, steps, batchSize, learningRate }]) => {
      const isDefault = preset === defaultPreset ? ' (default)' : '';
      const recipe = `${epochs === undefined ? `${steps} steps` : `${epochs} epochs`}, batch ${batchSize}, rate ${learningRate}`;
      return `    ${preset.padEnd(10)} ${description}${isDefault}; ${recipe}`;
    }),
  ]);
  const flags = Object.entries(FLAGS).map(([name, [placeholder, meaning]]) =>
    flagHelp([name, { placeholder, meaning }]),
  );
  const own = Object.entries(models).flatMap(([name, { flags: taken = {} }]) =>
    Object.keys(taken).length === 0
      ? []
      : ['', `Options of ${name}:`, ...Object.entries(taken).map(flagHelp)],
  );
  return `npm run train -- [model] [options]

Models and their presets:
${presets.join('\n')}

Options:
${[...flags, ...own].join('\n')}

Files are written while training continues. What cannot be written (a full disk) is kept in memory
and tried again at each save and at the end; what is still not saved then is named, and the exit
code is 1.
Ctrl-C finishes the step, saves, and prints how to continue; a second Ctrl-C exits at once. SIGTERM
and a terminal that is closed (SIGHUP) act like Ctrl-C. A closed output does not end the run.
Exit codes: 0 finished, 1 error, 130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.`;
}

function flagHelp([name, flag]: [string, Pick<ModelFlag, 'placeholder' | 'meaning'>]): string {
  const head = `--${name} ${flag.placeholder}`.padEnd(20);
  return `  ${head} ${flag.meaning.replaceAll('\n', `\n${' '.repeat(23)}`)}`;
}

/**
 * Reads the command line.
 *
 * @returns undefined if the user only asks for help
 * @throws ArgumentError that names the choices
 */
export function parseTrainOptions(args: readonly string[], models: Models): TrainOptions | undefined {
  const { values, positionals } = parse(args, models);
  if (values.help) return undefined;
  const model = modelOf(positionals, models);
  const text = (name: string) => (values[name] === true ? 'true' : (values[name] as string | undefined));
  const options: TrainOptions = {
    model,
    preset: choice('preset', text('preset'), Object.keys(models[model].presets)),
    dataset: choice('dataset', text('dataset'), models[model].datasets ?? IMAGE_SETS),
    epochs: number('epochs', text('epochs'), { above: 0 }),
    steps: number('steps', text('steps'), { whole: true, above: 0 }),
    batchSize: number('batch-size', text('batch-size'), { whole: true, above: 0 }),
    learningRate: number('learning-rate', text('learning-rate'), {}),
    seed: number('seed', text('seed'), { whole: true }),
    precision: choice('precision', text('precision'), PRECISIONS) as Precision | undefined,
    adapter: choice('adapter', text('adapter'), ADAPTER_KINDS) as AdapterKind | undefined,
    data: notEmpty('data', text('data')),
    resume: notEmpty('resume', text('resume')),
    out: notEmpty('out', text('out')),
    saveEvery:
      text('save-every') === undefined ? undefined : parseInterval('save-every', text('save-every')!),
    own: ownFlags(model, models, text),
    profile: values.profile === true,
    tune: values.tune === true,
    json: values.json === true,
  };
  if (options.epochs !== undefined && options.steps !== undefined) {
    throw new ArgumentError('--epochs and --steps both say how long to train: pass one of them.');
  }
  return options;
}

/** The command line that continues from a checkpoint. */
export function resumeCommand(options: TrainOptions, checkpoint: string): string {
  const kept = [
    'preset',
    'dataset',
    'epochs',
    'steps',
    'batchSize',
    'learningRate',
    'seed',
    'precision',
    'adapter',
    'data',
    'out',
  ] as const;
  const flags = kept.flatMap((name) => {
    const value = options[name];
    const flag = name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    return value === undefined ? [] : [`--${flag}`, quoteArgument(String(value))];
  });
  if (options.tune) flags.push('--tune');
  if (options.saveEvery) flags.push('--save-every', formatInterval(options.saveEvery));
  for (const [name, value] of Object.entries(options.own)) {
    flags.push(`--${name}`, ...(value === 'true' ? [] : [quoteArgument(String(value))]));
  }
  return ['npm run train --', options.model, ...flags, '--resume', quoteArgument(checkpoint)].join(' ');
}

/** The values of the flags that only `model` takes; those of other models are errors. */
function ownFlags(
  model: string,
  models: Models,
  text: (name: string) => string | undefined,
): ModelFlagValues {
  const taken = models[model].flags ?? {};
  const values: Record<string, number | string> = {};
  for (const [name, { flags = {} }] of Object.entries(models)) {
    for (const flag of Object.keys(flags)) {
      const value = text(flag);
      if (value === undefined) continue;
      if (!taken[flag]) throw new ArgumentError(`${model} takes no --${flag}: that is an option of ${name}.`);
      values[flag] = taken[flag].parse(flag, value);
    }
  }
  return values;
}

function parse(
  args: readonly string[],
  models: Models,
): { values: Record<string, unknown>; positionals: string[] } {
  const known = Object.entries(FLAGS).map(([name, [placeholder]]) => {
    return [name, { type: placeholder ? 'string' : 'boolean' }] as const;
  });
  const own = Object.values(models).flatMap(({ flags = {} }) => Object.entries(flags));
  const entries = [
    ...own.map(([name, { placeholder }]) => [name, { type: placeholder ? 'string' : 'boolean' }] as const),
    ...known,
  ];
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(entries), allowPositionals: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const name = /'(--?[\w-]+)/.exec(message)?.[1];
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && name) {
      const flags = [...known, ...entries].map(([flag]) => flag);
      const choices = [...new Set(flags)].map((flag) => `--${flag}`).join(', ');
      const hint = didYouMean(name.replace(/^-+/, ''), flags, '--');
      throw new ArgumentError(`There is no option ${name}${hint} Choose from ${choices}.`, { cause });
    }
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && name) {
      const flag = name.slice(2);
      const placeholder = FLAGS[flag]?.[0] ?? own.find(([other]) => other === flag)?.[1].placeholder;
      const use = placeholder ? `needs a value: ${name} ${placeholder}` : 'takes no value';
      throw new ArgumentError(`${name} ${use}. See npm run train -- --help.`, { cause });
    }
    throw new ArgumentError(`${message} See npm run train -- --help.`, { cause });
  }
}

function modelOf(positionals: readonly string[], models: Models): string {
  const names = Object.keys(models);
  const [model = names[0], ...rest] = positionals;
  if (Object.hasOwn(models, model) && rest.length === 0) return model;
  const stray = Object.hasOwn(models, model) ? rest[0] : model;
  const owner = names.find((name) => Object.hasOwn(models[name].presets, stray));
  // `npm run train --preset keras` gives the script the word keras alone.
  const hint = owner
    ? `'${stray}' is a preset: npm run train -- ${owner} --preset ${stray}`
    : 'npm passes options on only after a lone --: npm run train -- --epochs 1';
  throw new ArgumentError(
    `There is no model '${stray}'${didYouMean(stray, names)} Choose from ${names.join(', ')}. (${hint})`,
  );
}

function notEmpty(flag: string, value: string | undefined): string | undefined {
  if (value === '') throw new ArgumentError(`--${flag} is empty: pass a path.`);
  return value;
}

function number(flag: string, value: string | undefined, range: NumberRange): number | undefined {
  return value === undefined ? undefined : parseNumber(flag, value, range);
}

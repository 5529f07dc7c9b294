import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { selfTargets } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { syntheticDigits } from '../../data/digits.ts';
import { ArgumentError, WgradError } from '../../errors.ts';
import { autoencoder, AUTOENCODER_LOSSES, AUTOENCODER_PRESETS } from '../../models/autoencoder.ts';
import type { AutoencoderPreset } from '../../models/autoencoder.ts';
import { dcgan, DCGAN_PRESETS, dcganTraining } from '../../models/dcgan.ts';
import type { DcganPreset } from '../../models/dcgan.ts';
import { mnistCnn, MNIST_CNN_PRESETS } from '../../models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../models/mnistCnn.ts';
import { init } from '../../runtime/session.ts';
import type { Gpu } from '../../runtime/session.ts';
import { adapterClass } from '../../runtime/tuning/adapters.ts';
import { DEFAULTS } from '../../runtime/tuning/defaults.ts';
import { NOTHING } from '../../runtime/tuning/measurements.ts';
import type { TuningStore } from '../../runtime/tuning/measurements.ts';
import { formatTuning } from '../../runtime/tuning/report.ts';
import type { TuningReport } from '../../runtime/tuning/tuner.ts';
import { findAdapter } from '../adapter.ts';
import { ADAPTER_KINDS } from '../adapterChoice.ts';
import { writeFileAtomic } from '../files.ts';
import { tuningFile } from '../tuningFile.ts';
import { choice, parseNumber } from './flagValues.ts';
import { formatSeconds } from './format.ts';
import type { PresetInfo } from './modelDescription.ts';
import { Terminal } from './terminal.ts';
import type { Output } from './terminal.ts';
import type { Trainee } from './trainee.ts';

/** A model to tune for: its presets, and how to make one that is ready to be trained. */
interface Tunable {
  readonly presets: Readonly<Record<string, PresetInfo>>;
  /** Small enough for a CPU, and tuned where nothing is named. */
  readonly usual: readonly string[];
  make(preset: string, gpu: Gpu): Promise<Trainee & { destroy(): void }>;
  readonly data?: (data: Dataset) => Dataset;
}

const MODELS: Readonly<Record<string, Tunable>> = {
  'mnist-cnn': {
    presets: MNIST_CNN_PRESETS,
    usual: ['quick', 'keras'],
    make: (preset, gpu) => {
      const { optimizer, learningRate } = MNIST_CNN_PRESETS[preset as MnistCnnPreset];
      return mnistCnn(preset as MnistCnnPreset).compile({
        gpu,
        optimizer: optimizer({ learningRate }),
        loss: 'softmaxCrossEntropy',
        metrics: ['accuracy'],
      });
    },
  },
  autoencoder: {
    presets: AUTOENCODER_PRESETS,
    usual: ['classroom', 'keras-deep'],
    data: selfTargets,
    make: (preset, gpu) => {
      const { optimizer, learningRate } = AUTOENCODER_PRESETS[preset as AutoencoderPreset];
      const { model, loss } = autoencoder(preset as AutoencoderPreset);
      return model.compile({ gpu, optimizer: optimizer({ learningRate }), loss: AUTOENCODER_LOSSES[loss] });
    },
  },
  dcgan: {
    presets: DCGAN_PRESETS,
    usual: ['small'],
    make: (preset, gpu) =>
      dcgan(preset as DcganPreset).compile({ gpu, ...dcganTraining(preset as DcganPreset) }),
  },
};

const HELP = `npm run tune -- [model[:preset] …] [options]

Measures which kernels are the fastest on this machine for the shapes of the models' training steps, and keeps
it for npm run train -- --tune, initNode({ tune: 'cached' }) and initNode({ tune: true }).

Models and presets; those without a mark only where they are named:
${Object.entries(MODELS)
  .map(
    ([name, { presets, usual }]) =>
      `  ${name}: ${Object.keys(presets)
        .map((preset) => (usual.includes(preset) ? `${preset}*` : preset))
        .join(', ')}`,
  )
  .join('\n')}

Options:
  --batch-size N        images per step; default: the preset's
  --adapter KIND        ${ADAPTER_KINDS.join(', ')}; default: WGRAD_ADAPTER, else the best
  --defaults            for developers of wgrad: write what is 10% faster to src/runtime/tuning/defaults.ts
  --help                print this`;

/** @returns the process's exit code */
export async function tune(
  args: readonly string[],
  output: Output = process.stdout,
  errors: Output = process.stderr,
): Promise<number> {
  const terminal = new Terminal(output);
  try {
    const options = parse(args);
    if (options) await tuneAll(options, terminal);
    else terminal.line(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof WgradError)) throw error;
    const complaints = new Terminal(errors);
    complaints.line(`${complaints.style(['bold', 'red'], error.name)}: ${error.message}`);
    return 1;
  }
}

interface Options {
  readonly presets: readonly (readonly [model: string, preset: string])[];
  readonly batchSize?: number;
  readonly adapter?: (typeof ADAPTER_KINDS)[number];
  readonly defaults: boolean;
}

/** @returns undefined if the user only asks for help */
function parse(args: readonly string[]): Options | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const { 'batch-size': batchSize, adapter } = values;
  const named = positionals.length > 0 ? positionals : Object.keys(MODELS);
  return {
    presets: named.flatMap((text) => {
      const [model, preset] = text.split(':');
      if (!Object.hasOwn(MODELS, model)) {
        throw new ArgumentError(
          `There is no model '${model}'. Choose from ${Object.keys(MODELS).join(', ')}.`,
        );
      }
      const { presets, usual } = MODELS[model];
      if (preset !== undefined && !Object.hasOwn(presets, preset)) {
        throw new ArgumentError(
          `There is no preset '${preset}' of ${model}. Choose from ${Object.keys(presets).join(', ')}.`,
        );
      }
      return (preset === undefined ? usual : [preset]).map((own) => [model, own] as const);
    }),
    batchSize:
      batchSize === undefined ? undefined : parseNumber('batch-size', batchSize, { whole: true, above: 0 }),
    adapter: choice('adapter', adapter, ADAPTER_KINDS) as Options['adapter'],
    defaults: values.defaults === true,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'batch-size': { type: 'string' },
        adapter: { type: 'string' },
        defaults: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (cause) {
    const [message] = (cause as Error).message.split(' To specify');
    throw new ArgumentError(`${message.replace(/\.?$/, '.')} See npm run tune -- --help.`, { cause });
  }
}

async function tuneAll(
  { presets, batchSize, adapter: kind, defaults }: Options,
  terminal: Terminal,
): Promise<void> {
  const { gpu: dawn, adapter, kind: found, description } = await findAdapter({ adapter: kind });
  terminal.line(terminal.style('bold', `Adapter: ${description}`));
  const store = defaults ? FORGETFUL : tuningFile();
  const gpu = await init({
    adapter,
    gpu: dawn,
    software: found !== 'gpu',
    tune: true,
    tuningStore: store,
    onNotice: (text) => terminal.warn(text),
  });
  try {
    const began = performance.now();
    for (const [name, preset] of presets) {
      const { presets: recipes, data = (own) => own, make } = MODELS[name];
      const size = batchSize ?? recipes[preset].batchSize;
      const before = gpu.tuning.reports.length;
      terminal.line(`${name}:${preset}, ${size} images per step`);
      const model = await make(preset, gpu);
      try {
        const { train } = syntheticDigits({ train: size, test: 1 });
        await model.fit(data(train), { steps: 0, batchSize: size });
      } finally {
        model.destroy();
      }
      const reports = gpu.tuning.reports.slice(before);
      terminal.line(reports.length > 0 ? formatTuning(reports) : '  nothing to measure that is not known');
      terminal.line();
    }
    const seconds = (performance.now() - began) / 1000;
    const { reports } = gpu.tuning;
    terminal.line(`Measured ${reports.length} choices in ${formatSeconds(seconds)}, for ${store.name}.`);
    if (defaults) {
      const path = fileURLToPath(new URL('../../runtime/tuning/defaults.ts', import.meta.url));
      await writeDefaults(path, adapterClass(gpu.device), reports);
    }
  } finally {
    gpu.destroy();
  }
}

/** Measures everything again and stores nothing. */
const FORGETFUL: TuningStore = {
  name: 'src/runtime/tuning/defaults.ts',
  load: async () => NOTHING,
  save: async () => undefined,
};

/** What is so much faster than the rule's choice is shipped. */
const SHIPPED_GAIN = 1.1;

/** Puts what was found in the place of what was shipped for the same choices, as oxfmt writes it. */
export async function writeDefaults(
  path: string,
  name: string,
  reports: readonly Pick<TuningReport, 'key' | 'choice'>[],
): Promise<void> {
  const measured = new Map(reports.map(({ key, choice }) => [key, choice]));
  const kept = Object.entries(DEFAULTS[name]?.choices ?? {}).filter(([key]) => !measured.has(key));
  const faster = [...measured].filter(
    ([, choice]) => choice.ruleMicroseconds >= SHIPPED_GAIN * choice.microseconds,
  );
  const choices = Object.fromEntries([...kept, ...faster].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const text = await readFile(path, 'utf8');
  const table = JSON.stringify({ ...DEFAULTS, [name]: { choices } }, undefined, 2);
  await writeFileAtomic(
    path,
    text.replace(/(DEFAULTS: .* = )[^]*$/, (_, head: string) => `${head}${table};\n`),
  );
  const formatter = dirname(createRequire(import.meta.url).resolve('oxfmt/package.json'));
  const cwd = fileURLToPath(new URL('../../..', import.meta.url)); // where its settings are
  await promisify(execFile)(process.execPath, [join(formatter, 'bin', 'oxfmt'), path], { cwd });
}

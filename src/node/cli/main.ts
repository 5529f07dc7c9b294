import { EnvironmentError, WgradError } from '../../errors.ts';
import { init } from '../../runtime/session.ts';
import { findAdapter } from '../adapter.ts';
import { tuningFile } from '../tuningFile.ts';
import { airlineCommand } from './airline.ts';
import { autoencoderCommand } from './autoencoder.ts';
import { breastCancerCommand } from './breastCancer.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { ModelCommand } from './command.ts';
import { dcganCommand } from './dcgan.ts';
import { diffusionCommand } from './diffusion.ts';
import { dreamCommand } from './dream.ts';
import { fashionCommand } from './fashion.ts';
import { flowCommand } from './flow.ts';
import { gptCommand } from './gpt.ts';
import { grokkingCommand } from './grokking.ts';
import { Interrupt } from './interrupt.ts';
import { lineCommand } from './line.ts';
import { logicCommand } from './logic.ts';
import { mnistCnnCommand } from './mnistCnn.ts';
import { helpText, parseTrainOptions } from './options.ts';
import type { TrainOptions } from './options.ts';
import { RunFolder } from './runFolder.ts';
import { resolveSettings } from './settings.ts';
import { superresCommand } from './superres.ts';
import { Terminal } from './terminal.ts';
import { tsneCommand } from './tsne.ts';
import type { Output } from './terminal.ts';
import { vaeCommand } from './vae.ts';

/** The models that can be trained; the first is the default. */
export const MODELS: Readonly<Record<string, ModelCommand>> = {
  'mnist-cnn': mnistCnnCommand,
  dcgan: dcganCommand,
  diffusion: diffusionCommand,
  autoencoder: autoencoderCommand,
  vae: vaeCommand,
  flow: flowCommand,
  fashion: fashionCommand,
  'breast-cancer': breastCancerCommand,
  line: lineCommand,
  logic: logicCommand,
  airline: airlineCommand,
  grokking: grokkingCommand,
  gpt: gptCommand,
  tsne: tsneCommand,
  dream: dreamCommand,
  superres: superresCommand,
};

/**
 * `npm run train`: trains a model as the command line says.
 *
 * @returns the process's exit code: 0 finished, 1 error (told on `errors`), 129, 130 or 143 interrupted
 */
export async function main(
  args: readonly string[],
  output: Output = process.stdout,
  errors: Output = process.stderr,
): Promise<number> {
  const terminal = new Terminal(output);
  const complaints = new Terminal(errors);
  try {
    const options = parseTrainOptions(args, MODELS);
    if (options) return await train(options, terminal);
    terminal.line(helpText(MODELS));
    return 0;
  } catch (error) {
    if (!(error instanceof WgradError)) throw error;
    complaints.line(`${complaints.style(['bold', 'red'], error.name)}: ${error.message}`);
    return 1;
  }
}

async function train(options: TrainOptions, terminal: Terminal): Promise<number> {
  // Fail now, not after the training.
  const folder = await RunFolder.open(options.out ?? `out/${options.model}`, (text) => terminal.warn(text));
  try {
    const code = await trainInFolder(options, terminal, folder);
    folder.check();
    checkOutput(terminal);
    return code;
  } catch (error) {
    await folder.retry();
    throw error;
  } finally {
    await folder.close();
  }
}

/** A closed output is the reader's choice; an output that cannot be written (to a full disk) is an error. */
function checkOutput({ failure }: Terminal): void {
  if (!failure || GONE.includes(failure.code ?? '')) return;
  throw new EnvironmentError(`The output cannot be written: ${failure.message}. All other files are saved.`, {
    cause: failure,
  });
}

/** A pipe without a reader, a terminal that was closed. */
const GONE = ['EPIPE', 'EIO', 'ECONNRESET', 'ENOTCONN', 'EBADF', 'ERR_STREAM_DESTROYED'];

async function trainInFolder(options: TrainOptions, terminal: Terminal, folder: RunFolder): Promise<number> {
  const command = MODELS[options.model];
  const checkpoint = options.resume === undefined ? undefined : await readCheckpoint(options.resume);
  const settings = resolveSettings(options, command, checkpoint);
  command.check?.(settings);
  const adapter = await findAdapter({ adapter: options.adapter });
  const software = adapter.kind !== 'gpu';
  terminal.line(terminal.style(['bold', software ? 'yellow' : 'green'], `Adapter: ${adapter.description}`));

  const interrupt = new Interrupt(() =>
    terminal.warn('Finishing the step and saving. Ctrl-C again exits at once, without saving.'),
  );
  const gpu = await init({
    adapter: adapter.adapter,
    gpu: adapter.gpu,
    software,
    tune: options.tune,
    tuningStore: tuningFile(),
    onNotice: (text) => terminal.warn(text),
  });
  try {
    const { samples = 'images' } = command;
    const context = { terminal, gpu, adapter, options, settings, samples, folder, checkpoint, interrupt };
    const result = await command.run(context);
    if (result && options.json) terminal.line(JSON.stringify(result));
    return result ? 0 : interrupt.exitCode;
  } catch (error) {
    if (!interrupt.signal.aborted || error !== interrupt.signal.reason) throw error;
    terminal.line('Interrupted.');
    return interrupt.exitCode;
  } finally {
    interrupt.dispose();
    gpu.destroy();
  }
}

import { WgradError } from '../../errors.ts';
import { init } from '../../runtime/session.ts';
import { findAdapter } from '../adapter.ts';
import { autoencoderCommand } from './autoencoder.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { ModelCommand } from './command.ts';
import { dcganCommand } from './dcgan.ts';
import { Interrupt } from './interrupt.ts';
import { mnistCnnCommand } from './mnistCnn.ts';
import { helpText, parseTrainOptions } from './options.ts';
import type { TrainOptions } from './options.ts';
import { RunFolder } from './runFolder.ts';
import { resolveSettings } from './settings.ts';
import { Terminal } from './terminal.ts';
import type { Output } from './terminal.ts';

/** The models that can be trained; the first is the default. */
export const MODELS: Readonly<Record<string, ModelCommand>> = {
  'mnist-cnn': mnistCnnCommand,
  dcgan: dcganCommand,
  autoencoder: autoencoderCommand,
};

/**
 * `npm run train`: trains a model as the command line says.
 *
 * @returns the process's exit code: 0 finished, 1 error (told on `errors`), 130 or 143 interrupted
 */
export async function main(
  args: readonly string[],
  output: Output = process.stdout,
  errors: Output = process.stderr,
): Promise<number> {
  try {
    const options = parseTrainOptions(args, MODELS);
    if (options) return await train(options, new Terminal(output));
    output.write(`${helpText(MODELS)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof WgradError)) throw error;
    const terminal = new Terminal(errors);
    terminal.line(`${terminal.style(['bold', 'red'], error.name)}: ${error.message}`);
    return 1;
  }
}

async function train(options: TrainOptions, terminal: Terminal): Promise<number> {
  const command = MODELS[options.model];
  // What can go wrong goes wrong now, not after the training.
  const checkpoint = options.resume === undefined ? undefined : await readCheckpoint(options.resume);
  const settings = resolveSettings(options, command, checkpoint);
  command.check?.(settings);
  const folder = await RunFolder.open(options.out ?? `out/${options.model}`);
  const adapter = await findAdapter({ adapter: options.adapter });
  const software = adapter.kind !== 'gpu';
  terminal.line(terminal.style(['bold', software ? 'yellow' : 'green'], `Adapter: ${adapter.description}`));

  const interrupt = new Interrupt(() =>
    terminal.warn('Finishing the step and saving. Ctrl-C again exits at once, without saving.'),
  );
  const gpu = await init({ adapter: adapter.adapter, gpu: adapter.gpu, software });
  try {
    const context = { terminal, gpu, adapter, options, settings, folder, checkpoint, interrupt };
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

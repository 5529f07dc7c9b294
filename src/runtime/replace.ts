import type { Device } from '../device/device.ts';
import { KernelError } from '../errors.ts';
import type { KernelMessage } from '../errors.ts';
import { checkKernel } from '../kernels/check.ts';
import { editKernel } from '../kernels/edit.ts';
import type { KernelFile } from '../kernels/kernel.ts';
import type { PipelineCache } from '../kernels/pipelineCache.ts';
import type { Operand } from '../ops/core/op.ts';
import { bindCommands } from './commands.ts';
import type { Command } from './commands.ts';
import type { Location } from './location.ts';
import type { LoweredDispatch } from './lower.ts';

/**
 * A command with an edited kernel, bound to the same buffers.
 *
 * @param original the dispatch of the build
 * @throws KernelError with `messages` about lines and columns of the file, see editKernel
 */
export async function editedCommand(
  { device, pipelines }: { readonly device: Device; readonly pipelines: PipelineCache },
  original: LoweredDispatch,
  source: string,
  locate: (operand: Operand) => Location,
): Promise<Command> {
  try {
    const { file, kernel } = editKernel(original, source);
    const compiled = await pipelines.getEdited(kernel, original.label);
    const dispatch = { ...original, kernel, source: { ...original.source, file } };
    return bindCommands(device, [dispatch], [compiled], locate)[0];
  } catch (error) {
    if (error instanceof RangeError)
      // of the stack: compilers refuse such a text, too
      throw new KernelError(`${original.kernel.name}.wgsl has an expression that is too deep.`, {
        cause: error,
      });
    if (!(error instanceof KernelError)) throw error;
    const { file, specialization } = original.source;
    throw await aboutFile(error, device, { name: file.name, source }, specialization.library);
  }
}

/** The same error with the places in the file: as the compiler finds them there, else by looking for the words again. */
async function aboutFile(
  { message, messages, cause }: KernelError,
  device: Device,
  file: { readonly name: string; readonly source: string },
  library?: readonly KernelFile[],
): Promise<KernelError> {
  const found = await checkKernel(device.gpu, file, library);
  if (found.length === 0) {
    const lines = file.source.split('\n');
    const placed = messages.map((own) => (own.file === file.name ? inLine(own, lines[own.line - 1]) : own));
    return new KernelError(message, { messages: placed, cause });
  }
  const listing = found.map(({ line, column, text }) => `${file.name}.wgsl:${line}:${column}: ${text}`);
  return new KernelError(`Kernel ${file.name} does not compile:\n${listing.join('\n')}`, {
    messages: found,
    cause,
  });
}

/** Specialised code has its own columns: the nearest place in the line of the file that has the same word. */
function inLine(message: KernelMessage, line: string): KernelMessage {
  const { word, column } = message;
  const places =
    word === '' ? [] : [...line.matchAll(new RegExp(escaped(word), 'g'))].map(({ index }) => index + 1);
  const nearest = places.toSorted((a, b) => Math.abs(a - column) - Math.abs(b - column)).at(0);
  return nearest === undefined ? { ...message, column: 0, length: 0 } : { ...message, column: nearest };
}

const escaped = (text: string) => text.replaceAll(/[^\w\s]/g, String.raw`\$&`);

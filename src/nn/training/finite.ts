import { FormatError, NumericError } from '../../errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import type { Compiled } from './compiled.ts';

type Tensors = ReadonlyMap<string, SafeTensor>;

/**
 * Throws a NumericError that names the first NaN or infinity of what is to be saved.
 *
 * @param name of the model
 */
export function requireFiniteToSave(name: string, tensors: Tensors): void {
  const found = notFinite(tensors);
  if (!found) return;
  throw new NumericError(
    `${name}: is not saved, because ${found}; load the last saved weights, or write finite values there, and save again`,
  );
}

/**
 * Throws a FormatError that names the first NaN or infinity of what was loaded.
 *
 * @param name of the file
 */
export function requireFiniteLoaded(name: string, tensors: Tensors): void {
  const found = notFinite(tensors);
  if (found) throw new FormatError(`${name}: ${found}; load a file that was saved before that`);
}

function notFinite(tensors: Tensors): string | undefined {
  for (const [name, { dtype, data }] of tensors) {
    const index = dtype === 'F32' ? data.findIndex((value) => !Number.isFinite(value)) : -1;
    if (index !== -1) return `tensor ${name} is ${data[index]} at element ${index}`;
  }
  return undefined;
}

/**
 * The error of an evaluation: what is NaN or infinite, for which samples, and the weight that it comes from.
 *
 * @param before samples of the steps before
 */
export async function notFiniteError(
  { network: { name, variables }, gpu }: Pick<Compiled, 'network' | 'gpu'>,
  data: TrainingData,
  before: number,
  { recorded: [{ count }], notFinite: values }: RingEntry,
): Promise<NumericError> {
  const where = asStream(data) ? 'the stream' : `data set '${(data as Dataset).name}'`;
  const weights = await gpu.variables.readAll(variables);
  const bad = variables.find((variable) => weights.get(variable)!.some((value) => !Number.isFinite(value)));
  const advice = bad
    ? `The weight ${bad.name} is; load the last saved weights.`
    : 'The weights are finite; look for extreme values in these samples.';
  return new NumericError(
    `${name}: ${values.join(' and ')} became NaN or infinite in samples ${before} to ${before + count - 1} of ${where}. ${advice}`,
    { variable: bad?.name },
  );
}

import { FormatError, NumericError } from '../../errors.ts';
import type { SafeTensor } from '../../io/safetensors.ts';

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

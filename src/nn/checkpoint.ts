import { FormatError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../io/safetensors.ts';
import type { SafeTensor } from '../io/safetensors.ts';
import { formatShape, sameShape } from '../ops/tensor.ts';
import type { Variable } from '../ops/leaves.ts';
import type { Model } from './model.ts';

const FORMAT = 'wgrad 1';

const slotName = (variable: Variable, slot: number) => `optimizer.${slot}.${variable.name}`;

/** Weights by layer name (`dense.weight`), optimizer slots, and in the metadata what training needs to go on. */
export async function encodeCheckpoint(model: Model): Promise<Uint8Array> {
  const { gpu, minimizer, optimizer } = model.compiled;
  const tensors = new Map<string, SafeTensor>();
  const values = await gpu.variables.readAll(model.variables);
  for (const [variable, data] of values)
    tensors.set(variable.name, { dtype: 'F32', shape: variable.shape, data });
  for (const [variable, slots] of await minimizer.readSlots(gpu.variables)) {
    slots.forEach((data, slot) =>
      tensors.set(slotName(variable, slot), { dtype: 'F32', shape: variable.shape, data }),
    );
  }
  return encodeSafetensors(tensors, {
    format: FORMAT,
    model: model.name,
    optimizer: optimizer.name,
    optimizerConfig: JSON.stringify(optimizer.config),
    learningRate: String(minimizer.learningRate),
    step: String(model.step),
    seed: String(model.seed),
  });
}

/**
 * Restores a checkpoint. Everything is checked before anything is written: a wrong file leaves the
 * model as it was. A file without optimizer state (from elsewhere) restores the weights alone.
 */
export function decodeCheckpoint(model: Model, bytes: Uint8Array, name = 'checkpoint'): void {
  const { gpu, minimizer, optimizer } = model.compiled;
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  const writes: (() => void)[] = [];
  const find = (key: string, { shape }: Variable): Float32Array | undefined => {
    const tensor = tensors.get(key);
    if (!tensor) return undefined;
    if (tensor.dtype !== 'F32' || !sameShape(tensor.shape, shape)) {
      throw new FormatError(
        `${name}: tensor ${key} is ${tensor.dtype} ${formatShape(tensor.shape)}, but model ${model.name} needs F32 ${formatShape(shape)}; load it into the architecture that it was saved from`,
      );
    }
    return tensor.data;
  };
  for (const variable of model.variables) {
    const data = find(variable.name, variable);
    if (!data) {
      throw new FormatError(
        `${name}: has no tensor ${variable.name}, which model ${model.name} needs; it holds ${[...tensors.keys()].slice(0, 8).join(', ')}…`,
      );
    }
    writes.push(() => gpu.variables.write(variable, data));
  }
  if (metadata.format === FORMAT && metadata.optimizer === optimizer.name) {
    for (const variable of minimizer.variables) {
      for (let slot = 0; slot < optimizer.slots; slot++) {
        const data = find(slotName(variable, slot), variable);
        if (!data)
          throw new FormatError(`${name}: has no tensor ${slotName(variable, slot)}; the file is incomplete`);
        writes.push(() => minimizer.writeSlot(gpu.variables, variable, slot, data));
      }
    }
    const step = Number(metadata.step);
    const seed = Number(metadata.seed);
    const learningRate = Number(metadata.learningRate);
    if (![step, seed].every((value) => Number.isSafeInteger(value) && value >= 0) || !isRate(learningRate)) {
      throw new FormatError(
        `${name}: step ${metadata.step}, seed ${metadata.seed} or learning rate ${metadata.learningRate} is no number that it can be; the file is damaged`,
      );
    }
    writes.push(() => {
      model.step = step;
      model.seed = seed;
      minimizer.learningRate = learningRate;
    });
  }
  for (const write of writes) write();
}

const isRate = (value: number) => value >= 0 && Number.isFinite(Math.fround(value));

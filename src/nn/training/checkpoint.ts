import { ArgumentError, FormatError } from '../../errors.ts';
import { decodeSafetensors, encodeSafetensors, metadataNumber } from '../../io/safetensors.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import { requireFiniteLoaded, requireFiniteToSave } from './finite.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { isRate, isStep } from '../../runtime/ranges.ts';
import type { Model } from '../model.ts';

const FORMAT = 'wgrad 1';

const slotName = (slot: string, key: string) => `optimizer.${slot}.${key}`;

/**
 * Weights by their keys in the model (`dense.weight`), optimizer slots (`optimizer.velocity.dense.weight`), and in the metadata what
 * training needs to go on. While averaged weights are in use, these alone: from them no training goes on.
 */
export async function encodeCheckpoint(model: Model): Promise<Uint8Array> {
  const { gpu, minimizer, optimizer } = model.compiled;
  const tensors = new Map<string, SafeTensor>();
  const keys = model.variableKeys();
  const values = await gpu.variables.readAll(model.variables);
  for (const [variable, data] of values)
    tensors.set(keys.get(variable)!, { dtype: 'F32', shape: variable.shape, data });
  const description = { format: FORMAT, model: model.name };
  if (minimizer.averagesInUse) {
    requireFiniteToSave(model.name, tensors);
    return encodeSafetensors(tensors, description);
  }
  for (const [variable, slots] of await minimizer.readSlots(gpu.variables)) {
    slots.forEach((data, slot) =>
      tensors.set(slotName(optimizer.slotNames[slot], keys.get(variable)!), {
        dtype: 'F32',
        shape: variable.shape,
        data,
      }),
    );
  }
  requireFiniteToSave(model.name, tensors);
  return encodeSafetensors(tensors, {
    ...description,
    optimizer: optimizer.name,
    optimizerConfig: JSON.stringify(optimizer.config),
    optimizerSlots: optimizer.slotNames.join(' '),
    learningRate: String(minimizer.learningRate),
    step: String(model.step),
    seed: String(model.seed),
  });
}

/**
 * Restores a checkpoint. Everything is checked before anything is written: a wrong file leaves the
 * model as it was. A file without optimizer state (from elsewhere) restores the weights alone. Slots that the file
 * lacks because the optimizer had other options start anew: averages at the weights, others at 0.
 */
export function decodeCheckpoint(model: Model, bytes: Uint8Array, name = 'checkpoint'): void {
  const { gpu, minimizer, optimizer } = model.compiled;
  if (minimizer.averagesInUse) {
    throw new ArgumentError(
      `${model.name}: load was called while averaged weights are in use; wait for useAveragedWeights to end`,
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  requireFiniteLoaded(name, tensors);
  let averagesRestored = !optimizer.averages;
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
  const keys = model.variableKeys();
  for (const [variable, key] of keys) {
    const data = find(key, variable);
    if (!data) {
      throw new FormatError(
        `${name}: has no tensor ${key}, which model ${model.name} needs; it holds ${[...tensors.keys()].slice(0, 8).join(', ')}…`,
      );
    }
    writes.push(() => gpu.variables.write(variable, data));
  }
  if (metadata.format === FORMAT && metadata.optimizer === optimizer.name) {
    const saved = metadata.optimizerSlots?.split(' ') ?? [];
    optimizer.slotNames.forEach((slot, index) => {
      for (const variable of minimizer.variables) {
        const key = slotName(slot, keys.get(variable)!);
        const data = find(key, variable);
        if (!data && saved.includes(slot))
          throw new FormatError(`${name}: has no tensor ${key}; the file is incomplete`);
        const values = data ?? new Float32Array(sizeOf(variable.shape));
        writes.push(() => minimizer.writeSlot(gpu.variables, variable, index, values));
      }
      averagesRestored ||= slot === 'averages' && saved.includes(slot);
    });
    const [step, seed, learningRate] = ['step', 'seed', 'learningRate'].map((key) =>
      metadataNumber(metadata, key),
    );
    if (!isStep(step) || !Number.isSafeInteger(seed) || seed < 0 || !isRate(learningRate)) {
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
  if (!averagesRestored) minimizer.restartAverages();
}

import { FormatError } from '../../errors.ts';
import { decodeSafetensors, encodeSafetensors, metadataNumber } from '../../io/safetensors.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import { isRate, isStep } from '../../runtime/ranges.ts';
import { requireFiniteLoaded, requireFiniteToSave } from '../training/finite.ts';
import type { Gan } from './gan.ts';
import type { Player } from './player.ts';

const FORMAT = 'wgrad gan 1';

const slotName = ({ role, optimizer }: Player, slot: number, { name }: Variable) =>
  `${role}.optimizer.${optimizer.slotNames[slot]}.${name}`;
const weightName = ({ role }: Player, { name }: Variable) => `${role}.${name}`;

/**
 * The weights of both networks (`generator.dense.weight`), moving statistics included, the slots of both optimizers,
 * and in the metadata what training needs to go on.
 */
export async function encodeGan(gan: Gan): Promise<Uint8Array> {
  const { gpu, players } = gan.compiled;
  const tensors = new Map<string, SafeTensor>();
  const metadata: Record<string, string> = {
    format: FORMAT,
    model: gan.name,
    step: String(gan.step),
    seed: String(gan.seed),
  };
  const add = (name: string, { shape }: Variable, data: Float32Array) =>
    tensors.set(name, { dtype: 'F32', shape, data });
  for (const player of Object.values(players)) {
    const { role, network, optimizer, minimizer } = player;
    for (const [variable, data] of await gpu.variables.readAll(network.variables)) {
      add(weightName(player, variable), variable, data);
    }
    for (const [variable, slots] of await minimizer.readSlots(gpu.variables)) {
      slots.forEach((data, slot) => add(slotName(player, slot, variable), variable, data));
    }
    metadata[`${role}.optimizer`] = optimizer.name;
    metadata[`${role}.optimizerConfig`] = JSON.stringify(optimizer.config);
    metadata[`${role}.learningRate`] = String(player.learningRate);
    metadata[`${role}.updates`] = String(player.updateCount);
  }
  requireFiniteToSave(gan.name, tensors);
  return encodeSafetensors(tensors, metadata);
}

/** Restores a checkpoint. Everything is checked before anything is written. */
export function decodeGan(gan: Gan, bytes: Uint8Array, name = 'checkpoint'): void {
  const { gpu, players } = gan.compiled;
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  if (metadata.format !== FORMAT) {
    throw new FormatError(
      `${name}: its format is '${metadata.format}', not '${FORMAT}'; load a file that a GAN was saved to`,
    );
  }
  requireFiniteLoaded(name, tensors);
  const find = (key: string, { shape }: Variable): Float32Array => {
    const tensor = tensors.get(key);
    if (tensor?.dtype === 'F32' && sameShape(tensor.shape, shape)) return tensor.data;
    const found = tensor ? `is ${tensor.dtype} ${formatShape(tensor.shape)}` : 'is missing';
    throw new FormatError(
      `${name}: tensor ${key} ${found}, but ${gan.name} needs F32 ${formatShape(shape)}; load it into the networks that it was saved from`,
    );
  };
  const number = (key: string, fits: (value: number) => boolean): number => {
    const value = metadataNumber(metadata, key);
    if (fits(value)) return value;
    throw new FormatError(
      `${name}: its metadata '${key}' is ${metadata[key]}, which is no number that it can be; the file is damaged`,
    );
  };
  const writes: (() => void)[] = [];
  for (const player of Object.values(players)) {
    const { role, network, optimizer, minimizer } = player;
    for (const variable of network.variables) {
      const data = find(weightName(player, variable), variable);
      writes.push(() => gpu.variables.write(variable, data));
    }
    if (metadata[`${role}.optimizer`] !== optimizer.name) {
      throw new FormatError(
        `${name}: its ${role} was trained by ${metadata[`${role}.optimizer`]}, not by ${optimizer.name}; compile with the same optimizer`,
      );
    }
    for (const variable of minimizer.variables) {
      for (let slot = 0; slot < optimizer.slotNames.length; slot++) {
        const data = find(slotName(player, slot, variable), variable);
        writes.push(() => minimizer.writeSlot(gpu.variables, variable, slot, data));
      }
    }
    const learningRate = number(`${role}.learningRate`, isRate);
    const updates = number(`${role}.updates`, isStep);
    writes.push(() => {
      player.learningRate = learningRate;
      player.restoreUpdates(updates);
    });
  }
  const step = number('step', isStep);
  const seed = number('seed', (value) => Number.isSafeInteger(value) && value >= 0);
  for (const write of writes) write();
  gan.step = step;
  gan.seed = seed;
}

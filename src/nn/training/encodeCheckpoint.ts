import { ArgumentError } from '../../errors.ts';
import { encodeSafetensors } from '../../io/safetensors.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Network } from '../network.ts';
import { FORMAT, markFor, SCHEDULED, stateKey } from './checkpoint.ts';
import type { Saved } from './checkpoint.ts';
import { requireFiniteToSave } from './finite.ts';
import type { TrainingState } from './state.ts';

/** What a file is made of. */
export interface Contents {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Weights by layer name (`dense.weight`), the optimizers' slots (`optimizer.velocity.dense.weight`), and in the metadata
 * the architecture and what training needs to continue. A training under way waits while they are read, between two steps.
 * While averaged weights are in use, these alone are saved: a training cannot continue from them.
 */
export async function encodeCheckpoint(saved: Saved): Promise<Uint8Array> {
  const { lifetime } = saved.state;
  const averages = () => saved.parts.some(({ minimizer }) => minimizer.averagesInUse);
  const { gpu, state } = saved;
  const release = await takeTurn({ gpu, state, saved }, () => (averages() ? [] : variablesOf(saved)));
  try {
    const { tensors, metadata } = await lifetime.race(collectCheckpoint(saved));
    return encodeSafetensors(tensors, metadata);
  } finally {
    release();
  }
}

/**
 * Waits until no step and no save is under way, and the weights are not lent (`VariableStore.lend`).
 *
 * @param own the weights; default: all that a checkpoint holds
 * @returns call it when done
 */
export async function takeTurn(
  task: { readonly gpu: Gpu; readonly state: TrainingState; readonly saved: Saved },
  own: () => Iterable<Variable> = () => variablesOf(task.saved),
): Promise<() => void> {
  const { lifetime, lock } = task.state;
  while (true) {
    const release = await lifetime.race(lock.take());
    const returned = task.gpu.variables.returned(own);
    if (!returned) return release;
    release();
    await lifetime.race(returned);
  }
}

/** All weights and statistics that a checkpoint holds. */
export const variablesOf = ({ parts }: Saved): Variable[] =>
  parts.flatMap(({ variables }) => [...variables.keys()]);

/** The file of `encodeCheckpoint`, for callers that hold the lock already. */
export async function collectCheckpoint(saved: Saved): Promise<Contents> {
  const { name, kind, gpu, state, parts, owner } = saved;
  state.lifetime.check();
  // Where the averages are in use, the training has been stopped already.
  const withState = !parts.some(({ minimizer }) => minimizer.averagesInUse);
  if (withState) await state.loop?.flush();
  state.lifetime.check();
  const mark = markFor(parts);
  const tensors = new Map<string, SafeTensor>();
  const metadata: Record<string, string> = { format: FORMAT, kind, model: name };
  if (mark) metadata.mark = mark;
  const add = (key: string, { shape }: Variable, data: Float32Array) =>
    tensors.set(key, { dtype: 'F32', shape, data });
  const progress = state.loop?.progress() ?? state.progress;
  for (const part of parts) {
    const { prefix, variables, network, minimizer, optimizer } = part;
    Object.assign(metadata, architecture(prefix, network));
    for (const [variable, data] of await gpu.variables.readAll([...variables.keys()])) {
      add(prefix + variables.get(variable)!, variable, data);
    }
    if (!withState) continue;
    for (const [variable, slots] of await minimizer.readSlots(gpu.variables)) {
      const key = variables.get(variable)!;
      slots.forEach((data, slot) =>
        add(stateKey.slot(prefix, mark, optimizer.slotNames[slot], key), variable, data),
      );
    }
    for (const [variable, data] of progress.bestWeights ?? []) {
      const key = variables.get(variable);
      if (key !== undefined) add(stateKey.best(prefix, mark, key), variable, data);
    }
    metadata[`${prefix}optimizer`] = optimizer.name;
    metadata[`${prefix}optimizerConfig`] = JSON.stringify(optimizer.config);
    metadata[`${prefix}optimizerSlots`] = optimizer.slotNames.join(' ');
    metadata[`${prefix}trained`] = JSON.stringify(minimizer.variables.map((own) => variables.get(own)!));
    metadata[`${prefix}learningRate`] = optimizer.givesRates ? SCHEDULED : String(minimizer.learningRate);
    const { lossScale } = minimizer;
    if (lossScale) {
      const { scale, finiteSteps } = await lossScale.read();
      metadata[`${prefix}lossScale`] = String(scale);
      metadata[`${prefix}finiteSteps`] = String(finiteSteps);
      await part.recount?.();
    }
    const updates = part.updates ?? (lossScale && (await minimizer.readCount()));
    if (updates !== undefined) metadata[`${prefix}updates`] = String(updates);
  }
  requireFiniteToSave(name, tensors);
  if (state.trainedOn) metadata.trainedOn = JSON.stringify(state.trainedOn.map((range) => range ?? null));
  if (!withState) return { tensors, metadata };
  const { step, epoch, place } = state.clock;
  const { bestWeights, ...counts } = progress;
  Object.assign(metadata, {
    step: String(step),
    epoch: String(epoch),
    place: String(place),
    seed: String(owner.seed),
    progress: JSON.stringify({ ...counts, bestWeights: bestWeights !== undefined }),
  });
  return { tensors, metadata };
}

/** What `loadModel` builds the layers from; where that is impossible, the reason. */
function architecture(prefix: string, network: Pick<Network, 'toJSON'>): Record<string, string> {
  try {
    return { [`${prefix}architecture`]: JSON.stringify(network.toJSON()) };
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    return { [`${prefix}noArchitecture`]: error.message };
  }
}

import { inputsOf, targetsOf } from '../../data/fields.ts';
import { product, sameArray } from '../../data/types.ts';
import type { DataField, Dataset } from '../../data/types.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { sameShape } from '../../ops/core/shape.ts';
import type { DType, Shape } from '../../ops/core/shape.ts';
import { gatherAugmented } from '../../ops/dataset/gatherAugmented.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import { gatherBatch, gatherLabelledBatch } from '../../ops/dataset/gatherBatch.ts';
import { reshape } from '../../ops/movement/movement.ts';
import type { DeviceDataset, DeviceField } from '../../runtime/deviceDataset.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import type { ByteScaling, TargetKind } from './fieldChecks.ts';

/** The current step's batch. */
export interface Batch {
  /** [batch, ...inputShape]; bytes are scaled unless they are indices. */
  readonly inputs: Tensor[];
  /** [batch, ...targetShape]: class indices that came as integers as i32, others as f32. */
  readonly targets: Tensor[];
  /** What the targets are. */
  readonly kinds: readonly TargetKind[];
  /** Of the samples, [batch]; undefined where all count the same. */
  readonly weights?: Tensor;
}

export interface GatherOptions {
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** What the model's inputs are made of, and which are indices; numbers (f32) by default. */
  readonly inputs?: readonly { readonly dtype: DType; readonly indices?: boolean }[];
  /** The outputs that the targets are for: their shapes distinguish class indices from numbers. */
  readonly outputs?: readonly { readonly shape: Shape }[];
  /** False gathers the inputs alone. Default true. */
  readonly targets?: boolean;
  /** How the images of the (first) input are changed; targets never are, not even those that are the inputs. */
  readonly augment?: AugmentOptions;
}

/** Adds the gathering of the current step's batch to a program. */
export function gather(
  g: GraphBuilder,
  data: DeviceDataset,
  { inputScale = 1 / 255, inputOffset }: ByteScaling,
  { batchSize, shuffle, inputs: ports, outputs = [], targets: wanted = true, augment }: GatherOptions,
): Batch {
  const { dataset } = data;
  const fields = new Set([
    ...data.inputs,
    ...(wanted ? data.targets : []),
    ...(wanted && data.weights ? [data.weights] : []),
  ]);
  for (const { pieces } of fields) for (const { tensor, location } of pieces) g.buffers.set(tensor, location);
  const raw = ({ pieces }: DeviceField) => ({
    source: pieces.map(({ tensor }) => tensor),
    batchSize,
    shuffle,
  });
  const bytes = ({ dtype }: DeviceField) => dtype === 'u8';
  /** Only bytes are scaled: numbers, and indices in whatever type, are left as they are. */
  const numbers = (field: DeviceField) => ({
    ...raw(field),
    ...(bytes(field) && { scale: inputScale, offset: inputOffset }),
    dtype: 'f32' as const,
  });
  const read = (field: DeviceField, { dtype, indices }: { dtype: DType; indices?: boolean }) =>
    dtype === 'i32' || indices ? { ...raw(field), dtype: dtype as 'f32' | 'i32' } : numbers(field);
  const kinds = targetKinds(dataset, outputs);

  const batches = new Map<DeviceField, Tensor>();
  // Labels come in the dispatch that gathers the first input, unless one of them lies in pieces.
  const place = wanted
    ? targetsOf(dataset).findIndex(
        ({ shape }, i) =>
          shape.length === 0 && kinds[i] === 'labels' && whole(data.targets[i]) && whole(data.x),
      )
    : -1;
  const merged = place >= 0 && !data.inputs.includes(data.targets[place]) ? data.targets[place] : undefined;
  const inputs = data.inputs.map((field, i) => {
    const options = read(field, ports?.[i] ?? { dtype: 'f32' });
    if (augment && i === 0) {
      const [batch, labels] = gatherAugmented({ ...options, augment, labels: merged && whole(merged) });
      if (merged) batches.set(merged, labels);
      return batch;
    }
    let batch = batches.get(field);
    if (!batch && i === 0 && merged) {
      const both = gatherLabelledBatch({ ...options, labels: whole(merged)! });
      batches.set(merged, both[1]);
      batch = both[0];
    }
    batch ??= gatherBatch(options);
    batches.set(field, batch);
    return batch;
  });
  const targets = !wanted
    ? []
    : targetsOf(dataset).map((own, i) => {
        const field = data.targets[i];
        if (kinds[i] === 'labels') {
          return batches.get(field)?.dtype === 'i32'
            ? shaped(batches.get(field)!, own.shape)
            : gatherBatch({ ...raw(field), dtype: 'i32' });
        }
        const batch = batches.get(field);
        return batch ? shaped(batch, own.shape) : gatherBatch(numbers(field));
      });
  const weights = wanted && data.weights ? gatherBatch({ ...raw(data.weights), dtype: 'f32' }) : undefined;
  return { inputs, targets, kinds, weights };
}

/** The tensor of a field that lies in one piece. */
const whole = ({ pieces }: DeviceField): Tensor | undefined =>
  pieces.length === 1 ? pieces[0].tensor : undefined;

/**
 * What targets are: integers of one value per sample, or of one where the output has a row of several, are labels
 * (class indices); other bytes are scaled. What an input is gathered as is not a label but where it is class indices by its
 * shape, and is scaled as that input.
 */
export function targetKinds(dataset: Dataset, outputs: readonly { readonly shape: Shape }[]): TargetKind[] {
  return targetsOf(dataset).map((own, i) => {
    const shared = inputsOf(dataset).some(({ data }) => sameArray(data, own.data));
    if (own.data instanceof Float32Array) return 'numbers';
    if (namesClasses(own, outputs[i]?.shape) || (!shared && product(own.shape) === 1)) return 'labels';
    return own.data instanceof Uint8Array && !shared ? 'scaled' : 'numbers';
  });
}

/** Whether targets have one value where the output has a row of several: class indices, if they are integers. */
function namesClasses({ shape }: DataField, output: Shape = []): boolean {
  const rows = output.slice(0, -1);
  return (output.at(-1) ?? 1) > 1 && (sameShape(shape, rows) || sameShape(shape, [...rows, 1]));
}

/** Targets that are inputs may have another shape: a flat image, say. */
function shaped(batch: Tensor, sample: Shape): Tensor {
  const shape = [batch.shape[0], ...sample];
  return sameShape(shape, batch.shape) ? batch : reshape(batch, shape);
}

import { typedArrayName } from '../../data/arrays.ts';
import type { Values } from '../../data/arrays.ts';
import { dataset } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { Stream, StreamBatch } from '../../data/stream.ts';
import { ShapeError } from '../../errors.ts';
import type { Network } from '../network.ts';

/**
 * Samples without targets: a data set, the values of the input in any form that `dataset` takes, or a list of them for
 * several inputs; or a stream of batches.
 */
export type Samples = Dataset | Values | readonly Values[] | Stream | AsyncIterable<StreamBatch>;

/** As a data set without targets of its own (none are read), or as a stream. */
export function samplesOf(
  { inputs, name }: Pick<Network, 'inputs' | 'name'>,
  samples: Samples,
): Dataset | Stream {
  const stream = asStream(samples);
  if (stream) return stream;
  if (typeof samples === 'object' && samples !== null && 'x' in samples) return samples as Dataset;
  const shapes = inputs.map(({ shape }) => shape);
  // A single array in a list is that of a single input; a longer list are nested arrays, sample by sample.
  const listed = Array.isArray(samples) && samples.length === 1 && typedArrayName(samples[0]) !== undefined;
  const several = inputs.length > 1 || listed;
  if (inputs.length > 1 && (!Array.isArray(samples) || samples.length !== inputs.length)) {
    const names = inputs.map((port) => port.name).join(', ');
    throw new ShapeError(
      `${name}: takes ${inputs.length} inputs (${names}); pass a list with one array for each, or a data set`,
    );
  }
  const inputShape = several ? shapes : shapes[0];
  const x = samples as Values | readonly Values[];
  return dataset({ name: 'samples to predict', x, y: x, inputShape, targetShape: inputShape });
}

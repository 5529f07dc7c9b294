import { FormatError } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import type { Model } from '../model.ts';
import { readCheckpoint } from '../training/checkpoint.ts';
import type { LoadOptions } from '../training/checkpoint.ts';
import { modelFromJSON } from './modelFromJSON.ts';
import { optimizerFromJSON } from './optimizerFromJSON.ts';
import { JsonReader } from './reader.ts';

/**
 * Makes the model that `model.save()` has written, with its weights, without any code of the model:
 *
 * ```ts
 * const model = loadModel(bytes);
 * await model.compile({ gpu, loss: 'softmaxCrossEntropy' }); // with the optimizer of the file, its state and its step
 * await model.fit(data, { epochs: 10, resume: true });
 * ```
 *
 * Layers of classes of your own must be registered before (`registerLayer`). An application that calls it has all layers
 * in its bundle. Everything in the file is checked: it may come from anywhere.
 *
 * @param options.name of the file, for messages; default 'checkpoint'
 * @throws FormatError if the file is damaged, or has no architecture that this version can make, saying why
 */
export function loadModel(bytes: Uint8Array, options: string | Pick<LoadOptions, 'name'> = {}): Model {
  if (typeof options !== 'string') checkOptions('loadModel', options, { name: true }, 'bytes, ');
  const { name = 'checkpoint' } = typeof options === 'string' ? { name: options } : options;
  const { metadata, own } = readCheckpoint(bytes, { name }, 'loadModel');
  if (own && metadata.kind !== 'model') {
    throw new FormatError(
      `${name}: holds a ${metadata.kind}, not a model; make it of its networks and load it with load(bytes)`,
    );
  }
  if (!own || metadata.architecture === undefined) {
    const reason = metadata.noArchitecture ? ` (${metadata.noArchitecture.slice(0, 300)})` : '';
    throw new FormatError(
      `${name}: has weights, but no architecture${reason}; make the model by your own code and load it with model.load(bytes)`,
    );
  }
  const model = modelFromJSON(parsed(name, metadata.architecture), name);
  model.load(bytes, name);
  const { optimizer, optimizerConfig } = metadata;
  if (optimizer !== undefined) {
    model.savedOptimizer = () =>
      optimizerFromJSON({ name: optimizer, config: parsed(name, optimizerConfig) }, name);
  }
  return model;
}

/** JSON out of the metadata. */
const parsed = <T>(name: string, text: string | undefined): T => new JsonReader(name).parse(text ?? '') as T;

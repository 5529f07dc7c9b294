import type { Gpu, Network, Variable } from '../../../src/index.ts';
import { FormatError, ShapeError } from '../../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/io/safetensors.ts';

/**
 * The weights of networks on a GPU, without what trains them: a page that opens on a trained network needs no more. A
 * model of the same layers, compiled later for this GPU, takes them over as they are.
 */
export class Weights {
  readonly #gpu: Gpu;
  /** By their names in files. */
  readonly #variables: ReadonlyMap<string, Variable>;

  /** @param networks by what the names of their weights begin with in files: nothing, or `generator.` */
  constructor(gpu: Gpu, networks: Readonly<Record<string, Network>>) {
    this.#gpu = gpu;
    const named = Object.entries(networks).flatMap(([prefix, network]) =>
      [...network.variableKeys()].map(([variable, key]) => [prefix + key, variable] as const),
    );
    this.#variables = new Map(named);
    // What training changes is contiguous: an optimizer updates it in one dispatch.
    const all = Object.values(networks).flatMap(({ variables }) => variables);
    const ordered = [true, false].flatMap((trained) => all.filter(({ trainable }) => trainable === trained));
    gpu.variables.allocate(ordered, 'weights');
    gpu.variables.retain(this.#variables.values());
  }

  /** @throws FormatError if the file is damaged or lacks a weight, ShapeError if one has another shape */
  load(file: Uint8Array): void {
    const { tensors } = decodeSafetensors(file);
    for (const [key, variable] of this.#variables) {
      const tensor = tensors.get(key);
      if (tensor?.dtype !== 'F32') throw new FormatError(`The file of the trained network lacks ${key}.`);
      if (String(tensor.shape) !== String(variable.shape)) {
        throw new ShapeError(
          `${key} is [${tensor.shape}] in the file, but [${variable.shape}] in the network.`,
        );
      }
      this.#gpu.variables.write(variable, tensor.data);
    }
  }

  /** A checkpoint from before the first step, with the weights that the network began with in place of trained ones. */
  initial(checkpoint: Uint8Array): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(checkpoint);
    const own = new Map(tensors);
    for (const [key, { shape, initialize }] of this.#variables) {
      const data = new Float32Array(tensors.get(key)!.data.length);
      initialize(data, shape);
      own.set(key, { dtype: 'F32', shape, data });
    }
    return encodeSafetensors(own, metadata);
  }

  destroy(): void {
    this.#gpu.variables.release(this.#variables.values());
  }
}

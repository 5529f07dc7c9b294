import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { Layer, LayerConfig } from '../layers/layer.ts';

/** The layer classes of the user's own, by type. */
const registered = new Map<string, (config: LayerConfig) => Layer>();

/**
 * Registers how `modelFromJSON` and `loadModel` make layers of a class of your own:
 *
 * ```ts
 * class Scale extends Layer {
 *   override readonly type = 'scale';
 *   constructor({ factor, ...options }: LayerOptions & { factor: number }) {
 *     super(options, { factor }); // saved in the file, besides name and trainable
 *     …
 *   }
 * }
 * registerLayer('scale', (config) => new Scale(config as { factor: number; name: string; trainable: boolean }));
 * ```
 *
 * Files come from anywhere: the function should check the config as it checks its options. Registering a type again
 * replaces what was registered before.
 *
 * @param type the layers' `type`
 * @throws ArgumentError if the type is not a text, or there is no function
 */
export function registerLayer(type: string, fromConfig: (config: LayerConfig) => Layer): void {
  if (typeof type !== 'string' || type === '' || typeof fromConfig !== 'function') {
    throw new ArgumentError(
      `registerLayer: takes a type and a function, registerLayer('scale', (config) => new Scale(config)), but was given ${describe(type)} and ${describe(fromConfig)}`,
    );
  }
  registered.set(type, fromConfig);
}

export const registeredLayer = (type: string): ((config: LayerConfig) => Layer) | undefined =>
  registered.get(type);

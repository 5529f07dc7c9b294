import { initializers } from '../nn/initializers.ts';
import type { Initializer } from '../nn/initializers.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Layer, LayerTensor } from '../nn/layers/layer.ts';
import { flatten, reshape } from '../nn/layers/shaping.ts';
import { Network } from '../nn/network.ts';
import { IMAGE_SHAPE, PIXELS } from './autoencoderFacts.ts';
import type { AutoencoderOutput } from './autoencoderFacts.ts';

/** The layers on both sides of the code. */
export interface Coder {
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
}

/**
 * The classroom's layers: 784-128-`bottleneck`-128-784, relu between them. The code is linear, as in Hinton & Salakhutdinov
 * (2006): a rectified unit that is off for every image would be lost, and of a code of two numbers none can be spared.
 *
 * Parameters: 202,258 with a code of 2 numbers, 205,856 with 16, 209,968 with 32, 218,192 with 64. Of one seed, all have
 * the same first weights in the layers of the same shapes, whatever their output is.
 *
 * @param version names the layers, where several coders share a model
 */
export function classroomCoder(bottleneck: number, output: AutoencoderOutput, version?: string): Coder {
  const named = (name: string) => ({ name: version ? `${version}/${name}` : name });
  const weights = (stream: number) => ({ kernelInitializer: glorot(stream) });
  const half = (name: string, stream: number) =>
    dense({ units: 128, activation: 'relu', ...weights(stream), ...named(name) });
  return {
    encoder: [
      flatten(named('pixels')),
      half('encoder', 0),
      dense({ units: bottleneck, ...weights(1), ...named('code') }),
    ],
    decoder: [
      half('decoder', 2),
      dense({ units: PIXELS, activation: output, ...weights(3), ...named('output') }),
      reshape(IMAGE_SHAPE, { name: version ?? 'image' }),
    ],
  };
}

/** Glorot's uniform weights from a random stream of its own, wherever the layer comes in a model. */
const glorot =
  (stream: number): Initializer =>
  (data, shape, { seed }) =>
    initializers.glorotUniform(data, shape, { seed, stream });

/** The two halves of a network with a code between them, which share its layers. */
export interface Halves {
  /** [28, 28, 1] → the code. */
  readonly encoder: Network;
  /** The code → [28, 28, 1]. */
  readonly decoder: Network;
}

/** Encoder and decoder as networks of their own, over layers that a model has built. */
export function halvesOf({ encoder, decoder }: Coder, name: string): Halves {
  const half = (layers: readonly Layer[], shape: readonly number[], part: string) => {
    const inputs = modelInput({ shape });
    return new Network({ inputs, outputs: chain(layers, inputs), name: `${name}/${part}` });
  };
  const encoding = half(encoder, IMAGE_SHAPE, 'encoder');
  return { encoder: encoding, decoder: half(decoder, encoding.outputShape, 'decoder') };
}

/** Applies layers one after another. */
export function chain(layers: readonly Layer[], input: LayerTensor): LayerTensor {
  return layers.reduce((x, layer) => layer.apply(x), input);
}

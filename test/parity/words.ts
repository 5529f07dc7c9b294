import type { Layer } from '../../src/nn/layers/layer.ts';

/** `leaky_relu` → `leakyRelu`: Keras's word as wgrad writes it. */
export const camelCase = (word: string): string =>
  word.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());

/** `GlorotUniform` → `glorotUniform`, `Conv2DTranspose` → `conv2dTranspose`, `ReLU` → `relu`. */
export const ofClass = (name: string): string => {
  const plain = name.replace('PReLU', 'Prelu').replace('LeakyReLU', 'LeakyRelu').replace('ReLU', 'Relu').replace('ELU', 'Elu'); // prettier-ignore
  return plain[0].toLowerCase() + plain.slice(1).replaceAll(/(\d)D/g, '$1d');
};

/** Classes whose functions have other names than the class gives. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  MaxPooling2D: 'maxPool2d',
  RMSNormalization: 'rmsNormalization',
  AveragePooling2D: 'averagePool2d',
  MaxPooling1D: 'maxPool1d',
  AveragePooling1D: 'averagePool1d',
  AdaptiveMaxPooling1D: 'adaptiveMaxPool1d',
  AdaptiveMaxPooling2D: 'adaptiveMaxPool2d',
  AdaptiveAveragePooling1D: 'adaptiveAveragePool1d',
  AdaptiveAveragePooling2D: 'adaptiveAveragePool2d',
  GlobalMaxPooling1D: 'globalMaxPool1d',
  GlobalAveragePooling1D: 'globalAveragePool1d',
  GlobalMaxPooling2D: 'globalMaxPool2d',
  GlobalAveragePooling2D: 'globalAveragePool2d',
  SimpleRNN: 'simpleRnn',
  LSTM: 'lstm',
  GRU: 'gru',
};

/** Options that wgrad calls otherwise. */
const OPTIONS: Readonly<Record<string, string>> = { dilation_rate: 'dilation' };

/** Options that come first, by place. */
const PLACED: Readonly<Record<string, string>> = {
  Activation: 'activation',
  Dropout: 'rate',
  GaussianNoise: 'stddev',
  PixelShuffle: 'upscale_factor',
  PixelUnshuffle: 'downscale_factor',
  Reshape: 'target_shape',
  SpatialDropout2D: 'rate',
};

/** The function of wgrad that makes layers of Keras's class. */
export const classLayer = (keras: string): string => FUNCTIONS[keras] ?? ofClass(keras);

/** The layer that Keras's class and configuration name. */
export function layerOf(api: object, keras: string, config: Readonly<Record<string, unknown>>): Layer {
  const name = classLayer(keras);
  const make = (api as Record<string, unknown>)[name] as ((...args: unknown[]) => Layer) | undefined;
  if (!make) throw new Error(`wgrad has no ${name}, for Keras's ${keras}`);
  const { [PLACED[keras] ?? '']: first, ...rest } = config;
  const options = Object.fromEntries(
    Object.entries(rest).map(([option, value]) => [OPTIONS[option] ?? camelCase(option), value]),
  );
  return PLACED[keras] ? make(first, options) : make(options);
}

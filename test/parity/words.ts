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
  GlobalMaxPooling2D: 'globalMaxPool2d',
  GlobalAveragePooling2D: 'globalAveragePool2d',
};

/** Options that wgrad calls otherwise. */
const OPTIONS: Readonly<Record<string, string>> = { dilation_rate: 'dilation' };

/** Options that come first, by place. */
const PLACED: Readonly<Record<string, string>> = {
  Activation: 'activation',
  Dropout: 'rate',
  GaussianNoise: 'stddev',
  Reshape: 'target_shape',
  SpatialDropout2D: 'rate',
};

/** The layer that Keras's class and configuration name. */
export function layerOf(api: object, keras: string, config: Readonly<Record<string, unknown>>): Layer {
  const name = FUNCTIONS[keras] ?? ofClass(keras);
  const make = (api as Record<string, unknown>)[name] as ((...args: unknown[]) => Layer) | undefined;
  if (!make) throw new Error(`wgrad has no ${name}, for Keras's ${keras}`);
  const { [PLACED[keras] ?? '']: first, ...rest } = config;
  const options = Object.fromEntries(
    Object.entries(rest).map(([option, value]) => [OPTIONS[option] ?? camelCase(option), value]),
  );
  return PLACED[keras] ? make(first, options) : make(options);
}

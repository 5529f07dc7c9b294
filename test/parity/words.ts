/** `leaky_relu` → `leakyRelu`: Keras's word as wgrad writes it. */
export const camelCase = (word: string): string =>
  word.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());

/** `GlorotUniform` → `glorotUniform`, `Conv2DTranspose` → `conv2dTranspose`, `ReLU` → `relu`. */
export const ofClass = (name: string): string => {
  const plain = name.replace('PReLU', 'Prelu').replace('LeakyReLU', 'LeakyRelu').replace('ReLU', 'Relu').replace('ELU', 'Elu'); // prettier-ignore
  return plain[0].toLowerCase() + plain.slice(1).replaceAll(/(\d)D/g, '$1d');
};

/** The pages of the site in the order in which `previous` and `next` go through them. */
export const PAGES: readonly { readonly folder: string; readonly title: string }[] = [
  { folder: 'lessons', title: 'Lessons' },
  { folder: 'lessons/neuron', title: 'What a neuron can decide' },
  { folder: 'lessons/descent', title: 'One weight goes downhill' },
  { folder: 'lessons/activations', title: 'Activations and their slopes' },
  { folder: 'lessons/convolution', title: 'A convolution by hand' },
  { folder: 'lessons/backpropagation', title: 'Backpropagation, number by number' },
  { folder: 'lessons/losses', title: 'Losses, and the activation each wants' },
  { folder: 'lessons/optimizers', title: 'Optimizers race downhill' },
  { folder: 'lessons/curves', title: 'What loss curves say' },
  { folder: 'mnist-cnn', title: 'Reading digits' },
  { folder: 'autoencoder', title: 'Autoencoders' },
  { folder: 'dcgan', title: 'A forger and its critic' },
  { folder: 'explorer', title: 'Shader explorer' },
  { folder: 'bench', title: 'Benchmarks' },
];

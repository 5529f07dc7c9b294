/** The pages of the site in the order in which `previous` and `next` go through them. */
export const PAGES: readonly { readonly folder: string; readonly title: string }[] = [
  { folder: 'lessons', title: 'Lessons' },
  { folder: 'lessons/neuron', title: 'What a neuron can decide' },
  { folder: 'lessons/descent', title: 'One weight goes downhill' },
  { folder: 'mnist-cnn', title: 'Reading digits' },
  { folder: 'autoencoder', title: 'Autoencoders' },
  { folder: 'dcgan', title: 'A forger and its critic' },
  { folder: 'bench', title: 'Benchmarks' },
];

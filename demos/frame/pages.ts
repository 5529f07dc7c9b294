/** The pages of the site in the order in which `previous` and `next` go through them. */
export const PAGES: readonly { readonly folder: string; readonly title: string }[] = [
  { folder: 'mnist-cnn', title: 'Reading digits' },
  { folder: 'autoencoder', title: 'Autoencoders' },
  { folder: 'dcgan', title: 'A forger and its critic' },
  { folder: 'bench', title: 'Benchmarks' },
];

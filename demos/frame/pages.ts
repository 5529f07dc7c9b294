export interface SitePage {
  readonly folder: string;
  readonly title: string;
  /** Of a lesson: a line for the list of lessons. */
  readonly about?: string;
  /** Of a lesson: the folders of those that it builds on. */
  readonly needs?: readonly string[];
}

/** The pages of the site in the order in which `previous` and `next` go through them. */
export const PAGES: readonly SitePage[] = [
  { folder: 'lessons', title: 'Lessons' },
  {
    folder: 'lessons/neuron',
    title: 'What a neuron can decide',
    about: 'OR, AND, why XOR is too much for one neuron, and the two layers that can do it.',
  },
  {
    folder: 'lessons/descent',
    title: 'One weight goes downhill',
    about: 'Gradient descent on y = 2x: the parabola, its slope and the step.',
  },
  {
    folder: 'lessons/activations',
    title: 'Activations and their slopes',
    about: 'ReLU, sigmoid, GELU and others, and what many layers of them do to a gradient.',
    needs: ['lessons/neuron', 'lessons/descent'],
  },
  {
    folder: 'lessons/convolution',
    title: 'A convolution by hand',
    about: 'Slide a filter over an image, product by product. Draw the image, make the filter.',
    needs: ['lessons/neuron'],
  },
  {
    folder: 'lessons/backpropagation',
    title: 'Backpropagation, number by number',
    about: 'Two layers, forward and back: where each of twenty numbers comes from.',
    needs: ['lessons/descent', 'lessons/activations'],
  },
  {
    folder: 'lessons/losses',
    title: 'Losses and their activations',
    about: 'A number, yes or no, one of many, a distribution: which pair learns, and which gets stuck.',
    needs: ['lessons/activations'],
  },
  {
    folder: 'lessons/optimizers',
    title: 'Optimizers race downhill',
    about: 'SGD, momentum, AdaGrad, RMSprop and Adam from one start on four surfaces.',
    needs: ['lessons/descent'],
  },
  {
    folder: 'lessons/curves',
    title: 'What loss curves say',
    about:
      'Eight shapes, from a rate that is too high to overfitting, each trained live with the knob that causes it.',
    needs: ['lessons/backpropagation', 'lessons/losses'],
  },
  { folder: 'points', title: 'Where blue ends' },
  { folder: 'tables', title: 'Benign or malignant?' },
  { folder: 'sequences', title: 'Next month’s passengers' },
  { folder: 'grokking', title: 'By heart, then by rule' },
  { folder: 'text', title: 'One character after the other' },
  { folder: 'mnist-cnn', title: 'Reading digits' },
  { folder: 'autoencoder', title: 'Autoencoders' },
  { folder: 'vae', title: 'A plane full of digits' },
  { folder: 'flow', title: 'Noise, bent into shape' },
  { folder: 'dcgan', title: 'A forger and its critic' },
  { folder: 'explorer', title: 'Shader explorer' },
  { folder: 'bench', title: 'Benchmarks' },
];

/** A folder of shaders/, and what the engine does with it. */
export interface Family {
  readonly folder: string;
  readonly title: string;
  /** One sentence. */
  readonly about: string;
  /** What runs it: ops, layers, functions of the API. */
  readonly uses: readonly string[];
  /** Some of its files are versions of one operation, each with an idea that the one before does not have. */
  readonly ladder?: true;
}

export const FAMILIES: readonly Family[] = [
  {
    folder: 'matmul',
    title: 'Matrix product',
    about: 'Dense layers are matrix products, and so are their two gradients.',
    uses: ['ops.matmul', 'ops.einsum', 'dense', 'dot', 'muon'],
    ladder: true,
  },
  {
    folder: 'conv2d',
    title: 'Convolution',
    about: 'A filter slides over an image; the gradients by image and by filter are convolutions too.',
    uses: ['ops.conv2d', 'conv2d', 'conv1d', 'conv2dTranspose', 'separableConv2d'],
    ladder: true,
  },
  {
    folder: 'elementwise',
    title: 'Elementwise',
    about: 'All of a chain of operations on single elements in one pass over memory.',
    uses: ['ops.add', 'ops.multiply', 'ops.relu', 'all activations'],
  },
  {
    folder: 'reduce',
    title: 'Reduction',
    about: 'Sum, mean, maximum and product along dimensions, in a fixed order.',
    uses: [
      'ops.reduceSum',
      'ops.reduceMean',
      'ops.argmax',
      'ops.globalAveragePool2d',
      'gradients of broadcasts',
    ],
    ladder: true,
  },
  {
    folder: 'softmax',
    title: 'Softmax',
    about: 'Logits become probabilities: positive numbers that add up to 1.',
    uses: ['ops.softmax', 'ops.logSoftmax', 'ops.sparsemax', 'activation: softmax'],
  },
  {
    folder: 'attention',
    title: 'Attention',
    about: 'Each position of a sequence takes the mean of other positions, weighted by how well they fit.',
    uses: ['ops.attention'],
  },
  {
    folder: 'loss',
    title: 'Loss',
    about: 'Cross entropy with its softmax in one kernel, and accuracy.',
    uses: ['ops.softmaxCrossEntropy', 'ops.sparseSoftmaxCrossEntropy', 'ops.categoricalAccuracy'],
  },
  {
    folder: 'pooling',
    title: 'Pooling',
    about: 'The largest, or the mean, of each window of an image.',
    uses: ['ops.maxPool2d', 'ops.averagePool2d', 'ops.adaptiveMaxPool2d', 'maxPool2d', 'averagePool2d'],
  },
  {
    folder: 'normalization',
    title: 'Normalization',
    about: 'Mean and variance of a batch, a group or a layer, and what they do to activations and gradients.',
    uses: ['ops.normalize', 'batchNormalization', 'layerNormalization', 'groupNormalization'],
  },
  {
    folder: 'optimizer',
    title: 'Optimizer',
    about: 'How gradients change parameters: all tensors of a model in one flat buffer.',
    uses: ['adam', 'sgd', 'rmsprop', 'lion', 'muon', 'every optimizer of the API'],
  },
  {
    folder: 'movement',
    title: 'Movement',
    about: 'Elements change their place or their type, and nothing else.',
    uses: [
      'ops.transpose',
      'ops.slice',
      'ops.pad',
      'ops.roll',
      'ops.depthToSpace',
      'ops.concat',
      'ops.gather',
      'ops.takeAlongAxis',
      'ops.scatterAdd',
      'ops.oneHot',
      'embedding',
    ],
  },
  {
    folder: 'scan',
    title: 'Scan',
    about: 'Running sums and products: each needs the one before it, and still sums are found in parallel.',
    uses: ['ops.cumsum', 'ops.cumprod'],
  },
  {
    folder: 'sort',
    title: 'Sort',
    about: 'Elements in order, equal ones as they were: small blocks first, which then become one.',
    uses: ['ops.sort', 'ops.argsort', 'ops.topK'],
  },
  {
    folder: 'tsne',
    title: 't-SNE',
    about:
      'Points in the plane that attract their neighbours and repel all others: every pair, and nothing stored.',
    uses: ['npm run train -- tsne'],
  },
  {
    folder: 'random',
    title: 'Random',
    about: 'Random numbers from a counter, without state: the same bits in every run.',
    uses: ['ops.randomNormal', 'ops.randomUniform', 'ops.dropout', 'dropout', 'gaussianNoise'],
  },
  {
    folder: 'resize',
    title: 'Resize',
    about: 'Images made larger or smaller, and the gradients of that.',
    uses: ['ops.resize2d', 'upSampling2d', 'resizing'],
  },
  {
    folder: 'recurrent',
    title: 'Recurrent networks',
    about:
      'LSTM, GRU and the simple network: all steps of a sequence in one dispatch, forward and back through time.',
    uses: ['ops.lstm', 'ops.gru', 'ops.simpleRnn', 'lstm', 'gru', 'simpleRnn', 'bidirectional'],
  },
  {
    folder: 'linalg',
    title: 'Linear algebra',
    about: 'Columns made orthonormal one after another: the axes of principal components.',
    uses: ['ops.orthonormalize', 'the page about autoencoders'],
  },
  {
    folder: 'dataset',
    title: 'Data set',
    about: 'Batches gathered on the GPU in shuffled order, and the ring that losses are read from.',
    uses: ['model.fit', 'ops.gatherBatch', 'augment'],
  },
  {
    folder: 'shared',
    title: 'Shared functions',
    about: 'Functions that kernels and fused expressions call. They have no entry point of their own.',
    uses: ['the specialiser, which adds what a kernel calls'],
  },
  {
    folder: 'draw',
    title: 'Drawing',
    about: 'Vertex and fragment shaders of these pages: tensors drawn from where they lie.',
    uses: ['the pages of this site'],
  },
];

export const familyOf = (kernel: string): Family =>
  FAMILIES.find(({ folder }) => folder === kernel.split('/')[0])!;

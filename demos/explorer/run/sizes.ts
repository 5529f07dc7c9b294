/** A size that the reader chooses. */
export interface Size {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly number[];
  /** Words for the choices, where they are not numbers. */
  readonly names?: readonly string[];
  /** At first; on a software adapter the second. */
  readonly initial: readonly [gpu: number, software: number];
}

/** An operation that can be run at sizes of the reader's. */
export interface RunCase {
  /** Of what `nodes.ts` makes of it; `update` is the update of an optimizer (`update.ts`). */
  readonly name: string;
  /** The kernels that it may come to. */
  readonly kernels: RegExp;
  readonly what: string;
  readonly sizes: readonly Size[];
}

export type Sizes = Readonly<Record<string, number>>;

const powers = (least: number, most: number) =>
  Array.from({ length: Math.log2(most / least) + 1 }, (_, i) => least * 2 ** i);
const size = (
  name: string,
  label: string,
  choices: readonly number[],
  gpu: number,
  software = gpu,
): Size => ({
  name,
  label,
  choices,
  initial: [gpu, software],
});
const image = [
  size('batch', 'Images', powers(1, 64), 16, 4),
  size('side', 'Side', [8, 14, 16, 28, 32, 64], 32, 14),
  size('inputs', 'Channels in', [1, 3, 4, 8, 16, 32, 64], 16, 8),
];
const convolution = [
  ...image,
  size('outputs', 'Channels out', [1, 4, 8, 16, 32, 64], 32, 8),
  size('taps', 'Filter', [1, 3, 5], 3),
  size('stride', 'Stride', [1, 2], 1),
];
/** As those of convolutions, with another beginning. */
const begun = (beginning: Sizes) =>
  convolution.map((own) => {
    const value = beginning[own.name];
    return value === undefined ? own : { ...own, initial: [value, value] as const };
  });
const to = size('to', 'New side', [4, 7, 8, 14, 16, 28, 32, 64, 128], 64, 28);
const rows = [
  size('rows', 'Rows', powers(16, 4096), 1024, 128),
  size('columns', 'Columns', [10, ...powers(16, 4096)], 1024, 256),
];
const classes = [rows[0], size('columns', 'Classes', [10, ...powers(16, 4096)], 1024, 256)];
const sorted = [
  size('rows', 'Rows', powers(16, 1024), 256, 32),
  size('columns', 'Columns', powers(16, 4096), 1024, 256),
];
/** Of a map. */
const mapped = size('points', 'Points', powers(64, 8192), 4096, 512);
const attended = [
  size('batch', 'Sequences', powers(1, 16), 4, 2),
  size('steps', 'Positions', powers(8, 1024), 256, 64),
  size('heads', 'Heads', powers(1, 8), 4),
  size('width', 'Size of a head', [4, 8, 16, 32, 64, 128], 64, 32),
];
const weights = [
  size('rows', 'Rows', powers(16, 1024), 512, 128),
  size('columns', 'Columns', powers(16, 1024), 512, 128),
];

export const RUN_CASES: readonly RunCase[] = [
  {
    name: 'matmul',
    kernels: /^matmul\/(\d|reduce_partials)/,
    what: 'A (M × K) times B (K × N)',
    sizes: ['M', 'K', 'N'].map((name) => size(name, name, powers(16, 2048), 512, 128)),
  },
  {
    name: 'matmul',
    kernels: /^matmul\/row_block/,
    what: 'A (M × K) times the few columns of B (K × N)',
    sizes: [
      size('M', 'M', powers(16, 2048), 1024, 128),
      size('K', 'K', powers(16, 2048), 1024, 256),
      size('N', 'N', powers(1, 16), 4),
    ],
  },
  { name: 'conv2d', kernels: /^conv2d\/\d/, what: 'images with filters', sizes: convolution },
  {
    name: 'depthwise',
    kernels: /^conv2d\/depthwise/,
    what: 'images with a filter for each channel',
    sizes: convolution.filter((own) => own.name !== 'outputs'),
  },
  {
    name: 'conv2dMaxPool',
    kernels: /^conv2d\/broadcast_max_pool/,
    what: 'images with filters, and the largest of each 2 × 2 window',
    sizes: begun({ inputs: 1 }),
  },
  {
    name: 'conv2dGradFilter',
    kernels: /^conv2d\/grad_filter/,
    what: 'the gradient by the filters',
    sizes: convolution,
  },
  {
    name: 'conv2dGradInput',
    kernels: /^conv2d\/grad_input_channel_lanes/,
    what: 'the gradient by the images',
    sizes: begun({ inputs: 1, outputs: 32 }),
  },
  {
    name: 'conv2dGradInput',
    kernels: /^conv2d\/(grad_input|phase)/,
    what: 'the gradient by the images',
    sizes: begun({ stride: 2 }),
  },
  { name: 'map', kernels: /^elementwise\/map/, what: 'tanh of each number', sizes: rows },
  { name: 'integers', kernels: /^elementwise\/integers/, what: 'whole numbers modulo 10', sizes: rows },
  {
    name: 'sum',
    kernels: /^reduce\/(tree|lanes)/,
    what: 'sums of a matrix',
    sizes: [
      ...rows,
      { ...size('along', 'Sum of', [0, 1, 2], 0), names: ['each row', 'each column', 'everything'] },
    ],
  },
  {
    name: 'argmax',
    kernels: /^reduce\/arg/,
    what: 'where the largest number of each row is',
    sizes: rows,
  },
  {
    name: 'productGradient',
    kernels: /^reduce\/product_gradient/,
    what: 'the gradient of the product of each row',
    sizes: rows,
  },
  { name: 'softmax', kernels: /^softmax\/(rows|workgroup)/, what: 'softmax of each row', sizes: classes },
  {
    name: 'softmaxGradient',
    kernels: /^softmax\/gradient/,
    what: 'the gradient of softmax of each row',
    sizes: classes,
  },
  {
    name: 'rotary',
    kernels: /^attention\/rotary/,
    what: 'queries, turned by their positions',
    sizes: attended,
  },
  {
    name: 'decode',
    kernels: /^attention\/decode/,
    what: 'attention of one query to a cache',
    sizes: attended,
  },
  {
    name: 'attention',
    kernels: /^attention\//,
    what: 'attention of each position to those before it',
    sizes: attended,
  },
  { name: 'sparsemax', kernels: /^softmax\/sparsemax/, what: 'sparsemax of each row', sizes: classes },
  {
    name: 'crossEntropy',
    kernels: /^loss\/softmax_cross/,
    what: 'the loss of each row of logits, and its gradient',
    sizes: classes,
  },
  {
    name: 'accuracy',
    kernels: /^loss\/categorical/,
    what: 'whether the largest number of each row is at its label',
    sizes: classes,
  },
  {
    name: 'adaptivePool',
    kernels: /^pooling\/adaptive/,
    what: 'images pooled to another size',
    sizes: [...image, size('to', 'New side', [3, 5, 6], 5)],
  },
  { name: 'pool', kernels: /^pooling\//, what: 'a pool of 2 × 2 windows', sizes: image },
  {
    name: 'scaleShift',
    kernels: /^normalization\/scale_shift/,
    what: 'a batch normalization with moving statistics',
    sizes: [size('inputs', 'Channels', powers(4, 1024), 256)],
  },
  {
    name: 'update',
    kernels: /^normalization\/moving_statistics/,
    what: 'the moving statistics of a batch normalization',
    sizes: rows,
  },
  {
    name: 'normalize',
    kernels: /^normalization\//,
    what: 'a batch normalization of each channel',
    sizes: image,
  },
  {
    name: 'update',
    kernels: /^optimizer\//,
    what: 'the first update of a matrix of weights',
    sizes: weights,
  },
  {
    name: 'gather',
    kernels: /^movement\/(gather|one_hot)/,
    what: 'rows of a table, by their numbers',
    sizes: [
      size('rows', 'Rows of the table', powers(16, 1024), 512, 128),
      size('columns', 'Columns', powers(16, 1024), 256, 64),
      size('taken', 'Rows taken', powers(16, 1024), 256, 64),
    ],
  },
  { name: 'move', kernels: /^movement\//, what: 'numbers that change their place or type', sizes: rows },
  { name: 'cumprod', kernels: /^scan\/recurrence/, what: 'running products of each row', sizes: rows },
  {
    name: 'cumsum',
    kernels: /^scan\//,
    what: 'running sums of one long row',
    sizes: [size('columns', 'Numbers', powers(256, 65_536), 65_536, 4096)],
  },
  {
    name: 'tsne',
    kernels: /^tsne\/repulsion/,
    what: 'how all points of a map push each other away',
    sizes: [mapped],
  },
  {
    name: 'tsne',
    kernels: /^tsne\/attraction_exact/,
    what: 'how all points pull at the first 256 of a map',
    sizes: [mapped, size('features', 'Features', [1, 10, 50, 100], 50, 10)],
  },
  {
    name: 'tsne',
    kernels: /^tsne\//,
    what: 'the neighbours of points',
    sizes: [mapped, size('neighbours', 'Neighbours', [16, 31, 61, 91, 151], 91, 31)],
  },
  { name: 'argsort', kernels: /^sort\//, what: 'the order of each row', sizes: sorted },
  { name: 'random', kernels: /^random\/(?!dropout)/, what: 'random numbers', sizes: rows },
  {
    name: 'dropout',
    kernels: /^random\/dropout/,
    what: 'numbers, each kept with probability ½',
    sizes: rows,
  },
  { name: 'resize', kernels: /^resize\//, what: 'images made larger or smaller', sizes: [...image, to] },
  {
    name: 'recurrent',
    kernels: /^recurrent\//,
    what: 'a sequence of 8 features a step',
    sizes: [
      size('batch', 'Rows', powers(1, 64), 32, 16),
      size('steps', 'Steps', [1, 2, 12, 64, 65, 256, 1000], 64, 12),
      size('units', 'Units', [1, 4, 16, 33, 64, 128, 256, 512], 128, 32),
    ],
  },
  {
    name: 'orthonormalize',
    kernels: /^linalg\//,
    what: 'the columns of a matrix made orthonormal',
    sizes: [size('rows', 'Rows', powers(16, 512), 128, 64), size('columns', 'Columns', powers(1, 16), 8, 4)],
  },
  {
    name: 'update',
    kernels: /^dataset\/record/,
    what: 'what a step records of a metric: the sum of each column',
    sizes: [rows[0], size('columns', 'Columns', [1, 4, 16, 64, 256], 1)],
  },
  {
    name: 'batch',
    kernels: /^dataset\/gather/,
    what: 'a shuffled batch from a data set',
    sizes: [
      size('samples', 'Samples', powers(64, 4096), 1024, 256),
      size('batch', 'Batch', powers(8, 256), 64, 32),
      size('side', 'Side', [8, 14, 16, 28, 32], 28, 14),
    ],
  },
];

export const caseOf = (kernel: string): RunCase | undefined =>
  RUN_CASES.find(({ kernels }) => kernels.test(kernel));

/** Why a shader has nothing to run at chosen sizes. */
export function withoutSizes(shader: string): string | undefined {
  if (shader === 'dataset/advance')
    return 'It adds one to a counter: one invocation, 8 bytes, and no size to choose. Step shows all of it.';
  if (shader.startsWith('shared/'))
    return 'It has no entry point of its own: run a kernel that calls its functions.';
  if (shader.startsWith('draw/'))
    return 'It draws these pages: a vertex and a fragment shader. There are no numbers to hold against float64.';
  return undefined;
}

/** A size that the reader chooses. */
export interface Size {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly number[];
  /** At first; on a software adapter the second. */
  readonly initial: readonly [gpu: number, software: number];
}

/** An operation that can be run at sizes of the reader's. */
export interface RunCase {
  readonly name:
    | 'matmul'
    | 'conv2d'
    | 'conv2dGradFilter'
    | 'conv2dGradInput'
    | 'sum'
    | 'map'
    | 'maxPool'
    | 'maxPoolGradient'
    | 'crossEntropy'
    | 'normal'
    | 'dropout';
  /** The kernels that it may come to. */
  readonly kernels: RegExp;
  readonly what: string;
  readonly sizes: readonly Size[];
}

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
  size('outputs', 'Channels out', [4, 8, 16, 32, 64], 32, 8),
  size('taps', 'Filter', [1, 3, 5], 3),
];
const rows = [
  size('rows', 'Rows', powers(16, 4096), 1024, 128),
  size('columns', 'Columns', [10, ...powers(16, 4096)], 1024, 256),
];

export const RUN_CASES: readonly RunCase[] = [
  {
    name: 'matmul',
    kernels: /^matmul\/(\d|row_block)/,
    what: 'A (M × K) times B (K × N)',
    sizes: ['M', 'K', 'N'].map((name) => size(name, name, powers(16, 2048), 512, 128)),
  },
  { name: 'conv2d', kernels: /^conv2d\/(\d|depthwise)/, what: 'images with filters', sizes: convolution },
  {
    name: 'conv2dGradFilter',
    kernels: /^conv2d\/grad_filter/,
    what: 'the gradient by the filters',
    sizes: convolution,
  },
  {
    name: 'conv2dGradInput',
    kernels: /^conv2d\/grad_input/,
    what: 'the gradient by the images',
    sizes: convolution,
  },
  { name: 'sum', kernels: /^reduce\/(tree|lanes)/, what: 'the sum of each row', sizes: rows },
  { name: 'map', kernels: /^elementwise\/map/, what: 'tanh of each number', sizes: rows },
  { name: 'maxPool', kernels: /^pooling\/max$/, what: 'the largest of each 2 × 2 window', sizes: image },
  {
    name: 'maxPoolGradient',
    kernels: /^pooling\/max_gradient/,
    what: 'the gradient of the largest of each 2 × 2 window',
    sizes: image,
  },
  {
    name: 'crossEntropy',
    kernels: /^loss\/softmax_cross/,
    what: 'the loss of each row of logits',
    sizes: rows,
  },
  { name: 'normal', kernels: /^random\/normal/, what: 'random numbers', sizes: rows },
  {
    name: 'dropout',
    kernels: /^random\/dropout/,
    what: 'numbers, each kept with probability ½',
    sizes: rows,
  },
];

export const caseOf = (kernel: string): RunCase | undefined =>
  RUN_CASES.find(({ kernels }) => kernels.test(kernel));

export type Sizes = Readonly<Record<string, number>>;

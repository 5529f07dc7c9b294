import { gradients } from '../../../src/graph/autodiff.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import type { Sizes } from '../run/sizes.ts';
import { line, lowered, targets, tensor } from '../toys/toy.ts';
import type { Toy } from '../toys/toy.ts';

/** A version of an operation. */
export interface Rung {
  readonly kernel: string;
  readonly title: string;
  /** What is new in it, in a sentence or two. */
  readonly text: string;
  /** What its film shows; by default the toy of the kernel; none where nothing new is to be seen. */
  readonly toy?: Toy | 'none';
  /** The kernel whose run is measured, where it is another one; none where it is a part of the next one's. */
  readonly measured?: string | 'none';
  /** Sizes that the other rungs do not have. */
  readonly sizes?: Sizes;
}

/** Versions of an operation, each with an idea that the one before does not have. */
export interface Ladder {
  readonly title: string;
  readonly text: string;
  readonly rungs: readonly Rung[];
  /** What the loads of a film are counted for: two numbers multiplied, a number added up, a number of the result. */
  readonly per: 'product' | 'number added' | 'result';
  readonly speed: 'gflops' | 'gbs';
}

const sums = (
  title: string,
  shape: readonly [number, number],
  axes: readonly number[],
  variant: 'tree' | 'lanes',
  { small }: Pick<Toy, 'small'>,
): Toy => ({
  kernel: `reduce/${variant}`,
  title,
  lower: () => lowered(reduceSum(tensor('x', shape), { axes }), { variants: { reduceSum: variant } }),
  small,
});

function phases(kernel: string, variant: string, target: keyof typeof targets): Toy {
  return {
    kernel,
    title: 'the gradient of a convolution at stride 2 by its image [1 × 5 × 5 × 1]',
    lower: () => {
      const x = tensor('image', [1, 5, 5, 1]);
      const y = conv2d(x, tensor('filter', [3, 3, 1, 1]), { stride: 2, padding: 'same' });
      return lowered(gradients(reduceSum(y), [x]), {
        target: targets[target],
        variants: { conv2dGradInput: variant },
      });
    },
    filters: ['weights'],
    small: variant === 'naive' ? line(25, 25) : undefined,
  };
}

const matmul: Ladder = {
  title: 'from one product per load to tiles in registers',
  text: 'All versions compute the same matrix product with the same arithmetic. They differ in how often a number is loaded.',
  per: 'product',
  speed: 'gflops',
  rungs: [
    [
      '1_naive',
      'Naive',
      'An invocation for each output. For each product it loads both numbers from memory.',
    ],
    [
      '2_tiled',
      'Tiles in workgroup memory',
      'The invocations of a workgroup load a tile of each matrix together. Each number that is loaded serves a whole row, or column, of the tile.',
    ],
    [
      '3_register_tiled',
      'Tiles in registers',
      'Each invocation computes a block of outputs. What it reads from workgroup memory is used for the whole block.',
    ],
    [
      '4_register_only',
      'Registers only',
      'No workgroup memory and no barriers: on a software adapter both only cost time.',
    ],
    [
      '5_register_dot',
      'Dot products',
      'For a transposed right matrix. Both matrices are read along k, four numbers at a time.',
    ],
    [
      '6_broadcast',
      'Numbers handed from lane to lane',
      'Each lane of a subgroup loads other numbers and passes them to all lanes, without memory.',
    ],
    [
      '7_register_blocks',
      'Vectors in both tiles',
      'Like version 3, but each load and each store moves four numbers. The engine takes it on GPUs where all sizes are multiples of four.',
    ],
    [
      '8_subgroup_rows',
      'A row for each subgroup',
      'The right tile is in workgroup memory, the left one in the registers of a subgroup.',
    ],
    [
      '9_subgroup_matrix',
      'Matrix units',
      'On GPUs with matrix units, one instruction multiplies two small matrices.',
    ],
  ].map(([file, title, text]) => ({ kernel: `matmul/${file}`, title, text })),
};

const convolution: Ladder = {
  title: 'from the formula to an implicit matrix product',
  text: 'All versions slide the same filters over the same images.',
  per: 'product',
  speed: 'gflops',
  rungs: [
    [
      '1_naive',
      'Naive',
      'An invocation for each output. It loads every input of its window, and every weight.',
    ],
    [
      '2_direct',
      'Direct',
      'An invocation computes several neighbouring outputs, for several channels. Their windows overlap, so they share one strip of inputs.',
    ],
    [
      '3_implicit_gemm',
      'Implicit matrix product',
      'The windows are the rows of a matrix that is never stored. Its tiles are read from the image and go straight to workgroup memory.',
    ],
    [
      '4_broadcast',
      'Weights handed from lane to lane',
      'Like the direct version, but each lane of a subgroup loads other weights and passes them to all lanes.',
    ],
  ].map(([file, title, text]) => ({ kernel: `conv2d/${file}`, title, text })),
};

const strided: Ladder = {
  title: 'phases: the gradient by the image at stride 2',
  text: 'At stride 2 an input meets only some taps of the filter. Which ones depends on whether its row and its column are even or odd: the four cases are the phases.',
  per: 'result',
  speed: 'gflops',
  rungs: [
    {
      kernel: 'conv2d/grad_input_naive',
      title: 'Every tap is tested',
      text: 'An invocation for each input. It goes through all taps and skips those that no window has put on this input.',
      toy: phases('conv2d/grad_input_naive', 'naive', 'gpu'),
    },
    {
      kernel: 'conv2d/phase_weights',
      title: 'The weights sorted by phase',
      text: 'A small kernel copies the weights first, so that the taps of each phase lie side by side.',
      toy: phases('conv2d/phase_weights', 'direct', 'software'),
      measured: 'none',
    },
    {
      kernel: 'conv2d/2_direct',
      title: 'A convolution for each phase',
      text: 'Each phase is then a plain convolution at stride 1 with a small filter. The kernels of the forward pass compute it, and no tap is tested.',
      toy: phases('conv2d/2_direct', 'direct', 'software'),
      measured: 'conv2d/phase_weights',
    },
  ],
};

const [ROWS, COLUMNS, ALL] = [0, 1, 2].map((along) => ({ along }));

const reduction: Ladder = {
  title: 'from a tree without atomics to lanes',
  text: 'A sum is easy to write with atomic additions, but then the order of the additions, and so the last bits, change from run to run. These kernels use none: their order is fixed. A sum takes as long as loading its numbers, so all lanes should load, and neighbouring lanes should load neighbouring numbers.',
  per: 'number added',
  speed: 'gbs',
  rungs: [
    {
      kernel: 'reduce/tree',
      title: 'A tree for each row',
      text: 'A workgroup for each row. Its invocations first add what they load, in registers. Then half of them add pairs in workgroup memory, then a quarter, and so on, with a barrier before each level.',
      sizes: ROWS,
      toy: sums('the sum of each row of 2 × 64 numbers', [2, 64], [1], 'tree', {
        small: { constants: { WORKGROUP_SIZE: 4, COLUMNS: 1, LEVELS: 2 }, workgroups: [2, 1, 1] },
      }),
    },
    {
      kernel: 'reduce/tree',
      title: 'A table of invocations for columns',
      text: 'For sums of columns the workgroup is a table. Neighbouring invocations take neighbouring columns, so their loads lie side by side. The tree adds up the rows of the table.',
      sizes: COLUMNS,
      toy: sums('the sum of each column of 32 × 8 numbers', [32, 8], [0], 'tree', {
        small: { constants: { WORKGROUP_SIZE: 16, COLUMNS: 2, LEVELS: 3 }, workgroups: [1, 1, 1] },
      }),
    },
    {
      kernel: 'reduce/lanes',
      title: 'A lane for each column',
      text: 'Where there are enough results for all lanes, each invocation adds up a column by itself, without workgroup memory and without barriers.',
      sizes: COLUMNS,
      toy: sums('the sum of each column of 8 × 16 numbers', [8, 16], [0], 'lanes', { small: line(4) }),
    },
    {
      kernel: 'reduce/lanes',
      title: 'A lane for each row, four numbers at a time',
      text: 'Along rows, neighbouring lanes load from places far apart. So each lane loads four numbers at once, adds vectors, and at the end adds the four numbers of its vector.',
      sizes: ROWS,
      toy: sums('the sum of each row of 4 × 16 numbers', [4, 16], [1], 'lanes', { small: line(4) }),
    },
    {
      kernel: 'reduce/lanes',
      title: 'Chunks, for few results',
      text: 'A sum of everything is work for a single lane. So the numbers are cut into chunks, each lane adds up one chunk, and a second dispatch adds up the chunks.',
      sizes: ALL,
      toy: 'none',
    },
  ],
};

/** By the families' folders. */
const LADDERS: Readonly<Record<string, readonly Ladder[]>> = {
  matmul: [matmul],
  conv2d: [convolution, strided],
  reduce: [reduction],
};

export const laddersOf = (folder: string): readonly Ladder[] => LADDERS[folder] ?? [];

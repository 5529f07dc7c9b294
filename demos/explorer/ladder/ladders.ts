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
  text: 'All of these compute the same matrix product. What they differ in is how often a number is loaded: the arithmetic is the same in all of them.',
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
      'No workgroup memory and no barriers: a software adapter has neither cores that share memory nor any that wait.',
    ],
    [
      '5_register_dot',
      'Dot products',
      'For a transposed right matrix: both operands are read along k, four numbers at a time.',
    ],
    [
      '6_broadcast',
      'Numbers handed from lane to lane',
      'The lanes of a subgroup load different numbers, and hand each of them to all others without memory.',
    ],
    [
      '7_register_blocks',
      'Vectors in both tiles',
      'As version 3, but all loads and stores are of four numbers. GPUs take this one for large products.',
    ],
    [
      '8_subgroup_rows',
      'A row for each subgroup',
      'The right tile lies in workgroup memory, and the left one in the registers of a subgroup.',
    ],
    [
      '9_subgroup_matrix',
      'Matrix units',
      'The hardware multiplies whole small matrices in one instruction, where a GPU has units for that.',
    ],
  ].map(([file, title, text]) => ({ kernel: `matmul/${file}`, title, text })),
};

const convolution: Ladder = {
  title: 'from the formula to an implicit matrix product',
  text: 'All of these slide the same filters over the same images.',
  per: 'product',
  speed: 'gflops',
  rungs: [
    [
      '1_naive',
      'Naive',
      'An invocation for each output: it loads each input of the window, and each weight.',
    ],
    [
      '2_direct',
      'Direct',
      'An invocation computes several neighbours along a row, for several channels: their windows overlap, so one strip of inputs serves all of them.',
    ],
    [
      '3_implicit_gemm',
      'Implicit matrix product',
      'The windows are the rows of a matrix that is never written down: its tiles are looked up in the image while they go to workgroup memory.',
    ],
    [
      '4_broadcast',
      'Weights handed from lane to lane',
      'As the direct version, but each lane of a subgroup loads other weights, and hands them to all others.',
    ],
  ].map(([file, title, text]) => ({ kernel: `conv2d/${file}`, title, text })),
};

const strided: Ladder = {
  title: 'phases: the gradient by the image at stride 2',
  text: 'At stride 2 an input meets only some taps of the filter: which ones depends on whether its row and column are even or odd. These are its phases.',
  per: 'result',
  speed: 'gflops',
  rungs: [
    {
      kernel: 'conv2d/grad_input_naive',
      title: 'Every tap is asked',
      text: 'An invocation for each input. It goes through all taps, and leaves out those at which no window has met it.',
      toy: phases('conv2d/grad_input_naive', 'naive', 'gpu'),
    },
    {
      kernel: 'conv2d/phase_weights',
      title: 'The weights in order of phases',
      text: 'A small kernel copies the weights first: the taps that a phase meets lie side by side then, in the order in which it meets them.',
      toy: phases('conv2d/phase_weights', 'direct', 'software'),
      measured: 'none',
    },
    {
      kernel: 'conv2d/2_direct',
      title: 'A convolution for each phase',
      text: 'Each phase is then a plain convolution at stride 1 with a small filter: the kernels of the forward pass compute it, and no tap is asked in vain.',
      toy: phases('conv2d/2_direct', 'direct', 'software'),
      measured: 'conv2d/phase_weights',
    },
  ],
};

const [ROWS, COLUMNS, ALL] = [0, 1, 2].map((along) => ({ along }));

const reduction: Ladder = {
  title: 'from a tree without atomics to lanes',
  text: 'A sum of many numbers is easy to write with atomic additions, but then its order, and so its last bits, change from run to run. None of these uses any: the order is fixed. A sum takes as long as its numbers take to load, so what matters is that all lanes load, and that neighbours load neighbours.',
  per: 'number added',
  speed: 'gbs',
  rungs: [
    {
      kernel: 'reduce/tree',
      title: 'A tree for each row',
      text: 'A workgroup for each row. Its invocations add what they have loaded in registers; then half of them add pairs in workgroup memory, then a quarter, with a barrier each time.',
      sizes: ROWS,
      toy: sums('the sum of each row of 2 × 64 numbers', [2, 64], [1], 'tree', {
        small: { constants: { WORKGROUP_SIZE: 4, COLUMNS: 1, LEVELS: 2 }, workgroups: [2, 1, 1] },
      }),
    },
    {
      kernel: 'reduce/tree',
      title: 'A table of invocations for columns',
      text: 'For the sums of columns the workgroup is a table: neighbours take neighbouring columns, so that what they load lies side by side; the tree runs down the table.',
      sizes: COLUMNS,
      toy: sums('the sum of each column of 32 × 8 numbers', [32, 8], [0], 'tree', {
        small: { constants: { WORKGROUP_SIZE: 16, COLUMNS: 2, LEVELS: 3 }, workgroups: [1, 1, 1] },
      }),
    },
    {
      kernel: 'reduce/lanes',
      title: 'A lane for each column',
      text: 'Where there are enough results for all lanes, nobody has to share: each invocation adds a column by itself, without workgroup memory and without barriers.',
      sizes: COLUMNS,
      toy: sums('the sum of each column of 8 × 16 numbers', [8, 16], [0], 'lanes', { small: line(4) }),
    },
    {
      kernel: 'reduce/lanes',
      title: 'A lane for each row, four numbers at a time',
      text: 'Along rows neighbours would load far from each other. A lane loads four neighbours at once, adds vectors, and adds the four numbers of its vector at the end.',
      sizes: ROWS,
      toy: sums('the sum of each row of 4 × 16 numbers', [4, 16], [1], 'lanes', { small: line(4) }),
    },
    {
      kernel: 'reduce/lanes',
      title: 'Chunks, for few results',
      text: 'One sum of everything has work for a single lane. So the numbers are cut into chunks, a lane adds each of them, and a second dispatch adds up the chunks.',
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

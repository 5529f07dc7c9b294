import { matmul } from '../../../src/ops/matmul/matmul.ts';
import type { Target } from '../../../src/ops/core/op.ts';
import { line, lowered, targets, tensor } from './toy.ts';
import type { Toy } from './toy.ts';

type Size = readonly [M: number, K: number, N: number];

function product(
  kernel: string,
  [M, K, N]: Size,
  variant: string,
  target: Target = targets.gpu,
  more: Partial<Toy> = {},
): Toy {
  return {
    kernel: `matmul/${kernel}`,
    title: `A (${M} × ${K}) times B (${K} × ${N})`,
    lower: () =>
      lowered(matmul(tensor('a', [M, K]), tensor('b', [K, N])), { target, variants: { matmul: variant } }),
    ...more,
  };
}

const { gpu, software, subgroups, matrices } = targets;

export const toys: readonly Toy[] = [
  product('1_naive', [3, 4, 5], 'naive', gpu, {
    small: line(15, 5),
  }),
  product('2_tiled', [6, 8, 8], 'tiled', gpu, {
    small: { constants: { TILE: 4, GRID_X: 4 }, workgroups: [4, 1, 1] },
  }),
  product('3_register_tiled', [8, 8, 8], 'register_tiled', gpu, {
    small: { constants: { SIDE: 2, TILE_K: 4, ROWS: 4, COLUMNS: 1, GRID_X: 1 }, workgroups: [1, 1, 1] },
  }),
  product('4_register_only', [8, 6, 8], 'register_only', software),
  {
    kernel: 'matmul/5_register_dot',
    title: 'A (6 × 8) times the transpose of B (5 × 8)',
    lower: () =>
      lowered(matmul(tensor('a', [6, 8]), tensor('b', [5, 8]), { transposeB: true }), {
        target: software,
        variants: { matmul: 'register_dot' },
      }),
  },
  product('6_broadcast', [4, 8, 16], 'broadcast', subgroups),
  product('7_register_blocks', [8, 8, 8], 'register_blocks', gpu, {
    small: { constants: { SIDE: 2, TILE_K: 4, ROWS: 4, COLUMNS: 1, GRID_X: 1 }, workgroups: [1, 1, 1] },
  }),
  product('8_subgroup_rows', [8, 16, 16], 'subgroup_rows:8x16', matrices, {
    small: { constants: { TILE_K: 8, GRID_X: 1 }, workgroups: [1, 1, 1] },
  }),
  product(
    '9_subgroup_matrix',
    [8, 8, 16],
    'subgroup_matrix',
    { ...matrices, subgroupMatrices: [{ element: 'f32', M: 4, N: 4, K: 4 }] },
    { small: { constants: { ROWS: 1, COLUMNS: 2, TILE_K: 4, GRID_X: 1 }, workgroups: [1, 1, 1] } },
  ),
  product('row_block', [2, 16, 2], 'row_block'),
  product('reduce_partials', [4, 16, 4], 'register_only_split', software),
];

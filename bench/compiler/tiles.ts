import { conv2d, conv2dGradFilterBias, conv2dGradInput } from '../../src/ops/conv2d/conv2d.ts';
import { GEMM_TILES } from '../../src/ops/conv2d/gemmTiles.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { Target, Tensor } from '../../src/ops/core/op.ts';
import { parseVariant, variantName } from '../../src/ops/core/variant.ts';
import { blockTiles, subgroupNames } from '../../src/ops/matmul/gpuPlans.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { loadAllKernels } from '../../src/ops/allKernels.ts';
import { lowerGraph } from '../../src/runtime/lower.ts';
import { idleGpu } from './idleGpu.ts';
import type { CompiledKernel } from './kernels.ts';

const bits = [false, true];
const forms = bits.flatMap((transposeA) => bits.map((transposeB) => ({ transposeA, transposeB })));

/** Each tile with numbers as they are, and as f16. */
const both = (tiles: readonly (readonly number[])[]) =>
  tiles.flatMap((tile) => [false, true].map((half) => [tile, half] as const));

/** [input channels, output channels]: in fours, a first layer's, and neither. */
const CHANNELS = [
  [64, 64],
  [3, 64],
  [3, 33],
];

/**
 * Every tile that the tuner may choose on a GPU, and the same as f16: of large products, and of 3 × 3 convolutions and
 * their gradients. The GPU has subgroups of 32 and AMD's matrix units.
 */
export async function tileKernels(): Promise<CompiledKernel[]> {
  await loadAllKernels();
  const kernels = new Map<string, CompiledKernel>();
  const target: Target = {
    ...idleGpu().target,
    subgroupSize: 32,
    subgroupMatrices: [{ element: 'f16', M: 16, N: 16, K: 16 }],
  };
  const add = (op: string, variant: string, outputs: readonly Tensor[]) => {
    const { tile, half } = parseVariant(variant);
    const variants = { [op]: variant };
    for (const { kernel } of lowerGraph(outputs, [], [], { target, variants })) {
      const { name, code } = kernel;
      kernels.set(code, { name, code, models: [`tile ${tile.join('x')}${half ? ' of f16' : ''}`] });
    }
  };
  const square = (side: number) => [input('a', [side, side]), input('b', [side, side])] as const;
  for (const [tile, half] of both(blockTiles)) {
    for (const form of forms)
      add('matmul', variantName({ rung: 'register_blocks', tile, half }), [matmul(...square(1024), form)]);
    add('matmul', variantName({ rung: 'register_tiled', tile, half }), [matmul(...square(1023))]);
  }
  const size = { batch: 1, M: 1024, N: 1024, K: 1024, transposeA: false, transposeB: false };
  for (const variant of subgroupNames(size, target).filter((own) => parseVariant(own).tile.length > 0))
    for (const form of forms) add('matmul', variant, [matmul(...square(1024), form)]);
  const options = { padding: 'same', stride: 2 } as const;
  for (const [tile, half] of both(GEMM_TILES)) {
    const variant = variantName({ rung: 'implicit_gemm', tile, half });
    for (const [channels, filters] of CHANNELS) {
      const [x, dy] = [input('x', [32, 30, 30, channels]), input('dy', [32, 15, 15, filters])];
      const weights = input('w', [3, 3, channels, filters]);
      add('conv2d', variant, [conv2d(x, weights, options)]);
      add('conv2dGradInput', variant, [conv2dGradInput(dy, weights, x.shape, options)]);
      add('conv2dGradFilterBias', variant, conv2dGradFilterBias(x, dy, [3, 3], options));
    }
  }
  return [...kernels.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

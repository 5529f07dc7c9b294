import { conv2d, conv2dGradFilterBias, conv2dGradInput } from '../../src/ops/conv2d/conv2d.ts';
import { GEMM_TILES } from '../../src/ops/conv2d/gemmTiles.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { variantName } from '../../src/ops/core/variant.ts';
import { blockTiles } from '../../src/ops/matmul/gpuPlans.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { lowerGraph } from '../../src/runtime/lower.ts';
import { idleGpu } from './idleGpu.ts';
import type { CompiledKernel } from './kernels.ts';

const bits = [false, true];
const forms = bits.flatMap((transposeA) => bits.map((transposeB) => ({ transposeA, transposeB })));

/** [input channels, output channels]: in fours, a first layer's, and neither. */
const CHANNELS = [
  [64, 64],
  [3, 64],
  [3, 33],
];

/** Every tile that the tuner may choose on a GPU: of large products, and of 3 × 3 convolutions and their gradients. */
export function tileKernels(): CompiledKernel[] {
  const kernels = new Map<string, CompiledKernel>();
  const { target } = idleGpu();
  const add = (op: string, rung: string, tile: readonly number[], outputs: readonly Tensor[]) => {
    const variants = { [op]: variantName({ rung, tile }) };
    for (const { kernel } of lowerGraph(outputs, [], [], { target, variants })) {
      const { name, code } = kernel;
      kernels.set(code, { name, code, models: [`tile ${tile.join('x')}`] });
    }
  };
  for (const tile of blockTiles) {
    const [a, b] = [input('a', [1024, 1024]), input('b', [1024, 1024])];
    for (const form of forms) add('matmul', 'register_blocks', tile, [matmul(a, b, form)]);
    const odd = [input('a', [1023, 1023]), input('b', [1023, 1023])] as const;
    add('matmul', 'register_tiled', tile, [matmul(...odd)]);
  }
  const options = { padding: 'same', stride: 2 } as const;
  for (const tile of GEMM_TILES) {
    for (const [channels, filters] of CHANNELS) {
      const [x, dy] = [input('x', [32, 30, 30, channels]), input('dy', [32, 15, 15, filters])];
      const weights = input('w', [3, 3, channels, filters]);
      add('conv2d', 'implicit_gemm', tile, [conv2d(x, weights, options)]);
      add('conv2dGradInput', 'implicit_gemm', tile, [conv2dGradInput(dy, weights, x.shape, options)]);
      add('conv2dGradFilterBias', 'implicit_gemm', tile, conv2dGradFilterBias(x, dy, [3, 3], options));
    }
  }
  return [...kernels.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

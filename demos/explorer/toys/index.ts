import { toys as attention } from './attention.ts';
import { toys as images } from './images.ts';
import { toys as matmul } from './matmul.ts';
import { toys as optimizers } from './optimizers.ts';
import { toys as others } from './others.ts';
import { toys as recurrent } from './recurrent.ts';
import { toys as rows } from './rows.ts';
import type { Toy } from './toy.ts';
import { toys as training } from './training.ts';
import { toys as tsne } from './tsne.ts';

/** Every toy; a kernel may have several. */
export const TOYS: readonly Toy[] = [
  ...matmul,
  ...images,
  ...recurrent,
  ...rows,
  ...attention,
  ...others,
  ...tsne,
  ...optimizers,
  ...training,
];

export const toysOf = (kernel: string): readonly Toy[] => TOYS.filter((toy) => toy.kernel === kernel);

/** Kernels from whose toys one steps into functions of shaders/shared. */
const CALLERS: Readonly<Record<string, string>> = {
  'shared/philox': 'random/uniform',
  'shared/numbers': 'pooling/max',
  'shared/places': 'conv2d/3_implicit_gemm',
  'shared/permutation': 'dataset/gather',
  'shared/arithmetic': 'elementwise/map',
  'shared/optimizer': 'optimizer/adam',
  'shared/schedules': 'optimizer/adagrad',
  'shared/activations': 'elementwise/map',
  'shared/special': 'elementwise/map',
  'shared/order': 'sort/rank',
};

/** The kernel to step through in the place of a shader without an entry point. */
export const callerOf = (shader: string): string | undefined => CALLERS[shader];

/** Why a shader cannot be stepped through. */
export function withoutNumbers(shader: string): string | undefined {
  if (shader.startsWith('draw/'))
    return 'It draws these pages: a vertex and a fragment shader, which a GPU runs for each triangle and each pixel. The simulator runs compute shaders.';
  return undefined;
}

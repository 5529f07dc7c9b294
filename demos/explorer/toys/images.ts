import { gradients } from '../../../src/graph/gradients.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import type { Conv2dOptions } from '../../../src/ops/conv2d/conv2d.ts';
import { adaptiveAveragePool2d, adaptiveMaxPool2d } from '../../../src/ops/pooling/adaptivePool2d.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { averagePool2d } from '../../../src/ops/pooling/averagePool2d.ts';
import { maxPool2d } from '../../../src/ops/pooling/maxPool2d.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { resize2d } from '../../../src/ops/resize/resize2d.ts';
import type { Target, Tensor } from '../../../src/ops/core/op.ts';
import { line, lowered, targets, tensor } from './toy.ts';
import type { Small, Toy } from './toy.ts';

const filters = ['weights', 'grad_weights', 'partial'];
/** An edge, so that a sum can be followed by eye. */
const IMAGE = [0, 0, 2, 2, 0, 1, 0, 2, 2, 1, 0, 0, 2, 2, 3, 0, 1, 2, 2, 0];

interface Convolution {
  readonly kernel: string;
  readonly variant: string;
  readonly image?: readonly number[];
  readonly filter?: readonly number[];
  readonly options?: Conv2dOptions;
  readonly target?: Target;
  readonly small?: Small;
}

const sizes = (shape: readonly number[]) => shape.join(' × ');

function forward({
  kernel,
  variant,
  image = [1, 4, 4, 1],
  filter = [3, 3, 1, 2],
  options,
  target,
  small,
}: Convolution): Toy {
  return {
    kernel: `conv2d/${kernel}`,
    title: `an image [${sizes(image)}] with filters [${sizes(filter)}]`,
    lower: () =>
      lowered(conv2d(tensor('image', image), tensor('filter', filter), options), {
        target,
        variants: { conv2d: variant },
      }),
    values: { image: IMAGE },
    filters,
    small,
  };
}

function backward(
  by: 'input' | 'filter',
  { kernel, variant, image = [1, 4, 4, 1], filter = [3, 3, 1, 2], options, target, small }: Convolution,
): Toy {
  const op = by === 'input' ? 'conv2dGradInput' : 'conv2dGradFilter';
  return {
    kernel: `conv2d/${kernel}`,
    title: `the gradient by the ${by} of a convolution: image [${sizes(image)}], filters [${sizes(filter)}]`,
    lower: () => {
      const [x, weights] = [tensor('image', image), tensor('filter', filter)];
      const loss = reduceSum(conv2d(x, weights, options));
      return lowered(gradients(loss, [by === 'input' ? x : weights]), {
        target,
        variants: { [op]: variant },
      });
    },
    values: { image: IMAGE },
    filters,
    small,
  };
}

function pooled(
  kernel: string,
  what: string,
  of: (x: Tensor) => Tensor,
  small: Small,
  gradient = false,
  variants = {},
): Toy {
  const shape = [1, 4, 4, 1];
  return {
    kernel: `pooling/${kernel}`,
    title: gradient ? `the gradient of ${what}` : what,
    lower: () => {
      const x = tensor('image', shape);
      return lowered(gradient ? gradients(reduceSum(of(x)), [x]) : of(x), { variants });
    },
    small,
  };
}

const { software, subgroups, gpu } = targets;
const TWO = { poolSize: 2 as const };

function resized(interpolation: 'nearest' | 'bilinear' | 'bicubic', gradient: boolean): Toy {
  return {
    kernel: `resize/${interpolation}${gradient ? '_gradient' : ''}`,
    title: `${gradient ? 'the gradient of ' : ''}an image of 3 × 3 made 4 × 4`,
    lower: () => {
      const x = tensor('image', [1, 3, 3, 1]);
      const y = resize2d(x, [4, 4], { interpolation });
      return lowered(gradient ? gradients(reduceSum(y), [x]) : y);
    },
    small: line(gradient ? 9 : 16),
  };
}

/** Kernels of images: convolution, pooling, resizing. */
export const toys: readonly Toy[] = [
  forward({ kernel: '1_naive', variant: 'naive', small: line(8) }),
  forward({ kernel: '2_direct', variant: 'direct', target: software }),
  forward({
    kernel: '3_implicit_gemm',
    variant: 'implicit_gemm',
    image: [1, 4, 4, 2],
    filter: [3, 3, 2, 4],
    small: {
      constants: { WG_X: 2, WG_Y: 2, ROWS: 4, COLUMNS: 1, TILE_K: 4, GRID_X: 1 },
      workgroups: [1, 1, 1],
    },
  }),
  forward({
    kernel: '4_broadcast',
    variant: 'broadcast',
    image: [1, 6, 6, 1],
    filter: [3, 3, 1, 8],
    target: subgroups,
  }),
  forward({
    kernel: 'depthwise',
    variant: 'depthwise',
    image: [1, 4, 4, 2],
    filter: [3, 3, 1, 2],
    options: { groups: 2 },
    target: software,
  }),
  backward('input', { kernel: 'grad_input_naive', variant: 'naive', small: line(16) }),
  backward('filter', { kernel: 'grad_filter_1_naive', variant: 'naive', target: gpu, small: line(18) }),
  backward('filter', { kernel: 'grad_filter_2_direct', variant: 'direct', target: software }),
  backward('filter', {
    kernel: 'grad_filter_3_implicit_gemm',
    variant: 'implicit_gemm',
    target: gpu,
    small: {
      constants: { WG_X: 2, WG_Y: 2, ROWS: 4, COLUMNS: 1, TILE_K: 2, SLICES: 1, STEPS: 2, GRID_X: 2 },
      workgroups: [2, 1, 1],
    },
  }),
  backward('filter', {
    kernel: 'grad_filter_4_broadcast',
    variant: 'broadcast',
    filter: [3, 3, 1, 8],
    target: subgroups,
  }),
  backward('filter', {
    kernel: 'grad_filter_reduce',
    variant: 'direct',
    target: software,
    image: [2, 4, 4, 1],
  }),
  backward('filter', {
    kernel: 'grad_filter_reduce_workgroup',
    variant: 'direct',
    image: [1, 36, 36, 1],
    filter: [3, 3, 1, 1],
    small: { constants: { VALUES: 3, LANES: 4, GRID_X: 3 }, workgroups: [3, 1, 1] },
  }),
  {
    kernel: 'conv2d/broadcast_max_pool',
    title: 'an image [1 × 4 × 4 × 1] with filters [3 × 3 × 1 × 4], and the largest of each window of 2 × 2',
    lower: () => {
      const convolved = conv2d(tensor('image', [1, 4, 4, 1]), tensor('filter', [3, 3, 1, 4]), {
        padding: 'same',
      });
      return lowered(maxPool2d(convolved, { poolSize: 2 }), {
        target: targets.subgroups,
        variants: { conv2dMaxPool: 'broadcast' },
      });
    },
    values: { image: IMAGE },
    filters,
  },
  backward('input', {
    kernel: 'phase_weights',
    variant: 'direct',
    target: software,
    options: { stride: 2 },
    image: [1, 5, 5, 1],
  }),
  backward('input', {
    kernel: 'grad_input_channel_lanes',
    variant: 'channel_lanes',
    filter: [3, 3, 1, 8],
    target: subgroups,
  }),
  pooled('max', 'the largest of each window of 2 × 2', (x) => maxPool2d(x, TWO), line(4)),
  pooled('max_gradient', 'the largest of each window of 2 × 2', (x) => maxPool2d(x, TWO), line(16), true, {
    maxPool2dGradient: 'gather',
  }),
  pooled(
    'max_gradient_cells',
    'the largest of each window of 2 × 2',
    (x) => maxPool2d(x, TWO),
    line(4),
    true,
    {
      maxPool2dGradient: 'cells',
    },
  ),
  {
    kernel: 'pooling/max_winners',
    title: 'another image, where the largest of each window of 2 × 2 is: the gradient of the gradient',
    lower: () => {
      const [x, other] = [tensor('image', [1, 4, 4, 1]), tensor('other', [1, 4, 4, 1])];
      const dy = tensor('dy', [1, 2, 2, 1]);
      const [dx] = gradients(reduceSum(multiply(maxPool2d(x, TWO), dy)), [x]);
      return lowered(gradients(reduceSum(multiply(dx!, other)), [dy]));
    },
    small: line(4),
  },
  pooled('average', 'the mean of each window of 2 × 2', (x) => averagePool2d(x, TWO), line(4)),
  pooled(
    'average_gradient',
    'the mean of each window of 2 × 2',
    (x) => averagePool2d(x, TWO),
    line(16),
    true,
  ),
  pooled('adaptive_max', 'the largest of 3 × 3 regions', (x) => adaptiveMaxPool2d(x, 3), line(9)),
  pooled(
    'adaptive_max_gradient',
    'the largest of 3 × 3 regions',
    (x) => adaptiveMaxPool2d(x, 3),
    line(16),
    true,
  ),
  pooled('adaptive_average', 'the mean of 3 × 3 regions', (x) => adaptiveAveragePool2d(x, 3), line(9)),
  pooled(
    'adaptive_average_gradient',
    'the mean of 3 × 3 regions',
    (x) => adaptiveAveragePool2d(x, 3),
    line(16),
    true,
  ),
  ...(['nearest', 'bilinear', 'bicubic'] as const).flatMap((interpolation) => [
    resized(interpolation, false),
    resized(interpolation, true),
  ]),
];

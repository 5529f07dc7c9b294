import bicubicSource from '../../../shaders/resize/bicubic.wgsl?raw';
import bilinearSource from '../../../shaders/resize/bilinear.wgsl?raw';
import nearestSource from '../../../shaders/resize/nearest.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { LateKernels } from '../core/late.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Tensor } from '../core/op.ts';
import { sameShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { requireDtype, requireExtents, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';
import { requirePair } from '../core/window.ts';
import { imageAxes } from '../pooling/pool2d.ts';
import { checkOptions } from '../../options.ts';

/** A way to interpolate: its kernel, whose gradient's has the same name with an ending, the constants that they have beside the shapes, and the pixels that a pixel is made of. */
interface Method {
  readonly kernel: KernelFile;
  readonly constants: Readonly<Record<string, ConstantValue>>;
  /** Along one axis. */
  readonly taps: number;
}

export const gradientKernels = /* @__PURE__ */ new LateKernels(
  'the gradient of resize2d',
  async () => (await import('./gradientKernels.ts')).kernels,
);

const nearest = (offset: number): Method => ({
  kernel: { name: 'resize/nearest', source: nearestSource },
  constants: { TWICE_OFFSET: 2 * offset },
  taps: 1,
});

const bicubic = (a: number, repeat: boolean): Method => ({
  kernel: { name: 'resize/bicubic', source: bicubicSource },
  constants: { A: a, REPEAT: repeat },
  taps: 4,
});

const methods = {
  nearest: nearest(0),
  nearestExact: nearest(0.5),
  bilinear: {
    kernel: { name: 'resize/bilinear', source: bilinearSource },
    constants: {},
    taps: 2,
  },
  bicubic: bicubic(-0.75, true),
  bicubicKeys: bicubic(-0.5, false),
} satisfies Record<string, Method>;

export type Interpolation = keyof typeof methods;

/** Throws an ArgumentError unless it is one of the ways to interpolate. */
export function requireInterpolation(opName: string, interpolation: string): void {
  if (Object.hasOwn(methods, interpolation)) return;
  throw new ArgumentError(
    `${opName}: there is no interpolation "${interpolation}"; choose one of ${Object.keys(methods).join(', ')}`,
  );
}

export interface Resize2dOptions {
  /** Default nearest. */
  interpolation?: Interpolation;
}

interface Resize2dAttrs {
  /** Height and width before and after. */
  readonly from: Shape;
  readonly to: Shape;
  readonly interpolation: Interpolation;
}

function lowerResize(node: Node<Resize2dAttrs>, direction: 'forward' | 'gradient', context: LowerContext) {
  const { from, to, interpolation } = node.attrs;
  const [output] = node.outputs;
  const width = widthOf(node, output.shape[3]);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const { constants, taps: forward, kernel }: Method = methods[interpolation];
  const backward = (axis: number) => Math.ceil((forward * to[axis]) / from[axis]);
  const taps = direction === 'forward' ? forward ** 2 : backward(0) * backward(1);
  context.dispatch({
    kernel: direction === 'forward' ? kernel : gradientKernels.value[kernel.name],
    constants: {
      SIZE: size,
      CHANNELS: output.shape[3] / width,
      HEIGHT: from[0],
      WIDTH: from[1],
      OUT_HEIGHT: to[0],
      OUT_WIDTH: to[1],
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
      ...constants,
      ...((direction === 'gradient' || forward > 2) && { SOFTWARE: context.target.software }),
    },
    aliases: { Value: valueType('f32', width) },
    bindings: { [direction === 'forward' ? 'input' : 'gradient']: node.inputs[0], output },
    workgroups,
    epilogue: true,
    flops: forward === 1 ? 0 : 2 * taps * sizeOf(output.shape),
  });
}

/** [N, H, W, C] → [N, OH, OW, C] */
const resized = ([batch, , , channels]: Shape, [height, width]: Shape) => ({
  shape: [batch, height, width, channels],
  dtype: 'f32' as const,
});

export const resize2dOp: Op<Resize2dAttrs> = {
  name: 'resize2d',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], { to, interpolation }) {
    requireDtype('resize2d', x, ['f32']);
    requireExtents('resize2d', 'size', to);
    requireInterpolation('resize2d', interpolation);
    return [resized(x.shape, to)];
  },
  lower: (node, context) => lowerResize(node, 'forward', context),
  gradient: ({ attrs }, [dy]) => [dy && apply(resize2dGradientOp, [dy], attrs)],
};

/** dL/dx from dL/dy. */
export const resize2dGradientOp: Op<Resize2dAttrs> = {
  name: 'resize2dGradient',
  kind: 'kernel',
  late: gradientKernels,
  fusesEpilogue: true,
  infer: ([dy], { from }) => [resized(dy.shape, from)],
  lower: (node, context) => lowerResize(node, 'gradient', context),
  // linear in dy: its adjoint is the resizing itself
  gradient: ({ attrs }, [ddx]) => [ddx && apply(resize2dOp, [ddx], attrs)],
};

/**
 * Images x [N, H, W, C] at another size → [N, height, width, C].
 *
 * - `nearest` takes the pixel ⌊o · H / height⌋ for output o, as PyTorch's `nearest` does.
 * - `nearestExact` takes the pixel under the output's centre, ⌊(o + ½) · H / height⌋: PyTorch's `nearest-exact`, and
 *   what TensorFlow 2 and JAX call nearest. The two are the same where the size grows by whole factors.
 * - `bilinear` interpolates between the centres of pixels, as TensorFlow 2 and Keras do (half-pixel centres, no
 *   antialiasing).
 * - `bicubic` is cubic convolution (Keys 1981) with A = −¾, the outermost pixels repeated beyond the edges: PyTorch's
 *   bicubic, and Keras's on PyTorch.
 * - `bicubicKeys` is that with A = −½, and weights beyond the edges left out, the others scaled up to a sum of 1: JAX's
 *   cubic, and Keras's bicubic on JAX and TensorFlow. Both go beyond the values of the pixels at sharp edges.
 *
 * An output is NaN where one of the pixels that it is made of is, and infinite (with all but the nearest it may be NaN)
 * where one is.
 *
 * @throws ShapeError if x is not a batch of images, or an extent is not a whole number of at least 1
 * @throws ArgumentError if there is no such interpolation
 */
export function resize2d(
  x: Tensor,
  size: readonly [height: number, width: number],
  options: Resize2dOptions = {},
): Tensor {
  checkOptions('resize2d', options, { interpolation: true }, 'x, size, ');
  const { interpolation = 'nearest' } = options;
  requireTensor('resize2d', x);
  requirePair('resize2d', 'size', size);
  const from = imageAxes('resize2d', x.shape).map((axis) => x.shape[axis]);
  const attrs: Resize2dAttrs = { from, to: [...size], interpolation };
  resize2dOp.infer([x], attrs);
  return sameShape(from, size) ? x : apply(resize2dOp, [x], attrs);
}

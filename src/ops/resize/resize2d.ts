import bilinearSource from '../../../shaders/resize/bilinear.wgsl?raw';
import bilinearGradientSource from '../../../shaders/resize/bilinear_gradient.wgsl?raw';
import nearestSource from '../../../shaders/resize/nearest.wgsl?raw';
import nearestGradientSource from '../../../shaders/resize/nearest_gradient.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { apply } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Tensor } from '../core/op.ts';
import { sameShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { requireDtype, requireExtents, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';
import { imageAxes } from '../pooling/pool2d.ts';
import { checkOptions } from '../../options.ts';

const nearest = {
  forward: { name: 'resize/nearest', source: nearestSource },
  gradient: { name: 'resize/nearest_gradient', source: nearestGradientSource },
};

const kernels = {
  nearest,
  nearestExact: nearest,
  bilinear: {
    forward: { name: 'resize/bilinear', source: bilinearSource },
    gradient: { name: 'resize/bilinear_gradient', source: bilinearGradientSource },
  },
};

export type Interpolation = keyof typeof kernels;

/** Throws an ArgumentError unless it is one of the ways to interpolate. */
export function requireInterpolation(opName: string, interpolation: string): void {
  if (Object.hasOwn(kernels, interpolation)) return;
  throw new ArgumentError(
    `${opName}: there is no interpolation "${interpolation}"; choose one of ${Object.keys(kernels).join(', ')}`,
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
  const workgroupSize = streamingWorkgroup(context.target);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const [factorY, factorX] = [to[0] / from[0], to[1] / from[1]];
  const taps = direction === 'forward' ? 4 : Math.ceil(2 * factorY) * Math.ceil(2 * factorX);
  context.dispatch({
    kernel: kernels[interpolation][direction],
    constants: {
      SIZE: size,
      CHANNELS: output.shape[3] / width,
      HEIGHT: from[0],
      WIDTH: from[1],
      OUT_HEIGHT: to[0],
      OUT_WIDTH: to[1],
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
      ...(interpolation !== 'bilinear' && { TWICE_OFFSET: Number(interpolation === 'nearestExact') }),
      ...(direction === 'gradient' && { SOFTWARE: context.target.software }),
    },
    aliases: { Value: valueType('f32', width) },
    bindings: { [direction === 'forward' ? 'input' : 'gradient']: node.inputs[0], output },
    workgroups,
    epilogue: true,
    flops: interpolation !== 'bilinear' ? 0 : 2 * taps * sizeOf(output.shape),
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
 *
 * An output is NaN where one of the pixels that it is made of is, and infinite (with `bilinear` it may be NaN) where one is.
 *
 * @throws ShapeError if x is no batch of images, or an extent is no whole number of at least 1
 * @throws ArgumentError if there is no such interpolation
 */
export function resize2d(
  x: Tensor,
  size: readonly [height: number, width: number],
  options: Resize2dOptions = {},
): Tensor {
  checkOptions('resize2d', options, { interpolation: true }, 'x, size, ');
  const { interpolation = 'nearest' } = options;
  const from = imageAxes('resize2d', x.shape).map((axis) => x.shape[axis]);
  const attrs: Resize2dAttrs = { from, to: [...size], interpolation };
  resize2dOp.infer([x], attrs);
  return sameShape(from, size) ? x : apply(resize2dOp, [x], attrs);
}

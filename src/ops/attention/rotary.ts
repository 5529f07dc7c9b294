import rotarySource from '../../../shaders/attention/rotary.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import { constant } from '../core/leaves.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sizeOf } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup } from '../core/values.ts';

const kernel = { name: 'attention/rotary', source: rotarySource };

interface RotaryAttrs {
  /** −1 turns back. */
  readonly sign: number;
}

/** Inputs [x, angles (positions × pairs × (cos, sin)), offsets where there are any]. */
export const rotaryOp: Op<RotaryAttrs> = {
  name: 'rotary',
  kind: 'kernel',
  infer: ([{ shape }]) => [{ shape, dtype: 'f32' }],
  lower({ inputs: [x, angles, offsets], outputs: [output], attrs: { sign } }, context) {
    const [batch, steps, heads, size] = x.shape;
    const pairs = sizeOf(x.shape) / 2;
    const workgroupSize = streamingWorkgroup(context.target, pairs);
    const { workgroups, gridX } = linearGrid(pairs, workgroupSize);
    context.dispatch({
      kernel,
      constants: {
        BATCH: batch,
        STEPS: steps,
        HEADS: heads,
        SIZE: size,
        POSITIONS: angles.shape[0],
        SHIFTED: offsets !== undefined,
        SIGN: sign,
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      bindings: { x, angles, output, ...(offsets && { offsets }) },
      workgroups,
      flops: 6 * pairs,
    });
  },
  // a rotation: its transpose is the one by the opposite angle
  gradient: ({ inputs: [, ...rest], attrs: { sign } }, [dy]) => [
    dy && apply(rotaryOp, [dy, ...rest], { sign: -sign }),
  ],
};

export interface RotaryOptions {
  /** The angle of pair i grows by base^(−2i / size) from step to step; default 10,000. */
  base?: number;
  /** i32 [batch]: the position of each sequence's first step, which may change in every step; default 0. */
  offsets?: Tensor;
  /** With offsets: there are positions 0 … positions − 1. Default: as many as x has steps. */
  positions?: number;
}

/**
 * Turns each pair of numbers of queries or keys, x [batch, steps, heads, size], by an angle that grows with the position (Su et al.
 * 2021): the numbers i and i + size / 2 of a head by position · base^(−2i / size). The product of a query and a key then depends on
 * how far apart they are.
 *
 * @throws ShapeError unless x has four dimensions and an even size
 * @throws ArgumentError where a type or an option is wrong
 */
export function rotary(x: Tensor, options: RotaryOptions = {}): Tensor {
  checkOptions('rotary', options, { base: true, offsets: true, positions: true }, 'x, ');
  requireTensor('rotary', x);
  requireDtype('rotary', x, ['f32']);
  const { base = 10_000, offsets, positions = x.shape[1] } = options;
  if (x.shape.length !== 4 || x.shape[3] % 2 !== 0) {
    throw new ShapeError(
      `rotary: x ${formatShape(x.shape)} must be [batch, steps, heads, size] with an even size, as its numbers are turned in pairs`,
    );
  }
  if (typeof base !== 'number' || !(base > 0) || !Number.isFinite(base)) {
    throw new ArgumentError(`rotary: base is ${describe(base)}; it must be a number above 0, such as 10000`);
  }
  if (!Number.isInteger(positions) || positions < x.shape[1]) {
    throw new ArgumentError(
      `rotary: positions is ${describe(positions)}; it must be a whole number of at least the ${x.shape[1]} steps of x`,
    );
  }
  if (offsets) {
    requireTensor('rotary', offsets, 'offsets');
    requireDtype('rotary offsets', offsets, ['i32']);
    if (offsets.shape.length !== 1 || offsets.shape[0] !== x.shape[0]) {
      throw new ShapeError(
        `rotary: offsets ${formatShape(offsets.shape)} must be one number for each of the ${x.shape[0]} sequences, [${x.shape[0]}]`,
      );
    }
  }
  const angles = anglesOf(positions, x.shape[3], base);
  return apply(rotaryOp, offsets ? [x, angles, offsets] : [x, angles], { sign: 1 });
}

/** (cos, sin) of the angle of each position and pair, [positions, pairs, 2]. */
function anglesOf(positions: number, size: number, base: number): Tensor {
  const data = new Float32Array(positions * size);
  for (let i = 0; i < data.length; i += 2) {
    const pair = (i % size) / 2;
    const angle = Math.floor(i / size) * base ** ((-2 * pair) / size);
    data[i] = Math.cos(angle);
    data[i + 1] = Math.sin(angle);
  }
  return constant(data, [positions, size / 2, 2]);
}

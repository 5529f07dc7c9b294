import type { ConstantValue } from '../../kernels/kernel.ts';
import { LateKernels } from '../core/late.ts';
import { apply } from '../core/node.ts';
import type { GradientRule, Op } from '../core/op.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import { adaptiveMaxPool2dGradientOp, adaptiveSpec } from './adaptivePool2d.ts';
import type { AdaptiveAttrs } from './adaptivePool2d.ts';
import { maxPool2dGradientOp } from './maxPool2d.ts';
import { poolConstants, poolSpec } from './pool2d.ts';
import type { Pool2dGradientAttrs } from './pool2d.ts';

export const winnersKernel = /* @__PURE__ */ new LateKernels(
  'second derivatives of max pooling',
  async () => (await import('./winnersKernel.ts')).lowerWinners,
);

/** An image's elements at the places of winners: input 0 and 1. */
interface Winners<A> {
  /** The pool's gradient, which puts dy there: inputs dy and winners. */
  readonly backward: Op<A>;
  readonly name: string;
  /** Of the pool's output, from an input of the pool. */
  readonly spec: (x: TensorSpec, attrs: A) => TensorSpec;
  /** The geometry, as the kernel takes it. */
  readonly constants: (shape: Shape, attrs: A) => Readonly<Record<string, ConstantValue>>;
}

/** What takes u = dL/d(dx) from where a pool's gradient has put each dy is an op, whose own gradient is that one again. */
function winners<A>({ backward, name, spec, constants }: Winners<A>): [Op, GradientRule] {
  const op: Op<A> = {
    name,
    kind: 'kernel',
    late: winnersKernel,
    infer: ([x], attrs) => [spec(x, attrs)],
    lower: (node, context) => winnersKernel.value(node, constants(node.inputs[0].shape, node.attrs), context),
    gradient: ({ inputs: [, places], attrs }, [dy]) => [dy && apply(backward, [dy, places], attrs)],
  };
  return [backward, ({ inputs: [, places], attrs }, [u]) => [u && apply(op, [u, places], attrs)]];
}

export const ofPools = (): [Op, GradientRule][] => [
  winners<Pool2dGradientAttrs>({
    backward: maxPool2dGradientOp,
    name: 'maxPool2dWinners',
    spec: (x, attrs) => poolSpec('maxPool2dWinners', x, attrs),
    constants(shape, attrs) {
      // of a window's height the kernel needs to know nothing
      const { WINDOW_HEIGHT: _, ...own } = poolConstants('maxPool2dWinners', shape, attrs, 1);
      return own;
    },
  }),
  winners<AdaptiveAttrs>({
    backward: adaptiveMaxPool2dGradientOp,
    name: 'adaptiveMaxPool2dWinners',
    spec: (x, { to }) => adaptiveSpec('adaptiveMaxPool2dWinners', x, to),
    constants: ([, , , channels], { from, to }) => ({
      ADAPTIVE: true,
      HEIGHT: from[0],
      WIDTH: from[1],
      CHANNELS: channels,
      OUT_HEIGHT: to[0],
      OUT_WIDTH: to[1],
    }),
  }),
];

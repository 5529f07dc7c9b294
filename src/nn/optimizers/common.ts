import normSource from '../../../shaders/optimizer/norm.wgsl?raw';
import partialsSource from '../../../shaders/optimizer/norm_partials.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { literal } from '../../ops/core/expression.ts';
import type { OptimizerSpec } from '../../runtime/optimizerSpec.ts';
import type { OptionTable } from '../../options.ts';
import { checkOptions, describe, required } from '../../options.ts';
import type { Schedule } from '../schedules.ts';
import { check } from './checks.ts';

const kernels = {
  partials: { name: 'optimizer/norm_partials', source: partialsSource },
  norm: { name: 'optimizer/norm', source: normSource },
};

/**
 * What every optimizer can do besides its rule, inside the same dispatches. At each step, for each parameter w with
 * gradient g of the loss:
 *
 *     g ← g + λ₁ sign(w) + 2 λ₂ w         l1, l2
 *     g ← g clipped                       clipValue or globalClipNorm
 *     η ← learningRate · schedule(step)
 *     w ← rule(w, g, η) − η λ w           weightDecay
 *     a ← d a + (1 − d) w                 ema
 *
 * They apply to all trainable parameters, biases and scales included, as Keras's optimizers do by default.
 */
export interface CommonOptions {
  /** The factor of the learning rate at each step, such as `cosineDecay({ decaySteps: 10_000 })`; by default 1. */
  schedule?: Schedule;
  /** λ: each step also shrinks every parameter by the share η λ, apart from the rule ("decoupled"). Default 0. */
  weightDecay?: number;
  /**
   * λ₁ of the penalty λ₁ Σ |w| of all parameters. It acts through its gradient only: the loss is reported without it. Keras has
   * regularizers of single weights instead, which the loss counts: `kernelRegularizer: l1(0.01)` of a layer. Default 0.
   */
  l1?: number;
  /** λ₂ of the penalty λ₂ Σ w², of which the same is true. Default 0. */
  l2?: number;
  /** Each component of the gradient is brought into ±clipValue, above 0. By default it stays as it is. */
  clipValue?: number;
  /**
   * The gradients of all parameters together are shortened to this Euclidean norm, above 0, where it is larger: two
   * dispatches more. Not together with clipValue. By default they stay as they are.
   */
  globalClipNorm?: number;
  /**
   * Also keeps exponential moving averages of the parameters, which `model.useAveragedWeights` and
   * `minimizer.swapAverages` make use of; `decay` is in [0, 1): 0.999, say. They start at the parameters after the
   * first step, as in Keras.
   */
  ema?: { readonly decay: number };
}

export const commonOptions: OptionTable<CommonOptions> = {
  schedule: true,
  weightDecay: true,
  l1: true,
  l2: true,
  clipValue: true,
  globalClipNorm: true,
  ema: true,
};

/** Those options that were set, checked; without the schedule. */
type CommonConfig = Readonly<Omit<CommonOptions, 'schedule'>>;

/** The part of an optimizer's options that is common to all, for summaries and kernels. */
export function commonConfig(name: string, options: CommonOptions): CommonConfig {
  const { weightDecay, l1, l2, clipValue, globalClipNorm, ema, schedule } = options;
  if (schedule !== undefined && typeof schedule?.at !== 'function') {
    throw new ArgumentError(
      `${name}: schedule is ${describe(schedule)}; pass what a schedule function gives, such as cosineDecay({ decaySteps: 1000 })`,
    );
  }
  for (const [option, value] of Object.entries({ weightDecay, l1, l2 })) {
    if (value !== undefined) check(name, option, value, 0);
  }
  for (const [option, value] of Object.entries({ clipValue, globalClipNorm })) {
    if (value !== undefined) check(name, option, value, 2 ** -126);
  }
  if (clipValue !== undefined && globalClipNorm !== undefined) {
    throw new ArgumentError(`${name}: clipValue and globalClipNorm are both set; choose one of them`);
  }
  if (ema !== undefined) {
    checkOptions(`${name}: ema`, ema, { decay: required });
    check(name, 'ema.decay', ema.decay, 0, 1);
  }
  const all = { weightDecay, l1, l2, clipValue, globalClipNorm, ema: ema && { decay: ema.decay } };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Body of `fn learning_rate() -> f32`. */
export function learningRateBody(schedule: Schedule | undefined): string {
  return `return hyper[0]${schedule ? ` * ${schedule.wgsl('updates_done()')}` : ''};`;
}

function penalized({ l1 = 0, l2 = 0 }: CommonConfig): string {
  if (l1 === 0 && l2 === 0) return 'gradients[i]';
  return `penalized(gradients[i], parameters[i], ${literal(l1)}, ${literal(l2)})`;
}

/** Body of `fn gradient(i: u32) -> vec4f`. */
export function gradientBody(config: CommonConfig): string {
  const { clipValue, globalClipNorm } = config;
  const g = penalized(config);
  if (clipValue !== undefined) return `return clipped_by_value(${g}, ${literal(clipValue)});`;
  if (globalClipNorm !== undefined)
    return `return clipped_by_norm(${g}, hyper[1], hyper[2], ${literal(globalClipNorm)});`;
  return `return ${g};`;
}

/** Body of `fn updated(i: u32, change: vec4f, rate: f32) -> vec4f`. */
export function updatedBody({ weightDecay = 0 }: CommonConfig): string {
  const change =
    weightDecay === 0 ? 'change' : `decayed(change, parameters[i], rate, ${literal(weightDecay)})`;
  return `return parameters[i] + ${change};`;
}

/** Body of `fn store(i: u32, w: vec4f)`. */
export function storeBody({ ema }: CommonConfig): string {
  const average = (decay: number) =>
    `averages[i] = moving_average(averages[i], w, ${literal(1 - decay)}, updates_done());`;
  return `parameters[i] = w;${ema ? `\n  ${average(ema.decay)}` : ''}`;
}

/** The dispatches that leave the norm of all gradients in hyper[1] and hyper[2]: partial sums of each range, then their sum. */
export function reduceNorm(config: CommonConfig): OptimizerSpec['reduceNorm'] {
  return (ranges, hyper, context) => {
    const { software } = context.target;
    const most = software ? 1024 : 16384; // lanes; eight vec4f for each keep them busy
    const lanes = ranges.map(({ length }) => Math.min(most, Math.ceil(length / 4 / 8 / 64) * 64));
    const count = lanes.reduce((sum, own) => sum + own, 0);
    const partials = context.scratch([3 * count], 'f32', 'partials');
    let offset = 0;
    ranges.forEach(({ parameters, gradients, length }, i) => {
      const workgroupSize = 64;
      context.dispatch({
        kernel: kernels.partials,
        constants: {
          LENGTH: length / 4,
          LANES: lanes[i],
          OFFSET: offset,
          PLANE: count,
          WORKGROUP_SIZE: workgroupSize,
        },
        functions: { gradient: `return ${penalized(config)};` },
        bindings: { gradients, parameters, partials },
        workgroups: [lanes[i] / workgroupSize, 1, 1],
        flops: 8 * length,
        part: 'normPartials',
      });
      offset += lanes[i];
    });
    const workgroupSize = software ? 1 : Math.min(256, 2 ** Math.floor(Math.log2(count / 4)));
    context.dispatch({
      kernel: kernels.norm,
      constants: {
        LENGTH: count / 4,
        WORKGROUP_SIZE: workgroupSize,
        LEVELS: Math.log2(workgroupSize),
      },
      bindings: { partials, hyper },
      workgroups: [1, 1, 1],
      flops: 3 * count,
      part: 'norm',
    });
  };
}

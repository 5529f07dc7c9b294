import { literal } from '../../ops/core/expression.ts';
import type { RangeLayout } from '../../runtime/optimizerSpec.ts';
import type { Schedule } from '../schedules.ts';
import type { CommonConfig } from './common.ts';
import type { Tables } from './tables.ts';

/** The number of a variable's norm for `clipNorm`; the rule's own come behind it. */
export const CLIP_NORM = 0;

/** The field of the variables' weight decays, where they are not all the same. */
export const DECAY = 'decay';

/** Body of `fn learning_rate() -> f32`. */
export function learningRateBody(schedule: Schedule | undefined): string {
  return `return hyper[0]${schedule ? ` * ${schedule.wgsl('steps_done()')}` : ''};`;
}

/** The gradient before it is clipped; i is the number of a vec4f. */
export function penalized({ l1 = 0, l2 = 0, gradientAccumulationSteps }: CommonConfig): string {
  const mean = gradientAccumulationSteps ? ` / ${literal(gradientAccumulationSteps)}` : '';
  const g = `gradients[i]${mean}`;
  if (l1 === 0 && l2 === 0) return g;
  return `penalized(${g}, parameters[i], ${literal(l1)}, ${literal(l2)})`;
}

/** Body of `fn gradient(i: u32) -> vec4f`. */
export function gradientBody(config: CommonConfig, tables: Tables, range: RangeLayout): string {
  const { clipValue, globalClipNorm, clipNorm } = config;
  const g = penalized(config);
  if (clipValue !== undefined) return `return clipped_by_value(${g}, ${literal(clipValue)});`;
  if (globalClipNorm !== undefined)
    return `return clipped_by_norm(${g}, hyper[1], hyper[2], ${literal(globalClipNorm)});`;
  if (clipNorm !== undefined) {
    const at = `let at = ${tables.norm(CLIP_NORM, range)};`;
    return `${at}\n  return clipped_by_norm(${g}, hyper[at], hyper[at + 1u], ${literal(clipNorm)});`;
  }
  return `return ${g};`;
}

/** WGSL text of λ for vec4f i; undefined where there is no weight decay. */
export function decayOf(
  { weightDecay = 0 }: CommonConfig,
  tables: Tables,
  range: RangeLayout,
): string | undefined {
  if (tables.has(DECAY)) return tables.field(DECAY, range);
  return weightDecay === 0 ? undefined : literal(weightDecay);
}

/** Body of `fn updated(i: u32, change: vec4f, rate: f32) -> vec4f`. */
export function updatedBody(decay: string | undefined): string {
  const change = decay === undefined ? 'change' : `decayed(change, parameters[i], rate, ${decay})`;
  return `return parameters[i] + ${change};`;
}

/** Body of `fn weight(i: u32, rate: f32) -> vec4f`. */
export function weightBody(decay: string | undefined): string {
  if (decay === undefined) return 'return parameters[i];';
  return `return parameters[i] + decayed(vec4f(0.0), parameters[i], rate, ${decay});`;
}

/** Body of `fn store(i: u32, w: vec4f)`. */
export function storeBody({ ema }: CommonConfig): string {
  if (!ema) return 'parameters[i] = w;';
  const { decay, overwriteFrequency } = ema;
  const lines = [
    `let average = moving_average(averages[i], w, ${literal(1 - decay)}, updates_done());`,
    'averages[i] = average;',
    overwriteFrequency === undefined
      ? 'parameters[i] = w;'
      : `parameters[i] = select(w, average, (updates_done() + 1u) % ${overwriteFrequency}u == 0u);`,
  ];
  return lines.join('\n  ');
}

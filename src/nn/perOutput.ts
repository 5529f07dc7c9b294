import { ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';
import type { Metric } from './metrics.ts';
import { metricOf } from './registry.ts';
import type { MetricSpec } from './registry.ts';

/** Metrics of a model with one output as a list; with several outputs by their names. */
export type MetricSpecs =
  | readonly MetricSpec[]
  | Readonly<Record<string, MetricSpec | readonly MetricSpec[]>>;

/** An option for each output, given as one for all (`shared`), as a list, or by name. */
export function perOutput<T>(
  model: string,
  option: string,
  names: readonly string[],
  given: unknown,
  { shared = false, optional = false },
): (T | null | undefined)[] {
  if (shared) return names.map(() => given as T);
  const outputs = names.map((name) => `"${name}"`).join(', ');
  if (Array.isArray(given)) {
    if (given.length === names.length) return given;
    throw new ArgumentError(
      `${model}: ${option} has ${given.length} entries, but the model has ${names.length} outputs, ${outputs}; give one for each`,
    );
  }
  if (given === undefined || given === null || typeof given !== 'object' || Symbol.iterator in given) {
    if (given === undefined && optional) return names.map(() => undefined);
    throw new ArgumentError(
      `${model}: ${option} is ${describe(given)}; give ${option.endsWith('etrics') ? `a list, ${option}: ['accuracy']` : 'one'}, a list with one for each output, or a record by output: ${outputs}`,
    );
  }
  const record = given as Record<string, T | null>;
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ArgumentError(
      `${model}: ${option} is for an output "${unknown}", but the outputs are ${outputs}`,
    );
  }
  const own = (name: string) => (Object.hasOwn(record, name) ? record[name] : undefined);
  const missing = names.find((name) => own(name) === undefined);
  if (missing !== undefined && !optional) {
    throw new ArgumentError(
      `${model}: ${option} has nothing for output "${missing}"; add it, or null for an output that is not trained`,
    );
  }
  return names.map(own);
}

export function metricsPerOutput(
  model: string,
  option: string,
  names: readonly string[],
  given: MetricSpecs,
): Metric[][] {
  if (!Array.isArray(given)) {
    const lists = perOutput<MetricSpec | readonly MetricSpec[]>(model, option, names, given, {
      optional: true,
    });
    return lists.map((list) => [list ?? []].flat().map((metric) => metricOf(metric as MetricSpec)));
  }
  if (given.length > 0 && names.length > 1) {
    throw new ArgumentError(
      `${model}: the model has several outputs; give the metrics by output, for example ${option}: { ${names[0]}: [...] }`,
    );
  }
  return names.map(() => given.map((metric: MetricSpec) => metricOf(metric)));
}

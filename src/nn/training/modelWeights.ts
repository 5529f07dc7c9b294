import { isValues, typedArrayName } from '../../data/arrays.ts';
import type { Values } from '../../data/arrays.ts';
import { ArgumentError, NumericError, ShapeError } from '../../errors.ts';
import { nearestName } from '../../nearestName.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { formatShape, sizeOf } from '../../ops/core/shape.ts';
import { describe } from '../../options.ts';
import type { Layer } from '../layers/layer.ts';
import type { Compiled } from './compiled.ts';
import { takeTurn, variablesOf } from './encodeCheckpoint.ts';
import { savedModel } from './savedModel.ts';

/** Values for weights: a list in the order of `getWeights`, or those that are to change by their names. */
export type WeightValues = readonly Values[] | Readonly<Record<string, Values>>;

/** The weights and statistics of a model, or of one of its layers, by their names, in the order of the layers. */
export function weightNames({ network }: Pick<Compiled, 'network'>, layer?: Layer): Map<string, Variable> {
  const keys = [...network.variableKeys()].map(([variable, key]) => [key, variable] as const);
  const own = new Set(layer?.variables);
  return new Map(keys.filter(([, variable]) => !layer || own.has(variable)));
}

/** Their values, as they are between two steps; the averages while this model has these in use. */
export async function readWeights(compiled: Compiled, layer?: Layer): Promise<Float32Array[]> {
  const { gpu, state, minimizer } = compiled;
  const variables = [...weightNames(compiled, layer).values()];
  const saved = savedModel(compiled);
  // Code that uses the averages itself would wait for ever for their return.
  const release = await takeTurn({ gpu, state, saved }, () =>
    minimizer.averagesInUse ? [] : variablesOf(saved),
  );
  try {
    const values = await state.lifetime.race(gpu.variables.readAll(variables));
    return variables.map((variable) => values.get(variable)!);
  } finally {
    release();
  }
}

/**
 * Compares values with the weights that they are for.
 *
 * @throws ArgumentError if there are too few or too many, there is no weight of a name, or a value is not an array of numbers
 * @throws ShapeError if one has another shape; NumericError if a value is NaN or infinite
 */
export function checkWeights(
  compiled: Pick<Compiled, 'network'>,
  values: WeightValues,
  layer?: Layer,
): Map<Variable, Float32Array> {
  const weights = weightNames(compiled, layer);
  const names = [...weights.keys()];
  const caller = `${compiled.network.name}: setWeights`;
  if (typeof values !== 'object' || values === null || typedArrayName(values) !== undefined) {
    throw new ArgumentError(
      `${caller}: takes a list of arrays in the order of getWeights(), or a record by name, but was given ${describe(values)}`,
    );
  }
  if (Array.isArray(values) && values.length !== names.length) {
    throw new ArgumentError(
      `${caller}: was given ${values.length} arrays, but there are ${names.length} weights: ${some(names)}`,
    );
  }
  const entries = Array.isArray(values)
    ? values.map((own: unknown, i) => [names[i], own] as const)
    : Object.entries(values as Readonly<Record<string, unknown>>);
  const checked = new Map<Variable, Float32Array>();
  for (const [name, own] of entries) {
    const variable = weights.get(name);
    if (!variable) {
      const meant = nearestName(name, names);
      throw new ArgumentError(
        `${caller}: there is no weight "${name}"${meant ? `; did you mean "${meant}"?` : '.'} There are ${some(names)}`,
      );
    }
    checked.set(variable, valuesOf(`${caller}: ${name}`, own, variable));
  }
  return checked;
}

const some = (names: readonly string[]) => names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');

/** A copy in one piece. */
function valuesOf(what: string, given: unknown, { shape }: Variable): Float32Array {
  if (!isValues(given)) {
    throw new ArgumentError(
      `${what} is ${describe(given)}; give its values, a Float32Array or nested arrays`,
    );
  }
  const nested = given.length > 0 && isValues(given[0]);
  const found = nested ? extents(given) : [given.length];
  const flat = nested ? flatten(given) : Array.from(given as ArrayLike<unknown>);
  const fits = !nested || String(found) === String(shape);
  if (flat.length !== sizeOf(shape) || !fits) {
    throw new ShapeError(
      `${what} has ${nested ? `the shape ${formatShape(found)} (${flat.length} values)` : `${flat.length} values`}, but its shape is ${formatShape(shape)}, of ${sizeOf(shape)} values`,
    );
  }
  flat.forEach((value, i) => {
    if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return;
    throw new NumericError(`${what} has ${describe(value)} at element ${i}; weights are finite numbers`);
  });
  return Float32Array.from(flat as number[]);
}

/** Lengths of the first arrays within each other. */
const extents = (values: unknown): number[] =>
  isValues(values) ? [values.length, ...extents(values[0])] : [];

const flatten = (values: unknown): unknown[] =>
  isValues(values) ? Array.from(values as ArrayLike<unknown>).flatMap(flatten) : [values];

/** Writes values that were checked; moving averages of weights restart from there. */
export async function writeWeights(
  compiled: Compiled,
  values: ReadonlyMap<Variable, Float32Array>,
  idle: () => Promise<void> | undefined,
): Promise<void> {
  const { gpu, state, minimizer, network } = compiled;
  const release = await takeTurn({ gpu, state, saved: savedModel(compiled) });
  try {
    await state.lifetime.race(idle());
    state.lifetime.check();
    gpu.variables.requireUnclaimed(values.keys(), `${network.name}: setWeights was called`);
    for (const [variable, own] of values) gpu.variables.write(variable, own);
    if (minimizer.optimizer.averages) minimizer.restartAverages();
  } finally {
    release();
  }
}

import { ArgumentError, ShapeError } from '../../errors.ts';
import { topologicalOrder } from '../../graph/traverse.ts';
import { Variable } from '../../ops/core/leaves.ts';
import type { VariableAttrs } from '../../ops/core/leaves.ts';
import type { Effect, Tensor } from '../../ops/core/op.ts';
import { formatShape } from '../../ops/core/shape.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import { checkOptions, describe, isPromise, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { Minimizer } from '../../runtime/minimizer.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import type { Optimizer } from '../optimizers.ts';
import { validationName } from '../registry.ts';
import type { OptimizerName } from '../registry.ts';

/** The samples of a step. */
export interface StepBatch {
  /** The (first) input, [N, ...inputShape]: numbers as f32, bytes as shares of 255 (see `inputScale`), Int32Array as i32. */
  readonly x: Tensor;
  /** The (first) target, [N, ...targetShape]: whole numbers of one value per sample as i32, others as f32. */
  readonly y: Tensor;
  /** All inputs, and all targets. */
  readonly inputs: readonly Tensor[];
  readonly targets: readonly Tensor[];
  /** Of the samples, [N]; undefined where the data have none. */
  readonly weights?: Tensor;
}

/** What an optimizer is to do in a step. */
export interface Minimize {
  /** A single number, or a value per sample, [N], whose mean it is then. */
  readonly loss: Tensor;
  readonly variables: readonly Variable[];
  /** Pass a Minimizer of these variables (`gpu.minimizer`) to continue with its moments. */
  readonly optimizer: OptimizerName | Optimizer | Minimizer;
}

export interface StepResult {
  /** At least one, by name: values per sample, [N], or single numbers. */
  readonly losses: Readonly<Record<string, Tensor>>;
  /** More values to report, likewise. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
  /** All gradients are those of the weights from before the step. Ignored where `training` is false. */
  readonly minimize?: Minimize | readonly Minimize[];
}

/**
 * A training step: a graph function of a batch. It is called once for each number of samples that batches have, and again
 * with `training: false` for the validation; it must build the same graph each time.
 */
export type Step = (g: GraphBuilder, batch: StepBatch, mode: { readonly training: boolean }) => StepResult;

/** A step's result, checked. */
export interface CheckedStep {
  readonly values: readonly { readonly name: string; readonly tensor: Tensor; readonly better?: 'lower' }[];
  readonly minimize: readonly Minimize[];
}

const resultOptions: OptionTable<StepResult> = { losses: required, metrics: true, minimize: true };
const minimizeOptions: OptionTable<Minimize> = { loss: required, variables: required, optimizer: required };

/**
 * @param rows samples of the batch
 * @throws ArgumentError if it is not a result of a step, or two values have one name
 * @throws ShapeError if a value is neither a number nor one per sample
 */
export function checkStep(name: string, result: unknown, rows: number, training: boolean): CheckedStep {
  if (isPromise(result)) {
    throw new ArgumentError(
      `${name}: the step gave a promise; it only builds a graph, so make it a function without async`,
    );
  }
  if (result === undefined || result === null) {
    throw new ArgumentError(
      `${name}: the step gave ${String(result)}; return { losses: { loss }, minimize: { loss, variables, optimizer } }`,
    );
  }
  checkOptions(`${name}: the step's result`, result, resultOptions);
  const { losses, metrics = {}, minimize = [] } = result as StepResult;
  const values = [
    ...Object.entries(losses).map(([key, tensor]) => ({ name: key, tensor, better: 'lower' as const })),
    ...Object.entries(metrics).map(([key, tensor]) => ({ name: key, tensor })),
  ];
  if (Object.keys(losses).length === 0) {
    throw new ArgumentError(`${name}: the step gave no losses; return at least one, { losses: { loss } }`);
  }
  const names = values.map((value) => value.name);
  for (const [i, own] of names.entries()) {
    if (own === '') throw new ArgumentError(`${name}: a value of the step has the name ""; give it one`);
    const taken = own === 'epoch' || own === 'step' || names.indexOf(own) !== i;
    if (taken || names.some((other) => own === validationName(other))) {
      throw new ArgumentError(
        `${name}: the name "${own}" of a step's value is taken, by another value, by the same over the validation data, or by epoch or step; give it another one`,
      );
    }
  }
  for (const { name: own, tensor } of values)
    checkValue(`${name}: the value "${own}" of the step`, tensor, rows);
  const list: readonly unknown[] = Array.isArray(minimize) ? minimize : [minimize];
  if (!training) return { values, minimize: [] };
  if (list.length === 0) {
    throw new ArgumentError(
      `${name}: the step minimizes nothing; return { losses, minimize: { loss, variables, optimizer } }`,
    );
  }
  return { values, minimize: list.map((own, i) => checkMinimize(`${name}: minimize[${i}]`, own, rows)) };
}

function checkValue(what: string, tensor: unknown, rows: number): asserts tensor is Tensor {
  const { node, shape, dtype } = (tensor ?? {}) as Partial<Tensor>;
  if (!node || !shape) throw new ArgumentError(`${what} is ${describe(tensor)}; it must be a tensor`);
  const fits = shape.length === 0 || (shape.length === 1 && shape[0] === rows);
  if (fits && dtype === 'f32') return;
  throw new ShapeError(
    `${what} is ${dtype} ${formatShape(shape)}; it must be f32 and a single number, [], or one value for each of the ${rows} samples, [${rows}]`,
  );
}

function checkMinimize(what: string, given: unknown, rows: number): Minimize {
  checkOptions(what, given, minimizeOptions);
  const { loss, variables, optimizer } = given as Minimize;
  checkValue(`${what}: its loss`, loss, rows);
  const wrong = Array.isArray(variables) ? variables.find((own) => !(own instanceof Variable)) : variables;
  if (wrong !== undefined || variables.length === 0) {
    throw new ArgumentError(
      `${what}: its variables are ${describe(variables)}${wrong === undefined ? '' : `, with ${describe(wrong)}`}; pass a list of the Variables to change`,
    );
  }
  const reached = new Set(variablesOf([loss]));
  const stray = variables.find((own) => !reached.has(own));
  if (stray) {
    throw new ArgumentError(
      `${what}: its loss does not depend on the variable "${stray.name}"; leave it out, or use it in the loss`,
    );
  }
  return { loss: loss.shape.length === 0 ? loss : reduceMean(loss), variables, optimizer };
}

/** The variables that a graph reads, and those that its effects read or write. */
export function variablesOf(results: readonly Tensor[], effects: readonly Effect[] = []): Variable[] {
  const nodes = topologicalOrder([...results, ...effects.flatMap(({ inputs }) => inputs)]);
  const own = nodes.filter(({ op }) => op.name === 'variable');
  return [...new Set(own.map(({ attrs }) => (attrs as VariableAttrs).variable))];
}

/**
 * What each variable is called in a checkpoint.
 *
 * @throws ArgumentError if two have one name
 */
export function variableNames(name: string, variables: readonly Variable[]): Map<Variable, string> {
  const names = new Map(variables.map((own) => [own, own.name]));
  const known = new Map<string, Variable>();
  for (const own of names.keys()) {
    if (known.has(own.name)) {
      throw new ArgumentError(
        `${name}: two variables of the step are named "${own.name}"; give each a name of its own, by which a checkpoint keeps it`,
      );
    }
    known.set(own.name, own);
  }
  return names;
}

/** Whether an optimizer is in use already. */
export const isMinimizer = (optimizer: Minimize['optimizer']): optimizer is Minimizer =>
  optimizer instanceof Minimizer;

import { ArgumentError } from '../errors.ts';
import { describe, isPromise } from '../options.ts';
import { Variable } from '../ops/core/leaves.ts';
import { isTensor, requireTensor } from '../ops/core/node.ts';
import { multiply } from '../ops/elementwise/elementwise.ts';
import type { Effect, Resource, Tensor } from '../ops/core/op.ts';
import type { Objective } from './build.ts';
import type { StepGuard } from './guard.ts';
import type { Location } from './location.ts';
import { Minimizer } from './minimizer.ts';
import type { MinimizerOptions } from './minimizer.ts';
import type { OptimizerSpec } from './optimizerSpec.ts';

/** Gives variables their memory on a GPU and binds optimizers to them: a `Gpu`. */
interface MinimizerMaker {
  minimizer(variables: readonly Variable[], optimizer: OptimizerSpec, options?: MinimizerOptions): Minimizer;
}

/** Collects what a program does besides computing outputs. */
export class GraphBuilder {
  readonly objectives: (Objective & { readonly minimizer: Minimizer })[] = [];
  readonly effects: Effect[] = [];
  readonly buffers = new Map<Tensor, Location>();
  readonly resources = new Map<Resource, Location>();
  /** A guard that several programs share, which is the caller's; by default a program that trains has its own. */
  guard: StepGuard | undefined;
  readonly #gpu: MinimizerMaker;
  readonly #options: MinimizerOptions;

  /** @param options of the minimizers that `minimize` makes */
  constructor(gpu: MinimizerMaker, options: MinimizerOptions = {}) {
    this.#gpu = gpu;
    this.#options = options;
  }

  /**
   * At each step, changes `variables` so that `loss` gets smaller. Pass a Minimizer instead of an
   * optimizer to continue with its moments and learning rate.
   *
   * @throws ArgumentError if there are no variables, or the Minimizer is bound to others or already used in this program
   */
  minimize(loss: Tensor, variables: readonly Variable[], optimizer: OptimizerSpec | Minimizer): Minimizer {
    checkMinimize(loss, variables, optimizer);
    const minimizer =
      optimizer instanceof Minimizer ? optimizer : this.#gpu.minimizer(variables, optimizer, this.#options);
    const own = new Set(minimizer.variables);
    const given = new Set(variables);
    if (own.size !== given.size || [...given].some((variable) => !own.has(variable))) {
      const names = (set: Set<Variable>) => [...set].map(({ name }) => name).join(', ');
      throw new ArgumentError(
        `minimize: the ${minimizer.optimizer.name} minimizer is of the variables ${names(own)}, not of ${names(given)}; pass its own variables, or an optimizer`,
      );
    }
    if (this.objectives.some((objective) => objective.minimizer === minimizer)) {
      throw new ArgumentError(
        `minimize: this ${minimizer.optimizer.name} minimizer already has a loss in the program; add the losses, or give each a minimizer of its own`,
      );
    }
    const { lossScale } = minimizer;
    if (lossScale) this.buffers.set(lossScale.tensor, lossScale.location);
    this.objectives.push({
      loss: lossScale ? multiply(loss, lossScale.tensor) : loss,
      variables,
      minimizer,
    });
    return minimizer;
  }

  /** Adds work at the end of the step, after the optimizers' updates. */
  effect(effect: Effect): void {
    if (typeof effect?.lower !== 'function') {
      throw new ArgumentError(
        `effect: was given ${describe(effect)}; give { label, inputs, lower }, as a ring's effect(values) makes it`,
      );
    }
    this.effects.push(effect);
  }
}

/** @throws ArgumentError unless they are what `minimize` takes */
function checkMinimize(loss: unknown, variables: unknown, optimizer: unknown): void {
  requireTensor('minimize', loss, 'the loss');
  const list: readonly unknown[] = Array.isArray(variables) ? variables : [];
  const wrong = list.findIndex((variable) => !(variable instanceof Variable));
  if (wrong >= 0 || !Array.isArray(variables)) {
    throw new ArgumentError(
      `minimize: its variables are ${describe(variables)}${wrong < 0 ? '' : `, with ${describe(list[wrong])}`}; pass a list of the Variables to change`,
    );
  }
  if (optimizer instanceof Minimizer) return;
  if (list.length === 0) {
    throw new ArgumentError(
      'minimize: there are no variables to change; pass those that the loss depends on',
    );
  }
  requireOptimizer('minimize', optimizer);
}

export function requireOptimizer(caller: string, optimizer: unknown): void {
  const own = (optimizer ?? {}) as Partial<OptimizerSpec>;
  if (Array.isArray(own.slotNames) && typeof own.update === 'function') return;
  throw new ArgumentError(`${caller}: the optimizer is ${describe(optimizer)}; make one, such as adam()`);
}

/** @throws ArgumentError unless it is a record of tensors */
export function requireOutputs(label: string, outputs: unknown): void {
  const found = isPromise(outputs)
    ? 'a promise; building a graph needs no await: make it a function without async'
    : isTensor(outputs)
      ? 'a tensor; give it a name: { y }'
      : typeof outputs !== 'object' || outputs === null || Array.isArray(outputs)
        ? `${describe(outputs)}; return the outputs by name, or {} for none`
        : undefined;
  if (found !== undefined) {
    throw new ArgumentError(`${label}: the function that builds the graph gave ${found}`);
  }
  for (const [name, tensor] of Object.entries(outputs as object)) {
    requireTensor(label, tensor, `the output "${name}"`);
  }
}

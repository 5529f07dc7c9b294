import type { Dispatch, Node, Op, Target } from '../../../src/ops/core/op.ts';
import type { Optimizer } from '../../../src/nn/optimizers.ts';
import { createNode } from '../../../src/ops/core/node.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import type { LoweredDispatch } from '../../../src/runtime/lower.ts';
import { factsOf } from '../../widgets/shader/facts.ts';
import { followed } from './follow.ts';

/** Constants that the reader has chosen. */
export type ChosenConstants = Readonly<Record<string, number>>;

type Variants = Readonly<Record<string, string>>;

/** A constant to tune: what it is, and what it may be. */
export interface Tunable {
  readonly name: string;
  readonly value: number;
  /** Values that fit the shapes and the other constants, in order; one alone cannot be chosen. */
  readonly choices: readonly {
    readonly value: number;
    /** The plan that has this value, where it does not come by itself. */
    readonly plan?: string;
  }[];
}

const numberOf = (text: string) => Number(text.replace(/u$/, ''));

/** The constants of a file that are numbers, as they stand in it. */
function defaultsOf(source: string): Readonly<Record<string, number>> {
  const numbers = factsOf(source).constants.map(({ name, value }) => [name, numberOf(value)] as const);
  return Object.fromEntries(numbers.filter(([, value]) => Number.isFinite(value)));
}

/** Launches a kernel with the constants that were chosen, and what follows from them; leaves other calls alone. */
const changing =
  (kernel: string, chosen: ChosenConstants) =>
  (call: Dispatch): Dispatch => {
    if (call.kernel.name !== kernel || Object.keys(chosen).length === 0) return call;
    const before = { workgroups: call.workgroups, constants: call.constants ?? {} };
    const after = followed(call.kernel, before, chosen, defaultsOf(call.kernel.source));
    if (!after) throw new Error(`${kernel}: these constants do not fit each other, or these shapes`);
    return { ...call, ...after };
  };

/** The op with a kernel of its own launched with the constants that were chosen. */
export function retuned(op: Op, kernel: string, chosen: ChosenConstants): Op {
  if (Object.keys(chosen).length === 0) return op; // passes know it by its identity
  const changed = changing(kernel, chosen);
  return {
    ...op,
    lower: (node, context) =>
      op.lower(node, { ...context, dispatch: (call) => context.dispatch(changed(call)) }),
  };
}

/** The optimizer with a kernel of its own launched with the constants that were chosen. */
export function retunedOptimizer(optimizer: Optimizer, kernel: string, chosen: ChosenConstants): Optimizer {
  const changed = changing(kernel, chosen);
  const { prepare, settle } = optimizer;
  return {
    ...optimizer,
    prepare:
      prepare &&
      ((ranges, shared, context) =>
        prepare(ranges, shared, { ...context, dispatch: (call) => context.dispatch(changed(call)) })),
    update: (operands) => changed(optimizer.update(operands)),
    settle: settle && ((operands) => settle(operands).map(changed)),
  };
}

/** A dispatch's value of a constant; undefined where it is none, or no number. */
function valueIn({ source: { specialization, file } }: LoweredDispatch, name: string): number | undefined {
  const value = specialization.constants?.[name] ?? defaultsOf(file.source)[name];
  return typeof value === 'number' ? value : undefined;
}

/**
 * The constants to tune of a kernel that is launched like this.
 *
 * @param isFixed they are not to be chosen
 */
export function tunablesIn(dispatch: LoweredDispatch, isFixed: boolean): readonly Tunable[] {
  const { file, specialization } = dispatch.source;
  const before = { workgroups: dispatch.workgroups, constants: specialization.constants ?? {} };
  const fits = (chosen: ChosenConstants) =>
    followed(file, before, chosen, defaultsOf(file.source)) !== undefined;
  return factsOf(file.source).constants.flatMap(({ name, candidates }): Tunable[] => {
    const value = valueIn(dispatch, name);
    if (value === undefined || candidates.length === 0) return [];
    const others = isFixed ? [] : candidates.filter((own) => own !== value && fits({ [name]: own }));
    const choices = [value, ...others].toSorted((a, b) => a - b).map((own) => ({ value: own }));
    return [{ name, value, choices }];
  });
}

/**
 * The constants to tune of a kernel that a node comes to.
 *
 * @param plans the plans that come to the kernel; `variants` is the one that runs
 */
export function tunablesOf(
  node: Node,
  kernel: string,
  target: Target,
  plans: readonly Variants[],
  variants: Variants,
  chosen: ChosenConstants,
): readonly Tunable[] {
  const own = (plan: Variants, constants: ChosenConstants) => {
    const { inputs, attrs, outputs, label, epilogue } = node;
    const op = retuned(node.op, kernel, constants);
    const tuned = createNode(op, inputs, attrs, outputs, label, epilogue);
    const all = lowerGraph(tuned.outputs, [], [], { target, variants: plan });
    return all.find((dispatch) => dispatch.kernel.name === kernel)!;
  };
  const fits = (constants: ChosenConstants) => {
    try {
      const { kernel: made } = own(variants, constants);
      const invocations = made.workgroupSize.reduce((all, extent) => all * extent, 1);
      const { limits } = target;
      return (
        invocations <= limits.maxComputeInvocationsPerWorkgroup &&
        made.workgroupBytes <= limits.maxComputeWorkgroupStorageSize
      );
    } catch {
      return false;
    }
  };
  const planName = (plan: Variants) => Object.values(plan)[0];
  const now = own(variants, chosen);
  const others = plans.map((plan) => ({ plan: planName(plan), dispatch: own(plan, {}) }));
  const { constants } = factsOf(now.source.file.source);
  return constants
    .filter(({ candidates }) => candidates.length > 0)
    .flatMap(({ name, candidates }): Tunable[] => {
      const value = valueIn(now, name);
      if (value === undefined) return [];
      const choices = new Map<number, string | undefined>([[value, undefined]]);
      for (const candidate of candidates)
        if (fits({ ...chosen, [name]: candidate })) choices.set(candidate, undefined);
      for (const { plan, dispatch } of others) {
        const there = valueIn(dispatch, name);
        if (there !== undefined && !choices.has(there)) choices.set(there, plan);
      }
      const sorted = [...choices].toSorted(([a], [b]) => a - b);
      return [{ name, value, choices: sorted.map(([own, plan]) => ({ value: own, ...(plan && { plan }) })) }];
    });
}

import type { Dispatch, Node, Op, Target } from '../../../src/ops/core/op.ts';
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

/** The op with a kernel of its own launched otherwise: with the constants that were chosen, and what follows from them. */
export function retuned(op: Op, kernel: string, chosen: ChosenConstants): Op {
  if (Object.keys(chosen).length === 0) return op;
  const changed = (call: Dispatch): Dispatch => {
    if (call.kernel.name !== kernel) return call;
    const { source } = call.kernel;
    const before = { workgroups: call.workgroups, constants: call.constants ?? {} };
    const after = followed(call.kernel, before, chosen, defaultsOf(source));
    if (!after) throw new Error(`${kernel}: these constants do not fit each other, or these shapes`);
    return { ...call, ...after };
  };
  return {
    ...op,
    lower: (node, context) =>
      op.lower(node, { ...context, dispatch: (call) => context.dispatch(changed(call)) }),
  };
}

/** A dispatch's value of a constant; undefined where it is none, or no number. */
function valueIn({ source: { specialization, file } }: LoweredDispatch, name: string): number | undefined {
  const value = specialization.constants?.[name] ?? defaultsOf(file.source)[name];
  return typeof value === 'number' ? value : undefined;
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

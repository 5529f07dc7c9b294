import { programState } from '../ops/core/leaves.ts';
import type { Variable, VariableAttrs } from '../ops/core/leaves.ts';
import { LateKernels } from '../ops/core/late.ts';
import type {
  Effect,
  LowerContext,
  Operand,
  ProposalPlace,
  Proposals,
  Resource,
  Scratch,
  Tensor,
} from '../ops/core/op.ts';
import { sizeOf } from '../ops/core/shape.ts';
import type { StepGuard } from './guard.ts';
import { align } from './location.ts';
import type { Location } from './location.ts';
import type { Minimizer } from './minimizer.ts';
import type { VariableStore } from './variables.ts';

const verdicts = /* @__PURE__ */ new LateKernels(
  'steps of training',
  () => import('../ops/optimizer/verdict.ts'),
);

export interface UpdateOptions {
  readonly minimizers: readonly Minimizer[];
  /** Effects that propose what variables are to become: moving statistics. */
  readonly proposing: readonly Effect[];
  readonly guard: StepGuard;
  readonly variables: VariableStore;
  /** Receives where the proposing effects' variables lie. */
  readonly resources: Map<Resource, Location>;
}

/**
 * The updates of a program that trains, as effects: trials of all optimizers, the proposals of moving statistics, one
 * verdict, and the updates, which are made or not made together. Without a guard there would be two dispatches less for
 * each contiguous range of optimized variables, and one less for each range of others that change; a model has one of
 * either. A trial reads what the update reads and writes one byte per parameter. Where the loss of an optimizer is scaled, its
 * update alone may also be skipped.
 */
export function updateEffects({
  minimizers,
  proposing,
  guard,
  variables,
  resources,
}: UpdateOptions): Effect[] {
  const offsets: number[] = [];
  let length = 0;
  for (const { ranges } of minimizers) {
    offsets.push(length);
    for (const range of ranges) length += range.length / 4;
  }
  const firstFaults = proposing.map((effect) => {
    const first = length;
    length += Math.max(...effect.proposes!.map(wordsOf));
    return first;
  });
  const faults: Scratch = { scratch: 'faults', shape: [length], dtype: 'u32' };
  const program = programState();
  const counters = new Map<Operand, Minimizer>(minimizers.map((own) => [own.counter ?? program, own]));
  const proposals = new ProposedValues(proposing, guard, variables);
  const attempts = minimizers.map((minimizer, i) => minimizer.effects(guard, faults, offsets[i]));
  const effects: Effect[] = [
    ...attempts.map(({ trial }) => trial),
    ...proposing.map((effect, i) => proposals.before(effect, faults, firstFaults[i])),
    ...[...counters].map(([state, { lossScale }], i) => ({
      label: 'optimizer',
      inputs: [program],
      lower: ({ dispatch, target }: LowerContext) =>
        dispatch(
          verdicts.value.verdictDispatch({
            faults,
            program,
            state,
            guard: guard.resource,
            scaling: lossScale,
            first: i === 0,
            target,
          }),
        ),
    })),
    ...attempts.map(({ update }) => update),
    ...proposals.accepted(resources),
  ];
  return effects.map((effect) => ({ ...effect, updates: true }));
}

const variableOf = (tensor: Tensor): Variable => (tensor.node.attrs as VariableAttrs).variable;

/** Words of a variable, with the padding behind it. */
const wordsOf = (tensor: Tensor): number => align(4 * sizeOf(tensor.shape)) / 4;

/** Values that effects propose for variables: in the variables' layout, range by range, so that one copy per range accepts them. */
class ProposedValues {
  readonly #guard: StepGuard;
  readonly #ranges: readonly {
    readonly resource: Resource;
    readonly location: Location;
    readonly offset: number;
  }[];
  readonly #values: Scratch;
  readonly #places = new Map<Variable, Omit<ProposalPlace, 'chained'>>();
  readonly #proposed = new Set<Variable>();

  constructor(effects: readonly Effect[], guard: StepGuard, store: VariableStore) {
    this.#guard = guard;
    const changed = new Set(effects.flatMap((effect) => effect.proposes!.map(variableOf)));
    store.allocate(changed, 'moving statistics');
    let length = 0;
    this.#ranges = store.runs([...changed]).map((run, i) => {
      const offset = length;
      const place = guard.place(run);
      run.variables.forEach((variable, k) => {
        const bytes = run.offsets[k] - run.offset;
        this.#places.set(variable, { offset: offset + bytes / 4, place: place + bytes / 16 });
      });
      length += run.bytes / 4;
      return {
        resource: { resource: `moving statistics ${i}`, shape: [run.bytes / 4], dtype: 'f32' },
        location: run,
        offset,
      };
    });
    this.#values = { scratch: 'proposed', shape: [length], dtype: 'f32' };
  }

  /** The effect as it runs before the verdict; to be called in the order in which the effects run. */
  before(effect: Effect, faults: Operand, firstFault: number): Effect {
    const places = new Map(
      effect.proposes!.map(variableOf).map((variable) => {
        const place = { ...this.#places.get(variable)!, chained: this.#proposed.has(variable) };
        return [variable, place];
      }),
    );
    for (const variable of places.keys()) this.#proposed.add(variable);
    const proposals: Proposals = {
      values: this.#values,
      faults,
      firstFault,
      of: (tensor) => places.get(variableOf(tensor))!,
    };
    return { ...effect, lower: (context, inputs) => effect.lower({ ...context, proposals }, inputs) };
  }

  /** What takes the values over: a dispatch for each range. */
  accepted(resources: Map<Resource, Location>): Effect[] {
    return this.#ranges.map(({ resource, location, offset }) => {
      resources.set(resource, location);
      const [guard, proposed] = [this.#guard.resource, this.#values];
      return {
        label: 'optimizer',
        inputs: [],
        lower: ({ dispatch }) =>
          dispatch(verdicts.value.acceptDispatch({ proposed, values: resource, guard, offset })),
      };
    });
  }
}

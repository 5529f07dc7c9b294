import { ArgumentError, KernelError, LimitError } from '../errors.ts';
import { topologicalOrder } from '../graph/traverse.ts';
import type { BindingInfo, KernelFile, Specialization, SpecializedKernel } from '../kernels/kernel.ts';
import { library } from '../kernels/library.ts';
import { specialize } from '../kernels/specialize.ts';
import { expressionBody, filesOf } from '../ops/core/expression.ts';
import type {
  Dispatch,
  Effect,
  LowerContext,
  Node,
  Operand,
  Scratch,
  Slice,
  Target,
  Tensor,
  Tunable,
} from '../ops/core/op.ts';
import { MissingKernels } from '../ops/core/late.ts';
import { OPS_WITH_VARIANTS } from '../ops/core/variant.ts';
import { accessText } from '../ops/elementwise/map.ts';
import { fingerprintOf, questionOf } from './tuning/choice.ts';
import type { Answers, Choice } from './tuning/choice.ts';

/** One dispatch, ready for the planner: a concrete kernel and what each of its bindings refers to. */
export interface LoweredDispatch {
  /** `conv2d_1/conv2dGradFilter.partial` */
  readonly label: string;
  readonly kernel: SpecializedKernel;
  /** What the kernel was made of, to make it again in another form, or with an edited file. */
  readonly source: { readonly file: KernelFile; readonly specialization: Specialization };
  readonly bindings: readonly LoweredBinding[];
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** It advances the program's step counter. */
  readonly advances: boolean;
  /** It is part of an update of variables. */
  readonly updates: boolean;
  /** It copies a value to the variable that it is assigned to. */
  readonly assigns: boolean;
  /** The node it belongs to; undefined for effects. */
  readonly node?: Node;
  /** The variant that its op had a choice of; undefined where there is only one. */
  readonly choice?: Choice;
}

export interface LoweredBinding {
  readonly name: string;
  readonly binding: number;
  readonly access: BindingInfo['access'];
  /** Aliases (reshapes) are already followed to the tensor that owns the memory. */
  readonly operand: Operand;
  /** The part of the operand that is bound; default all of it. */
  readonly slice?: Omit<Slice, 'of'>;
}

export type Variants = Readonly<Record<string, string>>;

export interface LowerOptions {
  readonly target: Target;
  /** Kernel variants to use, by op name, instead of the chosen ones. */
  readonly variants?: Variants;
  /** What was measured of variants; without it the rules decide. */
  readonly answers?: Answers;
  /** Mixed precision; see LowerContext. Effects, such as the updates of optimizers, are f32. */
  readonly half?: boolean;
  /** Of a program that trains. */
  readonly guard?: Operand;
}

/** The tensor whose memory `tensor` uses: reshapes have none of their own. */
export function ownerOf(tensor: Tensor): Tensor {
  let owner = tensor;
  while (owner.node.op.kind === 'alias') owner = owner.node.inputs[0];
  return owner;
}

export function isTensor(operand: Operand): operand is Tensor {
  return 'node' in operand;
}

/**
 * Turns the graph of `outputs` and `effects` into a flat list of dispatches, in execution order.
 *
 * @throws MissingKernels if an op's kernels are not loaded
 */
export function lowerGraph(
  outputs: readonly Tensor[],
  effects: readonly Effect[],
  effectInputs: readonly (readonly Tensor[])[],
  options: LowerOptions,
): LoweredDispatch[] {
  const dispatches: LoweredDispatch[] = [];
  const all = { ...options, asked: new Map<string, readonly string[]>() };
  const shared: SharedScratch = new Map();
  const order = topologicalOrder([...outputs, ...effectInputs.flat()]);
  const late = order.flatMap(({ op }) => (op.late && !op.late.isLoaded ? [op.late] : []));
  if (late.length > 0) throw new MissingKernels([...new Set(late)]);
  for (const node of order) {
    if (node.op.kind === 'leaf' || node.op.kind === 'alias') continue;
    dispatches.push(...lowerNode(node, all, shared));
  }
  effects.forEach((effect, i) => {
    const lowering = new Lowering(effect.label, { ...all, half: false });
    effect.lower(lowering.context, effectInputs[i]);
    const { updates = false } = effect;
    const assigns = effect.assigns !== undefined;
    dispatches.push(...lowering.dispatches.map((dispatch) => ({ ...dispatch, updates, assigns })));
  });
  checkForced(options.variants ?? {}, all.asked);
  return dispatches;
}

/** A lowering that notes which ops had a choice, and of what. */
type AskingOptions = LowerOptions & { readonly asked: Map<string, readonly string[]> };

/** @throws ArgumentError where a variant is forced for an op that the program does not have, which would have no effect */
function checkForced(forced: Variants, asked: ReadonlyMap<string, readonly string[]>): void {
  const stranger = Object.keys(forced).find((name) => !asked.has(name) && !OPS_WITH_VARIANTS.includes(name));
  if (stranger === undefined) return;
  const here = [...asked].map(([name, variants]) => `${name}: ${variants.join(', ')}`);
  throw new ArgumentError(
    `variants names "${stranger}", but the ops that have variants are ${OPS_WITH_VARIANTS.join(', ')}; of this program ${here.join('; ') || 'none'}`,
  );
}

/** The dispatches of one node. An answer whose plan is no longer the one that was measured is passed over. */
function lowerNode(node: Node, options: AskingOptions, shared: SharedScratch): LoweredDispatch[] {
  const lowering = new Lowering(node.label, options, node, shared);
  node.op.lower(node, lowering.context);
  if (!lowering.isOutdated) return lowering.dispatches;
  lowering.takeBack();
  return lowerNode(node, { ...options, answers: undefined }, shared);
}

/** Tensors that nodes have derived for all of them, by source tensor and key. */
type SharedScratch = Map<Tensor, Map<string, Scratch>>;

/** The lowering of one node or effect. */
class Lowering {
  readonly dispatches: LoweredDispatch[] = [];
  readonly context: LowerContext;
  readonly #label: string;
  readonly #options: AskingOptions;
  readonly #node: Node | undefined;
  readonly #shared: SharedScratch | undefined;
  /** Dispatches of this node alone, which its plan is made of. */
  readonly #calls: Dispatch[] = [];
  /** Functions that undo what was made for all nodes. */
  readonly #undo: (() => void)[] = [];
  #sharing = false;
  #choice: Choice | undefined;
  /** Of the plan that was measured. */
  #expected: string | undefined;

  constructor(label: string, options: AskingOptions, node?: Node, shared?: SharedScratch) {
    this.#label = label;
    this.#options = options;
    this.#node = node;
    this.#shared = shared;
    this.context = {
      target: options.target,
      half: options.half,
      guard: options.guard,
      isForced: (opName) => options.variants?.[opName] !== undefined,
      choose: (opName, candidates, preferred, tunable) =>
        this.#choose(opName, candidates, preferred, tunable),
      scratch: (shape, dtype, name): Scratch => ({ scratch: `${label}.${name}`, shape, dtype }),
      shared: (source, key, make) => this.#share(ownerOf(source), key, make),
      dispatch: (call) => {
        if (!this.#sharing) this.#calls.push(call);
        this.dispatches.push(lowerDispatch(label, call, options.target, node, this.#choice));
      },
    };
  }

  get isOutdated(): boolean {
    return this.#expected !== undefined && this.#expected !== fingerprintOf(this.#calls);
  }

  takeBack(): void {
    for (const undo of this.#undo) undo();
  }

  /** Of several choices of a node the first is the one to measure: those after it depend on it. One of a single variant is none. */
  #choose<V extends string>(opName: string, candidates: readonly V[], preferred: V, tunable?: Tunable<V>): V {
    const all = tunable ? [...new Set([...candidates, ...tunable.candidates])] : candidates;
    this.#options.asked.set(opName, all);
    const forced = this.#options.variants?.[opName];
    const find = (name: string) => all.find((candidate) => candidate === name);
    if (forced !== undefined && find(forced) === undefined) {
      throw new ArgumentError(
        `${this.#label}: ${opName} has no variant "${forced}"; it has ${all.join(', ')}`,
      );
    }
    if (all.length === 1) return all[0];
    const first = this.#choice === undefined;
    const node = this.#node;
    const question = first && node && tunable ? questionOf(node, preferred, tunable) : undefined;
    const answer = forced === undefined && question ? this.#options.answers?.find(question) : undefined;
    const measured = answer && find(answer.variant);
    const variant = (forced !== undefined ? find(forced) : measured) ?? preferred;
    if (first) {
      const by = forced !== undefined ? 'forced' : measured !== undefined ? answer!.by : 'rule';
      this.#choice = { variant, by, node, question, fingerprint: () => fingerprintOf(this.#calls) };
      if (measured !== undefined) this.#expected = answer!.fingerprint;
    }
    return variant;
  }

  #share(owner: Tensor, key: string, make: () => Scratch): Scratch {
    const known = this.#shared?.get(owner) ?? new Map<string, Scratch>();
    const there = known.get(key);
    if (there) return there;
    this.#sharing = true;
    const made = make();
    this.#sharing = false;
    this.#shared?.set(owner, known.set(key, made));
    this.#undo.push(() => known.delete(key));
    return made;
  }
}

function lowerDispatch(
  label: string,
  call: Dispatch,
  target: Target,
  node?: Node,
  choice?: Choice,
): LoweredDispatch {
  const name = call.part ? `${label}.${call.part}` : label;
  const most = target.limits.maxComputeWorkgroupsPerDimension;
  if (call.workgroups.some((count) => count > most || count < 1 || !Number.isInteger(count))) {
    throw new LimitError(
      `${name}: kernel ${call.kernel.name} wants ${call.workgroups.join(' × ')} workgroups; each must be 1 … ${most}; use a smaller batch, or fewer channels`,
    );
  }
  const functions: Record<string, string> = { ...call.functions };
  const operands: Record<string, Operand | Slice> = { ...call.bindings };
  const files = [...library, ...(call.files ?? [])];
  if (call.epilogue && node?.epilogue) {
    const { expression, extras } = node.epilogue;
    const width = valueType(call) === 'vec4f' ? 4 : 1;
    const texts = extras.map(({ access }, i) => accessText(`extra_${i}`, access, width));
    functions.epilogue = expressionBody(expression, ['value', ...texts]);
    files.push(...filesOf(expression));
    extras.forEach((_, i) => (operands[`extra_${i}`] = node.inputs[node.inputs.length - extras.length + i]));
  }
  const { constants, aliases } = call;
  const source = { file: call.kernel, specialization: { constants, aliases, functions, library: files } };
  const kernel = specialize(source.file, source.specialization);
  const bindings = kernel.bindings.map(({ name: variable, binding, access }) => {
    const operand = operands[variable];
    if (!operand) {
      throw new KernelError(
        `${name}: kernel ${call.kernel.name} binds ${variable}, but the op gave it nothing; it gave ${Object.keys(operands).join(', ')}`,
      );
    }
    const { of: whole, ...slice } = 'of' in operand ? operand : { of: operand };
    const owner = isTensor(whole) ? ownerOf(whole) : whole;
    if (access === 'uniform' && ('resource' in owner || (isTensor(owner) && owner.node.op.kind === 'leaf'))) {
      throw new KernelError(
        `${name}: kernel ${call.kernel.name} binds ${variable} as a uniform buffer, which takes what the program has computed; copy it there first`,
      );
    }
    return {
      name: variable,
      binding,
      access,
      operand: owner,
      ...('bytes' in slice && { slice }),
    };
  });
  return {
    label: name,
    kernel,
    source,
    bindings,
    workgroups: call.workgroups,
    flops: call.flops ?? 0,
    advances: call.advances ?? false,
    updates: false,
    assigns: false,
    node,
    choice,
  };
}

/** What `Value` stands for in this dispatch. */
function valueType(call: Dispatch): string {
  return call.aliases?.Value ?? /alias\s+Value\s*=\s*(\w+)/.exec(call.kernel.source)?.[1] ?? 'f32';
}

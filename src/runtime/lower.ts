import { ArgumentError, KernelError, LimitError } from '../errors.ts';
import { topologicalOrder } from '../graph/traverse.ts';
import type { BindingInfo, SpecializedKernel } from '../kernels/kernel.ts';
import { library } from '../kernels/library.ts';
import { specialize } from '../kernels/specialize.ts';
import { expressionBody } from '../ops/core/expression.ts';
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
} from '../ops/core/op.ts';
import { accessText } from '../ops/elementwise/map.ts';

/** One dispatch, ready for the planner: a concrete kernel and what each of its bindings refers to. */
export interface LoweredDispatch {
  /** `conv2d_1/conv2dGradFilter.partial` */
  readonly label: string;
  readonly kernel: SpecializedKernel;
  readonly bindings: readonly LoweredBinding[];
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** It advances the program's step counter. */
  readonly advances: boolean;
  /** The node it belongs to; undefined for effects. */
  readonly node?: Node;
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

/** Turns the graph of `outputs` and `effects` into a flat list of dispatches, in execution order. */
export function lowerGraph(
  outputs: readonly Tensor[],
  effects: readonly Effect[],
  effectInputs: readonly (readonly Tensor[])[],
  options: LowerOptions,
): LoweredDispatch[] {
  const dispatches: LoweredDispatch[] = [];
  const shared: SharedScratch = new Map();
  for (const node of topologicalOrder([...outputs, ...effectInputs.flat()])) {
    if (node.op.kind === 'leaf' || node.op.kind === 'alias') continue;
    node.op.lower(node, contextFor(node.label, dispatches, options, node, shared));
  }
  effects.forEach((effect, i) =>
    effect.lower(contextFor(effect.label, dispatches, options), effectInputs[i]),
  );
  return dispatches;
}

/** What nodes have made of a tensor for all of them, by tensor and key. */
type SharedScratch = Map<Tensor, Map<string, Scratch>>;

function contextFor(
  label: string,
  dispatches: LoweredDispatch[],
  options: LowerOptions,
  node?: Node,
  sharedScratch?: SharedScratch,
): LowerContext {
  return {
    target: options.target,
    guard: options.guard,
    choose(opName, candidates, preferred) {
      const forced = options.variants?.[opName];
      if (forced === undefined) return preferred;
      const found = candidates.find((candidate) => candidate === forced);
      if (!found) {
        throw new ArgumentError(
          `${label}: ${opName} has no variant "${forced}"; it has ${candidates.join(', ')}`,
        );
      }
      return found;
    },
    scratch: (shape, dtype, name): Scratch => ({ scratch: `${label}.${name}`, shape, dtype }),
    shared(source, key, make) {
      const owner = ownerOf(source);
      const known = sharedScratch?.get(owner) ?? new Map<string, Scratch>();
      const scratch = known.get(key) ?? make();
      sharedScratch?.set(owner, known.set(key, scratch));
      return scratch;
    },
    dispatch: (call) => dispatches.push(lowerDispatch(label, call, options.target, node)),
  };
}

function lowerDispatch(label: string, call: Dispatch, target: Target, node?: Node): LoweredDispatch {
  const name = call.part ? `${label}.${call.part}` : label;
  const most = target.limits.maxComputeWorkgroupsPerDimension;
  if (call.workgroups.some((count) => count > most || count < 1 || !Number.isInteger(count))) {
    throw new LimitError(
      `${name}: kernel ${call.kernel.name} wants ${call.workgroups.join(' × ')} workgroups; each must be 1 … ${most}; use a smaller batch`,
    );
  }
  const functions: Record<string, string> = { ...call.functions };
  const operands: Record<string, Operand | Slice> = { ...call.bindings };
  if (call.epilogue && node?.epilogue) {
    const { expression, extras } = node.epilogue;
    const width = valueType(call) === 'vec4f' ? 4 : 1;
    const texts = extras.map(({ access }, i) => accessText(`extra_${i}`, access, width));
    functions.epilogue = expressionBody(expression, ['value', ...texts]);
    extras.forEach((_, i) => (operands[`extra_${i}`] = node.inputs[node.inputs.length - extras.length + i]));
  }
  const kernel = specialize(call.kernel, {
    constants: call.constants,
    aliases: call.aliases,
    functions,
    library,
  });
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
    bindings,
    workgroups: call.workgroups,
    flops: call.flops ?? 0,
    advances: call.advances ?? false,
    node,
  };
}

/** What `Value` stands for in this dispatch. */
function valueType(call: Dispatch): string {
  return call.aliases?.Value ?? /alias\s+Value\s*=\s*(\w+)/.exec(call.kernel.source)?.[1] ?? 'f32';
}

import type { Gpu } from '../../src/index.ts';
import { createNode } from '../../src/ops/core/node.ts';
import { input, programState } from '../../src/ops/core/leaves.ts';
import type { Expression } from '../../src/ops/core/expression.ts';
import type { LowerContext, Node, Target, Tensor } from '../../src/ops/core/op.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import type { Build } from '../../src/runtime/build.ts';
import { lookAtStep } from '../models.ts';
import type { ModelName } from '../peers/problem.ts';
import type { Pass } from '../report/schema.ts';

/** A node of a training step's graph, as it is after the passes: to be timed by itself. */
export interface KernelCase {
  readonly node: Node;
  readonly pass: Pass;
  readonly shapes: string;
  /** Those whose step has this very computation, or `squares`. */
  readonly models: string[];
}

/**
 * Every different computation of the models' training steps; and the numbers of weights that their optimizers update,
 * each with the models that have so many.
 */
export async function modelCases(
  gpu: Gpu,
  models: readonly ModelName[],
): Promise<{ cases: KernelCase[]; updates: Map<number, string[]> }> {
  const cases = new Map<string, KernelCase>();
  const updates = new Map<number, string[]>();
  for (const model of models) {
    await lookAtStep(gpu, model, ({ build }) => {
      for (const count of weightsOf(build)) updates.set(count, [...(updates.get(count) ?? []), model]);
      for (const node of nodesOf(build)) {
        const key = signature(node);
        const known = cases.get(key);
        if (!known) cases.set(key, { ...caseOf(node), models: [model] });
        else if (!known.models.includes(model)) known.models.push(model);
      }
    });
  }
  return { cases: [...cases.values()], updates };
}

/** The number of weights of each objective. */
function weightsOf({ pinned }: Build): number[] {
  const counts: number[] = [];
  for (const { variable, objective } of pinned.values()) {
    counts[objective] = (counts[objective] ?? 0) + sizeOf(variable.shape);
  }
  return counts;
}

/** The nodes that a program has kernels for, in the order of its dispatches. */
function nodesOf(build: Build): Node[] {
  return [...new Set(build.dispatches.flatMap(({ node }) => node ?? []))];
}

/** Nodes of one signature take the same kernels. */
function signature({ op, attrs, inputs, epilogue }: Node): string {
  const shapes = inputs.map(({ shape, dtype }) => [shape, dtype]);
  const fused = epilogue && [epilogue.expression, epilogue.extras.map(({ access }) => access)];
  // Streams differ from call to call; what they draw takes the same time.
  return JSON.stringify([op.name, { ...attrs, stream: undefined }, shapes, fused]);
}

/** Products of square matrices: x w, and its gradients dy wᵀ and xᵀ dy. */
export function squareCases(sizes: readonly number[]): KernelCase[] {
  return sizes.flatMap((size) => {
    const [a, b] = [input('a', [size, size]), input('b', [size, size])];
    const products = [matmul(a, b), matmul(a, b, { transposeB: true }), matmul(a, b, { transposeA: true })];
    const passes: Pass[] = ['forward', 'input gradient', 'filter gradient'];
    return products.map(({ node }, i) => ({ ...caseOf(node), pass: passes[i], models: ['squares'] }));
  });
}

function caseOf(node: Node): Omit<KernelCase, 'models'> {
  const extras = node.epilogue?.extras.length ?? 0;
  const own = node.inputs.slice(0, node.inputs.length - extras);
  const shapes = own.filter(({ node: source }) => source.op.name !== 'programState').map(shapeText);
  const fused = node.epilogue ? functionsOf(node.epilogue.expression) : '';
  const result = `${[shapes.join(', '), '→', shapeText(node.outputs[0])].join(' ').trim()}`;
  return {
    node,
    pass: passOf(node),
    shapes: [result, optionText(node), fused && `then ${fused}`].filter(Boolean).join('; '),
  };
}

const shapeText = ({ shape }: { shape: readonly number[] }) => shape.join('×') || '1';

/** The library functions of an expression, without conversions. */
function functionsOf({ steps }: Expression): string {
  return steps.flatMap(({ fn }) => (fn === 'Value' ? [] : fn)).join(', ');
}

/** What shapes do not tell. */
function optionText({ op, attrs }: Node): string {
  if (op.name === 'matmul') {
    return [attrs.transposeA && 'a transposed', attrs.transposeB && 'b transposed']
      .filter(Boolean)
      .join(', ');
  }
  if (op.name === 'map') return functionsOf(attrs.expression);
  const stride = (attrs.stride ?? attrs.conv?.stride)?.[0] ?? 1;
  return op.name.startsWith('conv') && stride > 1 ? `stride ${stride}` : '';
}

/** Which part of a training step a node belongs to, by its op and by the label that autodiff gives. */
function passOf({ op, label, attrs }: Node): Pass {
  if (op.name.startsWith('conv2dGradFilter')) return 'filter gradient';
  if (!label.includes('gradient')) return 'forward';
  if (op.name === 'conv2dGradInput' || op.name === 'conv2d') return 'input gradient';
  // dw = xᵀ dy sums over the batch; dx = dy wᵀ keeps it.
  if (op.name === 'matmul') return attrs.transposeA ? 'filter gradient' : 'input gradient';
  return 'gradient';
}

/** A choice that lowering a node makes. */
export interface Choice {
  readonly opName: string;
  readonly candidates: readonly string[];
  readonly preferred: string;
  /** What the tuner may try. */
  readonly tunable: readonly string[];
}

/** What lowering the node may choose from. */
export function choicesOf(node: Node, target: Target): Choice[] {
  const choices: Choice[] = [];
  const context: LowerContext = {
    target,
    choose(opName, candidates, preferred, tunable) {
      choices.push({ opName, candidates, preferred, tunable: tunable?.candidates ?? [] });
      return preferred;
    },
    isForced: () => false,
    scratch: (shape, dtype, name) => ({ scratch: name, shape, dtype }),
    shared: (_source, _key, make) => make(),
    dispatch() {},
  };
  node.op.lower(node, context);
  return choices;
}

/** A node with the same work on inputs of its own. */
export function isolated(node: Node): { inputs: Tensor[]; outputs: readonly Tensor[] } {
  const inputs = node.inputs.map(({ shape, dtype, node: source }, i) =>
    source.op.name === 'programState' ? programState() : input(`input ${i}`, shape, dtype),
  );
  const { op, attrs, outputs, label, epilogue } = node;
  return { inputs, outputs: createNode(op, inputs, attrs, outputs, label, epilogue).outputs };
}

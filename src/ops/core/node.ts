import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { Epilogue, Node, Op, Tensor } from './op.ts';
import type { TensorSpec } from './shape.ts';

let nextId = 0;

/** The number of the node that is made next: nodes are numbered as they are made. */
export const nextNode = (): number => nextId;

const scopes: string[] = [];

/** Runs `build` with `name` added to the label of every node that it creates. */
export function withScope<T>(name: string, build: () => T): T {
  scopes.push(name);
  try {
    return build();
  } finally {
    scopes.pop();
  }
}

export const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && 'node' in value && 'dtype' in value;

/**
 * For functions that look at a tensor before they make a node of it.
 *
 * @throws ArgumentError unless it is one
 */
export function requireTensor(label: string, value: unknown, what = 'input 1'): asserts value is Tensor {
  if (isTensor(value)) return;
  throw new ArgumentError(
    `${label}: ${what} is ${describe(value)}, not a tensor; make one with fill(shape, value) or constant(data, shape)`,
  );
}

/** Creates a node: checks shapes through the op's shape rule, returns its outputs. */
export function applyAll<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
  const label = [...scopes, op.name].join('/');
  inputs.forEach((input, i) => requireTensor(label, input, `input ${i + 1}`));
  let specs: readonly TensorSpec[];
  try {
    specs = op.infer(inputs, attrs);
  } catch (error) {
    if (error instanceof ShapeError && scopes.length > 0) {
      throw new ShapeError(`${scopes.join('/')}: ${error.message}`, { cause: error });
    }
    throw error;
  }
  return createNode(op, inputs, attrs, specs, label).outputs;
}

/** Creates a node with a single output and returns that tensor. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  return applyAll(op, inputs, attrs)[0];
}

/** Creates a node whose output shapes are known: for passes that rebuild nodes. */
export function createNode<A>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attrs: A,
  specs: readonly TensorSpec[],
  label: string,
  epilogue?: Epilogue,
): Node<A> {
  const outputs: Tensor[] = [];
  const node: Node<A> = { id: nextId++, op, inputs, attrs, outputs, label, epilogue };
  specs.forEach(({ shape, dtype }, index) => outputs.push({ node, index, shape: [...shape], dtype }));
  return node;
}

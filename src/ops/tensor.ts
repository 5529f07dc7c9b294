import { ShapeError } from '../errors.ts';
import type { Epilogue, Op } from './op.ts';

/** Element types. `u8` is stored four to a word and exists only for data sets. */
export type DType = 'f32' | 'i32' | 'u32' | 'u8';

export type Shape = readonly number[];

export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * A symbolic tensor: the `index`-th output of a node. It has a shape and a type, but no data:
 * data exists only on the GPU, while a compiled program runs.
 */
export interface Tensor extends TensorSpec {
  readonly node: Node;
  readonly index: number;
}

/** One application of an op. Nodes are immutable and form a DAG through their inputs. */
export interface Node<A = any> {
  readonly id: number;
  readonly op: Op<A>;
  readonly inputs: readonly Tensor[];
  readonly attrs: A;
  readonly outputs: readonly Tensor[];
  /** Where it came from, for errors, labels and profiles: `conv2d_1/conv2d`. */
  readonly label: string;
  /** Elementwise work folded into this node's last kernel; its extra tensors follow the op's own inputs. */
  readonly epilogue?: Epilogue;
}

let nextId = 0;
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

/** Creates a node: checks shapes through the op's shape rule, returns its outputs. */
export function applyAll<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
  const label = [...scopes, op.name].join('/');
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

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes of a tensor's data, before any alignment. */
export function bytesOf({ shape, dtype }: TensorSpec): number {
  return sizeOf(shape) * (dtype === 'u8' ? 1 : 4);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[2, 3]` for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Turns a negative axis into a positive one; throws a ShapeError where there is no such axis. */
export function normalizeAxis(axis: number, rank: number, opName: string): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new ShapeError(
      `${opName}: axis ${axis} does not exist in a tensor of rank ${rank}; use -${rank} … ${rank - 1}`,
    );
  }
  return positive;
}

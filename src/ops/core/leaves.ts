import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkOptions, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { apply } from './node.ts';
import type { Op, Tensor } from './op.ts';
import { formatShape, requireShape, sizeOf } from './shape.ts';
import type { DType, Shape, TensorSpec } from './shape.ts';

const noGradient = { reason: 'it is a source of the graph and has no inputs' };
const nothing = () => {};

const DTYPES: readonly DType[] = ['f32', 'i32', 'u32', 'u8'];

function checked(opName: string, { shape, dtype }: TensorSpec): TensorSpec {
  requireShape(opName, shape);
  if (!DTYPES.includes(dtype)) {
    throw new ArgumentError(`${opName}: the type is ${describe(dtype)}; choose one of ${DTYPES.join(', ')}`);
  }
  return { shape, dtype };
}

/* @__NO_SIDE_EFFECTS__ */
function leaf<A extends TensorSpec>(name: string): Op<A> {
  return {
    name,
    kind: 'leaf',
    infer: (_inputs, attrs) => [checked(name, attrs)],
    lower: nothing,
    gradient: noGradient,
  };
}

export interface InputAttrs extends TensorSpec {
  readonly name: string;
}

export const inputOp = leaf<InputAttrs>('input');

/** A tensor whose data the caller provides before a step: batches fed by hand, a data set's buffer. */
export function input(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
  return apply(inputOp, [], { name, shape, dtype });
}

/**
 * The set to which a variable is projected after every update: numbers of at least 0 (`nonNegative`), or norms along axes.
 * Each norm is moved by the fraction `rate` of the way to the nearest one in [low, high].
 */
export type VariableConstraint =
  | { readonly kind: 'nonNegative' }
  | {
      readonly kind: 'norm';
      readonly low: number;
      readonly high: number;
      readonly rate: number;
      /** Of the variable, those that a norm is taken over; none twice. */
      readonly axes: readonly number[];
    };

interface VariableOptions {
  /** For messages, and for files. */
  name: string;
  shape: Shape;
  /** Default true. */
  trainable?: boolean;
  /** Fills the initial value. */
  initialize: (data: Float32Array, shape: Shape) => void;
  /** Applied after every update of an optimizer, such as `maxNorm()`; the initial value is not changed. */
  constraint?: (shape: Shape, owner: string) => VariableConstraint;
}

const variableOptions: OptionTable<VariableOptions> = {
  name: required,
  shape: required,
  initialize: required,
  trainable: true,
  constraint: true,
};

/** A tensor that lives from step to step on the GPU: a parameter, or state such as a moving mean. */
export class Variable implements TensorSpec {
  readonly dtype = 'f32' as const;
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  /** Fills the initial value; called once, when the variable gets its memory. */
  readonly initialize: (data: Float32Array, shape: Shape) => void;
  readonly constraint: VariableConstraint | undefined;

  /** @throws ArgumentError if an option is missing, unknown or of another type, ShapeError if the shape is none */
  constructor(options: VariableOptions) {
    checkOptions('new Variable', options, variableOptions);
    const { name, shape, trainable = true, initialize, constraint } = options;
    if (typeof name !== 'string' || typeof trainable !== 'boolean' || typeof initialize !== 'function') {
      throw new ArgumentError(
        `new Variable: its name is ${describe(name)}, trainable ${describe(trainable)} and initialize ${describe(initialize)}; a name is a text, trainable true or false, and initialize a function (values) => values.fill(0)`,
      );
    }
    checked(`variable ${name}`, { shape, dtype: 'f32' });
    this.name = name;
    this.shape = [...shape];
    this.trainable = trainable;
    this.initialize = initialize;
    if (constraint !== undefined && typeof constraint !== 'function') {
      throw new ArgumentError(
        `new Variable: its constraint is ${describe(constraint)}; pass the result of maxNorm() or another constraint`,
      );
    }
    this.constraint = constraint?.(this.shape, name);
  }
}

export interface VariableAttrs extends TensorSpec {
  readonly variable: Variable;
}

export const variableOp = leaf<VariableAttrs>('variable');

const variableTensors = new WeakMap<Variable, Tensor>();

/** The symbolic tensor that reads a variable; always the same one, so gradients accumulate on it. */
export function read(variable: Variable): Tensor {
  let tensor = variableTensors.get(variable);
  if (!tensor) {
    if (!(variable instanceof Variable)) {
      throw new ArgumentError(
        `read: reads a Variable, but was given ${describe(variable)}; make one with new Variable({ name, shape, initialize })`,
      );
    }
    tensor = apply<VariableAttrs>(variableOp, [], { variable, shape: variable.shape, dtype: 'f32' });
    variableTensors.set(variable, tensor);
  }
  return tensor;
}

export interface FillAttrs extends TensorSpec {
  readonly value: number;
}

export const fillOp = leaf<FillAttrs>('fill');

function holds(dtype: DType, value: number): boolean {
  if (typeof value !== 'number') return false;
  if (dtype === 'f32') return Math.abs(value) === Infinity || Number.isFinite(Math.fround(value));
  return value === (dtype === 'i32' ? value | 0 : value >>> 0);
}

/**
 * A constant tensor of one value, which may be ±Infinity (in a mask, say). Uploaded once when a program is compiled,
 * folded where it can be.
 *
 * @throws ArgumentError if the type cannot hold the value, or the value is NaN
 */
export function fill(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  if (!holds(dtype, value)) {
    throw new ArgumentError(
      `fill: the value must be a number that ${dtype} holds, not ${describe(value)}; ` +
        (dtype === 'f32'
          ? 'f32 goes up to ±3.4e38, and has ±Infinity'
          : 'use f32, or a whole number in its range'),
    );
  }
  return apply(fillOp, [], { shape, dtype, value });
}

/** The value of a `fill`, through reshapes; undefined for any other tensor. */
export function fillValue(tensor: Tensor): number | undefined {
  const { op, attrs, inputs } = tensor.node;
  if (op === fillOp) return (attrs as FillAttrs).value;
  if (op.kind === 'alias') return fillValue(inputs[0]);
  return undefined;
}

export interface ConstantAttrs extends TensorSpec {
  readonly data: Float32Array | Int32Array | Uint32Array;
}

export const constantOp = leaf<ConstantAttrs>('constant');

/** By the arrays' own names, which those of other frames and workers have, too. */
const DATA_TYPES: Readonly<Record<string, DType>> = {
  Float32Array: 'f32',
  Int32Array: 'i32',
  Uint32Array: 'u32',
};

/** A constant tensor with given data, uploaded once when a program is compiled. */
export function constant(
  data: Float32Array | Int32Array | Uint32Array,
  shape: Shape = [data.length],
): Tensor {
  const type = DATA_TYPES[(data as Partial<typeof data>)[Symbol.toStringTag] ?? ''];
  if (!type) {
    throw new ArgumentError(
      'constant: the data must be a Float32Array, an Int32Array or a Uint32Array; make one with Float32Array.from(…)',
    );
  }
  requireShape('constant', shape);
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `constant: ${data.length} values do not fill the shape ${formatShape(shape)}, which needs ${sizeOf(shape)}`,
    );
  }
  return apply<ConstantAttrs>(constantOp, [], { shape, dtype: type, data });
}

export const programStateOp = leaf<TensorSpec>('programState');

let stateTensor: Tensor | undefined;

/**
 * The running program's own counters, u32 [8]: step, seed (low word), seed (high word), rows that are filled (0: all);
 * and where the stream of samples begins: step, epoch, place; 0. Random ops, the batch gatherer and the recording of
 * metrics read it; the last dispatch of a step advances the step.
 */
export function programState(): Tensor {
  return (stateTensor ??= apply(programStateOp, [], { shape: [8], dtype: 'u32' }));
}

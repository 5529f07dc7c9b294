import { ArgumentError, ShapeError } from '../errors.ts';
import { didYouMean } from '../nearestName.ts';
import { checkOptions, describe, required, settle } from '../options.ts';
import type { Defaults } from '../options.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  abs,
  add,
  maximum,
  multiply,
  rsqrt,
  scale,
  square,
  subtract,
} from '../ops/elementwise/elementwise.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { reduceSum } from '../ops/reduce/sum.ts';

/**
 * A penalty of a weight, or of an output: a graph function whose value is added to the loss, as it is reported and as
 * it is minimised. For a weight it gives a single number; for an output, [N, …], a value per sample, [N], whose mean counts.
 */
export interface Regularizer {
  (x: Tensor): Tensor;
  /** Of wgrad's own: what it was made with, which stands for it in files and options. */
  readonly config?: RegularizerConfig;
  /** Of wgrad's own that work value by value: the penalty of each sample of an output. */
  readonly perSample?: (output: Tensor) => Tensor;
}

/** A regularizer as plain JSON. */
export type RegularizerConfig =
  | { readonly name: 'l1'; readonly factor?: number }
  | { readonly name: 'l2'; readonly factor?: number }
  | { readonly name: 'l1L2'; readonly l1?: number; readonly l2?: number }
  | { readonly name: 'orthogonalRegularizer'; readonly factor?: number; readonly mode?: OrthogonalMode };

export type OrthogonalMode = 'rows' | 'columns';

/** A regularizer as layers take it: by name ('l1' or 'l2', of factor 0.01), as a function, or as JSON. */
export type RegularizerSpec = 'l1' | 'l2' | 'orthogonalRegularizer' | Regularizer | RegularizerConfig;

function checkFactor(caller: string, option: string, value: number): void {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(Math.fround(value))) return;
  throw new ArgumentError(
    `${caller}: ${option} is ${describe(value)}; it must be a finite number of at least 0`,
  );
}

/** Σ of a function of single values, over everything or for each sample. */
const summed = (config: RegularizerConfig, f: (x: Tensor) => Tensor): Regularizer =>
  Object.assign((x: Tensor) => reduceSum(f(x)), {
    config,
    perSample: (output: Tensor) =>
      output.shape.length === 1
        ? f(output)
        : reduceSum(f(output), { axes: [...output.shape.keys()].slice(1) }),
  });

/**
 * factor · Σ |x| (Keras's L1; Tibshirani 1996).
 *
 * @throws ArgumentError unless the factor is a finite number of at least 0
 */
export function l1(factor = 0.01): Regularizer {
  checkFactor('l1', 'factor', factor);
  return summed({ name: 'l1', factor }, (x) => scale(abs(x), factor));
}

/**
 * factor · Σ x² (Keras's L2; Hoerl & Kennard 1970). There is no ½, so that the gradient is 2 · factor · x.
 *
 * @throws ArgumentError unless the factor is a finite number of at least 0
 */
export function l2(factor = 0.01): Regularizer {
  checkFactor('l2', 'factor', factor);
  return summed({ name: 'l2', factor }, (x) => scale(square(x), factor));
}

export interface L1L2Options {
  /** Of Σ |x|; default 0. */
  l1?: number;
  /** Of Σ x²; default 0. */
  l2?: number;
}

/**
 * l1 · Σ |x| + l2 · Σ x² (Keras's L1L2; Zou & Hastie 2005: the elastic net).
 *
 * @throws ArgumentError unless both are finite numbers of at least 0
 */
export function l1L2(options: L1L2Options = {}): Regularizer {
  const factors = settle('l1L2', options, { l1: 0, l2: 0 });
  checkFactor('l1L2', 'l1', factors.l1);
  checkFactor('l1L2', 'l2', factors.l2);
  return summed({ name: 'l1L2', ...factors }, (x) =>
    add(scale(abs(x), factors.l1), scale(square(x), factors.l2)),
  );
}

export interface OrthogonalRegularizerOptions {
  /** Default 0.01. */
  factor?: number;
  /** Whether rows (the default) or columns are to be orthogonal to each other. */
  mode?: OrthogonalMode;
}

/**
 * factor · mean of |u · v| over all pairs of rows (or columns) of a matrix, each divided by its length (Keras's
 * OrthogonalRegularizer).
 *
 * @throws ArgumentError if the factor is below 0, or there is no such mode
 */
export function orthogonalRegularizer(options: OrthogonalRegularizerOptions = {}): Regularizer {
  const caller = 'orthogonalRegularizer';
  const { factor, mode } = settle(caller, options, { factor: 0.01, mode: 'rows' as OrthogonalMode });
  checkFactor(caller, 'factor', factor);
  if (mode !== 'rows' && mode !== 'columns') {
    throw new ArgumentError(`${caller}: mode is ${describe(mode)}; choose 'rows' or 'columns'`);
  }
  const penalty = (x: Tensor) => {
    if (x.shape.length !== 2) {
      throw new ShapeError(
        `${caller}: works on a matrix, got ${formatShape(x.shape)}; give it to the kernel of a dense layer`,
      );
    }
    const count = x.shape[mode === 'rows' ? 0 : 1];
    if (count === 1) {
      throw new ShapeError(
        `${caller}: ${formatShape(x.shape)} has a single one of the ${mode}, and so no pairs; choose mode '${mode === 'rows' ? 'columns' : 'rows'}', or leave it out`,
      );
    }
    const along = { axes: [mode === 'rows' ? 1 : 0], keepDims: true };
    // A row of zeros stays a row of zeros, as in Keras.
    const unit = multiply(x, rsqrt(maximum(reduceSum(square(x), along), 2 ** -100)));
    const products = matmul(unit, unit, mode === 'rows' ? { transposeB: true } : { transposeA: true });
    // Each pair is in the matrix twice; the diagonal, u · u, is subtracted: 1 for each row that is not all zeros.
    const diagonal = reduceSum(square(unit));
    return scale(subtract(reduceSum(abs(products)), diagonal), factor / (count * (count - 1)));
  };
  return Object.assign(penalty, { config: { name: caller, factor, mode } as const });
}

const named = { l1, l2, orthogonalRegularizer };

/** The regularizers of their configs. */
const ofConfig = {
  l1: [{ name: required, factor: undefined }, (c) => l1(c.factor)],
  l2: [{ name: required, factor: undefined }, (c) => l2(c.factor)],
  l1L2: [{ name: required, l1: undefined, l2: undefined }, (c) => l1L2({ l1: c.l1, l2: c.l2 })],
  orthogonalRegularizer: [
    { name: required, factor: undefined, mode: undefined },
    (c) => orthogonalRegularizer({ factor: c.factor, mode: c.mode }),
  ],
} satisfies {
  [N in RegularizerConfig['name']]: [
    Defaults<Extract<RegularizerConfig, { name: N }>>,
    (config: Extract<RegularizerConfig, { name: N }>) => Regularizer,
  ];
};

/**
 * @param owner whose regularizer it is, for messages
 * @throws ArgumentError if there is none of that name, or a factor is out of range
 */
export function regularizerOf(spec: RegularizerSpec, owner: string): Regularizer {
  if (typeof spec === 'function') {
    const made = Object.entries({ ...named, l1L2 }).find(([, make]) => make === (spec as unknown));
    if (!made) return spec;
    throw new ArgumentError(`${owner}: ${made[0]} makes a regularizer; call it: ${made[0]}()`);
  }
  if (typeof spec === 'string' && Object.hasOwn(named, spec)) return named[spec]();
  if (typeof spec === 'object' && spec !== null && Object.hasOwn(ofConfig, spec.name)) {
    const [known, make] = ofConfig[spec.name];
    checkOptions(`${owner}: ${spec.name}`, spec, known);
    return (make as (config: RegularizerConfig) => Regularizer)(spec);
  }
  const names = Object.keys(named);
  const meant = typeof spec === 'string' ? didYouMean(spec, names) : '';
  throw new ArgumentError(
    `${owner}: there is no regularizer ${describe(spec)}${meant ? `${meant} Choose` : '; choose'} one of ${names.join(', ')}, call one, such as l2(0.001) or l1L2({ l1, l2 }), or pass a function`,
  );
}

/** Its config where it is one of wgrad's, checked; another function stays as it is. */
export function namedRegularizer(spec: RegularizerSpec, owner: string): RegularizerSpec {
  const regularizer = regularizerOf(spec, owner);
  return regularizer.config ?? regularizer;
}

/**
 * The penalty of a weight, a single number.
 *
 * @throws ShapeError if the regularizer gives anything else
 */
export function weightPenalty(spec: RegularizerSpec, weight: Tensor, owner: string): Tensor {
  const penalty = regularizerOf(spec, owner)(weight);
  if (penalty?.shape?.length === 0) return penalty;
  throw new ShapeError(
    `${owner}: its regularizer gives ${penalty?.shape ? formatShape(penalty.shape) : describe(penalty)}, but it must give a single number, such as ops.reduceSum(ops.square(w))`,
  );
}

/**
 * The penalty of an output [N, …], a value per sample, [N]: their mean is Keras's, which divides the sum by the batch.
 *
 * @throws ShapeError if the regularizer cannot give that
 */
export function activityPenalty(spec: RegularizerSpec, output: Tensor, owner: string): Tensor {
  const regularizer = regularizerOf(spec, owner);
  const penalty = regularizer.perSample?.(output) ?? regularizer(output);
  const [batch] = output.shape;
  if (penalty?.shape?.length === 1 && penalty.shape[0] === batch) return penalty;
  throw new ShapeError(
    `${owner}: its activityRegularizer gives ${penalty?.shape ? formatShape(penalty.shape) : describe(penalty)} for an output ${formatShape(output.shape)}, but it must give a value per sample, [${batch}], such as ops.reduceSum(ops.square(y), { axes: [1] })`,
  );
}

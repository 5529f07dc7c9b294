import { ops, Variable } from '../../../src/index.ts';
import type { Gpu, Tensor } from '../../../src/index.ts';
import { maxNorm, nonNeg } from '../../../src/nn/constraints.ts';
import type { Constraint } from '../../../src/nn/constraints.ts';
import * as optimizers from '../../../src/nn/optimizers.ts';
import type { Optimizer } from '../../../src/nn/optimizers.ts';
import { followStatistics } from '../../../src/ops/normalization/moving.ts';
import type { LossScaleOptions } from '../../../src/runtime/lossScale.ts';
import type { Minimizer } from '../../../src/runtime/minimizer.ts';
import { array, map, random } from '../../../test/reference/array.ts';
import * as layerwise from '../../../test/reference/layerwiseOptimizers.ts';
import { runningUpdate } from '../../../test/reference/normalization.ts';
import * as twins from '../../../test/reference/optimizers.ts';
import { constrainNorm } from '../../../test/reference/penalties.ts';
import { moments } from '../../../test/reference/reduce.ts';
import { LastingTrial } from './lastingTrial.ts';
import type { Made } from './lastingTrial.ts';
import { RecordTrial } from './record.ts';
import type { Sizes } from './sizes.ts';
import type { Shown, Trial } from './trial.ts';
import { retunedOptimizer } from './tune.ts';
import type { ChosenConstants } from './tune.ts';

/** An optimizer, in the engine and in float64. */
interface Rule {
  readonly optimizer: Optimizer;
  twin(shape: readonly number[]): twins.Optimizer;
  readonly steps?: number;
  /** Of its loss. */
  readonly lossScale?: LossScaleOptions;
  /** What the weights are kept to after the update. */
  readonly constraint?: Constraint;
}

const sizeOf = ([rows, columns]: readonly number[]) => rows * columns;
const { adam } = optimizers;

/** Rules by the names of their kernels. */
const RULES = {
  sgd: { optimizer: optimizers.sgd(), twin: (shape) => twins.sgd(sizeOf(shape)) },
  momentum: {
    optimizer: optimizers.sgd({ momentum: 0.9 }),
    twin: (shape) => twins.sgd(sizeOf(shape), { momentum: 0.9 }),
  },
  adam: { optimizer: adam(), twin: (shape) => twins.adam(sizeOf(shape)) },
  adamax: { optimizer: optimizers.adamax(), twin: (shape) => twins.adamax(sizeOf(shape)) },
  nadam: { optimizer: optimizers.nadam(), twin: (shape) => twins.nadam(sizeOf(shape)) },
  radam: { optimizer: optimizers.radam(), twin: (shape) => twins.radam(sizeOf(shape)) },
  rmsprop: { optimizer: optimizers.rmsprop(), twin: (shape) => twins.rmsprop(sizeOf(shape)) },
  adagrad: { optimizer: optimizers.adagrad(), twin: (shape) => twins.adagrad(sizeOf(shape)) },
  adadelta: { optimizer: optimizers.adadelta(), twin: (shape) => twins.adadelta(sizeOf(shape)) },
  ftrl: { optimizer: optimizers.ftrl(), twin: (shape) => twins.ftrl(sizeOf(shape)) },
  lion: { optimizer: optimizers.lion(), twin: (shape) => twins.lion(sizeOf(shape)) },
  lamb: { optimizer: optimizers.lamb(), twin: (shape) => layerwise.lamb([shape]) },
  adafactor: { optimizer: optimizers.adafactor(), twin: (shape) => layerwise.adafactor([shape]) },
  muon: { optimizer: optimizers.muon(), twin: (shape) => layerwise.muon([shape]) },
  clipped: {
    optimizer: adam({ clipNorm: 1 }),
    twin: (shape) => around(shape, { clipNorm: 1 }),
  },
  globallyClipped: {
    optimizer: adam({ globalClipNorm: 1 }),
    twin: (shape) => around(shape, { globalClipNorm: 1 }),
  },
  accumulated: {
    optimizer: adam({ gradientAccumulationSteps: 2 }),
    twin: (shape) => around(shape, { gradientAccumulationSteps: 2 }),
    steps: 2,
  },
  scaled: { optimizer: adam(), twin: (shape) => twins.adam(sizeOf(shape)), lossScale: {} },
  keptShort: {
    optimizer: optimizers.sgd(),
    twin: (shape) =>
      after(shape, (w) => constrainNorm(array(shape, w), { low: 0, high: 2, rate: 1, axes: [0] }).data),
    constraint: maxNorm(),
  },
  keptPositive: {
    optimizer: optimizers.sgd(),
    twin: (shape) => after(shape, (w) => w.map((value) => Math.max(0, value))),
    constraint: nonNeg(),
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** Adam in float64, with what can stand around any rule. */
function around(shape: readonly number[], options: Partial<twins.Options>): twins.Optimizer {
  const size = sizeOf(shape);
  return twins.withOptions(twins.adam(size), size, { learningRate: 0.001, ...options });
}

/** Gradient descent in float64, and what happens to the weights after it. */
function after(shape: readonly number[], project: (w: Float64Array) => Float64Array): twins.Optimizer {
  const rule = twins.sgd(sizeOf(shape));
  return {
    state: {},
    step(w, g) {
      rule.step(w, g);
      w.set(project(w));
    },
  };
}

/** Kernels that are not named as their rule. */
const RULE_OF: Readonly<Record<string, keyof typeof RULES>> = {
  lamb_direction: 'lamb',
  segment_norms: 'lamb',
  adafactor_factors: 'adafactor',
  adafactor_row_means: 'adafactor',
  adafactor_direction: 'adafactor',
  retain: 'adafactor',
  muon_momentum: 'muon',
  muon_combine: 'muon',
  muon_scale: 'muon',
  block_squares: 'clipped',
  norm: 'globallyClipped',
  norm_partials: 'globallyClipped',
  accumulate: 'accumulated',
  collect: 'accumulated',
  constrain_norm: 'keptShort',
  constrain_sign: 'keptPositive',
  overflow: 'scaled',
  overflow_partials: 'scaled',
  unscale: 'scaled',
  verdict: 'adam',
};

const ruleOf = (kernel: string): Rule => {
  const name = kernel.split('/')[1];
  return RULES[RULE_OF[name] ?? (name as keyof typeof RULES)];
};

/** An optimizer's update of a matrix of weights, from gradients that are given. */
class UpdateTrial extends LastingTrial {
  readonly #rule: Rule;
  protected readonly expected: Float64Array;
  protected readonly inputs: readonly Shown[];
  protected readonly title = 'weights';
  protected override readonly steps: number;
  protected override readonly isFixed: boolean;
  protected readonly outputShape: readonly number[];

  constructor(gpu: Gpu, kernel: string, sizes: Sizes, constants: ChosenConstants) {
    super(gpu, kernel, sizes);
    const { shape } = this;
    const rule = ruleOf(kernel);
    this.#rule = { ...rule, optimizer: retunedOptimizer(rule.optimizer, kernel, constants) };
    this.isFixed = /verdict|constrain|accumulate|overflow|unscale/.test(kernel);
    this.steps = this.#rule.steps ?? 1;
    this.outputShape = shape;
    const [weights, slopes] = [random(1, shape), random(2, shape)];
    const twin = this.#rule.twin(shape);
    this.expected = weights.data.slice();
    for (let step = 0; step < this.steps; step++) twin.step(this.expected, slopes.data);
    this.inputs = [
      { title: 'gradient', shape, values: slopes.data },
      { title: 'weights before', shape, values: weights.data },
    ];
  }

  protected async make(): Promise<Made> {
    const { shape } = this;
    const [slopes, weights] = this.inputs;
    const { optimizer, constraint, lossScale } = this.#rule;
    const initialize = (data: Float32Array) => data.set(weights.values);
    const variable = new Variable({ name: 'w', shape, initialize, constraint });
    const gradient = ops.input('gradient', shape);
    let minimizer!: Minimizer;
    const program = await this.gpu.compile(
      (g) => {
        const w = ops.read(variable);
        minimizer = g.minimize(ops.reduceSum(ops.multiply(w, gradient)), [variable], optimizer);
        return { after: w };
      },
      { label: this.kernel, lossScale },
    );
    program.write(gradient, Float32Array.from(slopes.values));
    return { program, variables: [variable], minimizer };
  }
}

/** Moving statistics, which follow those of a batch; in a step of a training, whose verdict they wait for. */
class StatisticsTrial extends LastingTrial {
  protected readonly expected: Float64Array;
  protected readonly inputs: readonly Shown[];
  protected readonly title = 'moving means';
  protected readonly outputShape: readonly number[];

  constructor(gpu: Gpu, kernel: string, sizes: Sizes) {
    super(gpu, kernel, sizes);
    const { shape } = this;
    const x = random(1, shape, 0, 2);
    const { mean } = moments(x, { axes: [0] });
    this.outputShape = [shape[1]];
    this.expected = runningUpdate(
      map(mean, () => 1),
      mean,
      0.9,
    ).data;
    this.inputs = [{ title: 'x', shape, values: x.data }];
  }

  protected async make(): Promise<Made> {
    const { shape } = this;
    const made = (name: string) =>
      new Variable({ name, shape: [shape[1]], initialize: (data) => data.fill(1) });
    const [mean, variance, weight] = ['moving mean', 'moving variance', 'w'].map(made);
    let minimizer!: Minimizer;
    const x = ops.input('x', shape);
    const program = await this.gpu.compile(
      (g) => {
        const batch = ops.normalize(x, { over: 'batch' });
        const own = (statistics: Tensor) => ops.reshape(statistics, [shape[1]]);
        followStatistics({ mean, variance }, own(batch.mean), own(batch.variance), 0.9);
        const loss = ops.reduceSum(ops.multiply(batch.y, ops.read(weight)));
        minimizer = g.minimize(loss, [weight], optimizers.sgd());
        return { after: ops.read(mean) };
      },
      { label: this.kernel },
    );
    program.write(x, Float32Array.from(this.inputs[0].values));
    return { program, variables: [mean, variance, weight], minimizer };
  }
}

/** The end of a step that runs a kernel. */
export function updateTrial(gpu: Gpu, kernel: string, sizes: Sizes, constants: ChosenConstants = {}): Trial {
  if (kernel === 'dataset/record') return new RecordTrial(gpu, kernel, sizes);
  if (/accept|moving/.test(kernel)) return new StatisticsTrial(gpu, kernel, sizes);
  return new UpdateTrial(gpu, kernel, sizes, constants);
}

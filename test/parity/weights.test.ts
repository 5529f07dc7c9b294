import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { maxNorm, minMaxNorm, nonNeg, unitNorm } from '../../src/nn/constraints.ts';
import type { Constraint } from '../../src/nn/constraints.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { l1, l1L2, l2, orthogonalRegularizer, weightPenalty } from '../../src/nn/regularizers.ts';
import type { Regularizer } from '../../src/nn/regularizers.ts';
import { read, Variable } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import { caseName, parityFile } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';
import { camelCase } from './words.ts';

interface WeightCase extends ParityCase {
  readonly w: ParityTensor;
}

interface WeightCases {
  readonly constraints: readonly (WeightCase & { readonly after: ParityTensor })[];
  readonly regularizers: readonly (WeightCase & {
    readonly penalty: ParityTensor;
    readonly gradient: ParityTensor;
  })[];
}

const { constraints, regularizers } = parityFile<WeightCases>('weights');

const inOurWords = <O>(config: Readonly<Record<string, unknown>>): O =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [camelCase(key), value])) as O;

type Making<T> = Readonly<Record<string, (config: Readonly<Record<string, any>>) => T>>;

const constraintBy: Making<Constraint> = {
  MaxNorm: (config) => maxNorm(inOurWords(config)),
  NonNeg: () => nonNeg(),
  UnitNorm: (config) => unitNorm(inOurWords(config)),
  MinMaxNorm: (config) => minMaxNorm(inOurWords(config)),
};

const regularizerBy: Making<Regularizer> = {
  L1: (config) => l1(config.l1),
  L2: (config) => l2(config.l2),
  L1L2: (config) => l1L2(config),
  OrthogonalRegularizer: (config) => orthogonalRegularizer(config),
};

describe('constraints are those of Keras', () => {
  it.each(constraints.map((c, i) => [caseName(c, i), c] as const))(
    '%s',
    async (_, { keras, config, w, after }) => {
      const gpu = await testGpu();
      const variable = new Variable({
        name: 'w',
        shape: w.shape,
        initialize: (data) => data.set(w.data),
        constraint: constraintBy[keras](config),
      });
      // a step of length 0, after which the constraint holds
      const program = await gpu.compile((g) => {
        const loss = reduceSum(read(variable));
        g.minimize(loss, [variable], sgd({ learningRate: 0 }));
        return { loss };
      });
      await program.step();
      await program.finish();
      expect(array(w.shape, await gpu.variables.read(variable))).toBeAllClose(array(after.shape, after.data));
      program.destroy();
    },
  );
});

describe('regularizers are those of Keras', () => {
  it.each(regularizers.map((c, i) => [caseName(c, i), c] as const))(
    '%s',
    async (_, { keras, config, w, penalty, gradient }) => {
      const own = regularizerBy[keras](config);
      const [value, slope] = await evaluate(
        (t) => {
          const loss = weightPenalty(own, t, 'w');
          return [loss, gradients(loss, [t])[0]!];
        },
        [array(w.shape, w.data)],
      );
      expect(value).toBeAllClose(array([], penalty.data));
      expect(slope).toBeAllClose(array(gradient.shape, gradient.data));
    },
  );
});

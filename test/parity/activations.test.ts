import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { activationOf } from '../../src/nn/activations.ts';
import type { Activation } from '../../src/nn/activations.ts';
import { constant } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { multiply } from '../../src/ops/elementwise/elementwise.ts';
import * as ops from '../../src/ops/index.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';
import { camelCase } from './words.ts';

interface ActivationCase extends ParityCase {
  readonly x: ParityTensor;
  readonly dy: ParityTensor;
  readonly y: ParityTensor;
  readonly dx: ParityTensor;
}

type Numbers = Readonly<Record<string, number>>;

/** With options, Keras's functions are ops; without, names. */
const withOptions: Readonly<Record<string, (x: Tensor, c: Numbers & { approximate?: boolean }) => Tensor>> = {
  celu: (x, { alpha }) => ops.celu(x, alpha),
  elu: (x, { alpha }) => ops.elu(x, alpha),
  gelu: (x, { approximate }) => ops.gelu(x, approximate),
  glu: (x, { axis }) => ops.glu(x, axis),
  hard_shrink: (x, { threshold }) => ops.hardShrink(x, threshold),
  leaky_relu: (x, { negative_slope }) => ops.leakyRelu(x, negative_slope),
  relu: (x, { negative_slope: negativeSlope, max_value: maxValue, threshold }) =>
    ops.relu(x, { negativeSlope, maxValue, threshold }),
  soft_shrink: (x, { threshold }) => ops.softShrink(x, threshold),
  squareplus: (x, { b }) => ops.squareplus(x, b),
  threshold: (x, { threshold, default_value }) => ops.threshold(x, threshold, default_value),
};

/** The rows that are probabilities. */
const rowsOfSum1 = ({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): number[] =>
  Array.from({ length: shape[0] }, (_, row) => row).filter((row) => {
    const sum = Array.from(data).slice(row * shape[1], (row + 1) * shape[1]).reduce((a, b) => a + b); // prettier-ignore
    return Math.abs(sum - 1) < 1e-5;
  });

describe('activations are those of Keras', () => {
  it.each(parityCases<ActivationCase>('activations').map((c, i) => [caseName(c, i), c] as const))(
    '%s',
    async (_name, { keras, config, x, dy, ...expected }) => {
      const own =
        Object.keys(config).length > 0
          ? (t: Tensor) => withOptions[keras](t, config as Numbers)
          : activationOf(camelCase(keras) as Activation);
      const [y, dx] = await evaluate(
        (t) => {
          const value = own(t);
          const loss = reduceSum(multiply(value, constant(Float32Array.from(dy.data), dy.shape)));
          return [value, gradients(loss, [t])[0]!];
        },
        [array(x.shape, x.data)],
      );
      // Keras's sparsemax gives rows that are no probabilities where the support has more than one entry; by its definition
      // (Martins & Astudillo 2016) they sum to 1. The other rows agree.
      const rows = keras === 'sparsemax' ? rowsOfSum1(expected.y) : [...Array(x.shape[0]).keys()];
      expect(rows.length).toBeGreaterThan(0);
      const taken = ({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }) =>
        rows.flatMap((row) => Array.from(data).slice(row * shape[1], (row + 1) * shape[1]));
      expect(y.shape).toEqual(expected.y.shape);
      expect(taken(y)).toBeAllClose(taken(expected.y));
      expect(taken(dx)).toBeAllClose(taken(expected.dx));
      if (keras === 'sparsemax') expect(rowsOfSum1(y)).toHaveLength(x.shape[0]);
    },
  );
});

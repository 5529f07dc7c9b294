import { expect, it } from 'vitest';
import '../helpers/close.ts';
import { read, input, Variable } from '../../src/ops/core/leaves.ts';
import { add, multiply } from '../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Minimizer } from '../../src/runtime/minimizer.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';
import { optimizerOfKeras } from './optimizerWords.ts';
import { share } from '../helpers/share.ts';

interface OptimizerCase extends ParityCase {
  readonly schedule: ParityCase | null;
  /** Of the parameters; w0, w1, … where there are none. */
  readonly names?: readonly string[];
  /** Keras's `exclude_from_weight_decay(var_names=…)`. */
  readonly exclude?: readonly string[] | null;
  readonly start: readonly ParityTensor[];
  /** Of each step, for each parameter. */
  readonly gradients: readonly (readonly ParityTensor[])[];
  /** The parameters after each step. */
  readonly after: readonly (readonly ParityTensor[])[];
  /** After the last step. */
  readonly averages: readonly ParityTensor[] | null;
}

const cases = ['optimizers', 'moreOptimizers', 'torchOptimizers'].flatMap((file) =>
  parityCases<OptimizerCase>(file),
);

it.each(
  share(
    cases.map((own, i) => [caseName(own, i), own] as const),
    2,
    0,
  ),
)('%s', async (_, own) => {
  const optimizer = optimizerOfKeras(own.keras, own.config, own.schedule, own.exclude);
  const gpu = await testGpu();
  const variables = own.start.map(
    ({ shape, data }, i) =>
      new Variable({
        name: own.names?.[i] ?? `w${i}`,
        shape: [...shape],
        initialize: (values) => values.set(data),
      }),
  );
  const gradients = variables.map(({ name, shape }) => input(`gradient of ${name}`, shape));
  let minimizer!: Minimizer;
  const program = await gpu.compile((g) => {
    const loss = variables.map((v, i) => reduceSum(multiply(read(v), gradients[i]))).reduce(add);
    minimizer = g.minimize(loss, variables, optimizer);
    return {};
  });
  for (const [step, expected] of own.after.entries()) {
    gradients.forEach((gradient, i) =>
      program.write(gradient, Float32Array.from(own.gradients[step][i].data)),
    );
    await program.step();
    await program.finish();
    for (const [i, variable] of variables.entries()) {
      const values = await gpu.variables.read(variable);
      expect(values, `${variable.name} after step ${step}`).toBeAllClose(expected[i].data);
      // Closer than the tolerance of 1e-5 where all values are small steps from the start.
      const moved = expected[i].data.map((value, k) => value - own.start[i].data[k]);
      const scale = Math.max(...moved.map(Math.abs));
      expect(
        [...values].map((value, k) => value - Math.fround(own.start[i].data[k])),
        `how far ${variable.name} has moved after step ${step}`,
      ).toBeAllClose(moved, { rtol: 1e-3, atol: 1e-3 * scale + 4e-7 });
    }
  }
  expect(optimizer.averages).toBe(own.averages !== null);
  if (own.averages) {
    const slots = await minimizer.readSlots(gpu.variables);
    variables.forEach((variable, i) =>
      expect(slots.get(variable)!.at(-1)!).toBeAllClose(own.averages![i].data),
    );
  }
  program.destroy();
  gpu.release(minimizer);
  gpu.variables.release(variables);
});

import { sgd } from '../../src/nn/optimizers.ts';
import type { Schedule } from '../../src/nn/schedules.ts';
import { read, Variable } from '../../src/ops/core/leaves.ts';
import { negate } from '../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { testGpu } from '../helpers/evaluate.ts';

/** A schedule at some steps as a kernel computes it: how far a weight with gradient −1 moves. */
export async function ratesOnGpu(schedule: Schedule, steps: readonly number[]): Promise<number[]> {
  const gpu = await testGpu();
  const variable = new Variable({ name: 'w', shape: [1], initialize: () => {} });
  const optimizer =
    schedule.gives === 'factors' ? sgd({ learningRate: 1, schedule }) : sgd({ learningRate: schedule });
  const program = await gpu.compile((g) => {
    g.minimize(reduceSum(negate(read(variable))), [variable], optimizer);
    return {};
  });
  const rates: number[] = [];
  for (const step of steps) {
    gpu.variables.write(variable, Float32Array.of(0));
    program.reset(step);
    await program.step();
    await program.finish();
    rates.push((await gpu.variables.read(variable))[0]);
  }
  program.destroy();
  return rates;
}

import type { Optimizer } from '../../src/nn/optimizers.ts';
import { add, multiply, square, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { constant, read, Variable } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Minimizer } from '../../src/runtime/minimizer.ts';
import type { Program } from '../../src/runtime/program.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { random, type Array64 } from '../reference/array.ts';
import type * as reference from '../reference/optimizers.ts';
import { testGpu } from '../helpers/evaluate.ts';

/** Several tensors of odd sizes, so that the flat buffer has gaps and crosses workgroups. */
export const shapes = [[3, 5], [1], [17, 31], [64], [2, 2, 2], [1000]];

export interface Problem {
  gpu: Gpu;
  variables: Variable[];
  start: Array64[];
  targets: Array64[];
  stiffness: Array64[];
}

/** Least squares Σ c (w − t)² with stiffnesses c from 0.01 to 5: gradients of very different sizes. */
export async function problem(
  software = true,
  own: readonly (readonly number[])[] = shapes,
): Promise<Problem> {
  const start = own.map((shape, i) => random(i + 1, shape, -1, 1));
  const variables = start.map(
    ({ shape, data }, i) => new Variable({ name: `w${i}`, shape, initialize: (values) => values.set(data) }),
  );
  const targets = own.map((shape, i) => random(i + 20, shape, -1, 1));
  const stiffness = own.map((shape, i) => random(i + 40, shape, 0.01, 5));
  return { gpu: await testGpu(software), variables, start, targets, stiffness };
}

/** The program that takes a step, and the optimizer at work in it. */
export async function stepProgram(
  { gpu, variables, targets, stiffness }: Problem,
  optimizer: Optimizer,
): Promise<{ program: Program; minimizer: Minimizer }> {
  let minimizer!: Minimizer;
  const program = await gpu.compile((g) => {
    const asConstant = ({ data, shape }: Array64) => constant(Float32Array.from(data), shape);
    const terms = variables.map((variable, i) =>
      reduceSum(multiply(asConstant(stiffness[i]), square(subtract(read(variable), asConstant(targets[i]))))),
    );
    const loss = terms.reduce(add);
    minimizer = g.minimize(loss, variables, optimizer);
    return { loss };
  });
  return { program, minimizer };
}

/** Weights of all variables after each step on the GPU. */
export async function gpuTrajectory(
  data: Problem,
  optimizer: Optimizer,
  steps: number,
  {
    beforeStep,
    afterStep,
  }: {
    beforeStep?: (step: number, minimizer: Minimizer) => void;
    afterStep?: (step: number, minimizer: Minimizer) => Promise<void>;
  } = {},
): Promise<Float32Array[][]> {
  const { program, minimizer } = await stepProgram(data, optimizer);
  const trajectory: Float32Array[][] = [];
  for (let step = 0; step < steps; step++) {
    beforeStep?.(step, minimizer);
    await program.step();
    await program.finish();
    const values = await data.gpu.variables.readAll(data.variables);
    trajectory.push(data.variables.map((variable) => values.get(variable)!));
    await afterStep?.(step, minimizer);
  }
  program.destroy();
  return trajectory;
}

/** All variables as one vector. */
const joined = (arrays: readonly Array64[]) =>
  Float64Array.from(arrays.flatMap(({ data }) => Array.from(data)));

/** The same in float64, of all variables in one vector; the vectors are cut up by variable again. */
export function exactTrajectory(
  { start, targets, stiffness }: Problem,
  make: (size: number) => reference.Optimizer,
  steps: number,
): { weights: Float64Array[][]; averages: Float64Array[][] } {
  const [w, target, c] = [start, targets, stiffness].map(joined);
  const optimizer = make(w.length);
  const cut = (vector: Float64Array) => {
    let offset = 0;
    return start.map(({ data }) => vector.slice(offset, (offset += data.length)));
  };
  const [weights, averages]: Float64Array[][][] = [[], []];
  for (let step = 0; step < steps; step++) {
    optimizer.step(
      w,
      w.map((value, j) => 2 * c[j] * (value - target[j])),
    );
    weights.push(cut(w));
    averages.push(cut(optimizer.state.averages ?? w));
  }
  return { weights, averages };
}

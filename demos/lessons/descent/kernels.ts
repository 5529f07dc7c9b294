import { gradients, ops, sgd, Variable } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';

/** The data: y = 2x. */
export const INPUTS = [0, 1, 2, 3, 4];
export const TARGETS = [0, 2, 4, 6, 8];
/** Where the parabola is drawn. */
export const WEIGHTS = Array.from({ length: 81 }, (_, i) => i / 20);
/** How far the tangent reaches to either side of the weight. */
export const REACH = 0.5;

const column = (values: readonly number[]) => ops.constant(Float32Array.from(values), [values.length]);

/** One weight w, its loss Σ (w x − y)², the slope of it, and a step of gradient descent. */
export async function create(gpu: Gpu) {
  const weight = new Variable({ name: 'w', shape: [1], initialize: (values) => values.fill(3) });
  const [x, y] = [column(INPUTS), column(TARGETS)];
  const lossOf = (w: ReturnType<typeof ops.read>) => {
    const prediction = ops.multiply(x, w);
    const error = ops.subtract(prediction, y);
    const squared = ops.square(error);
    return { prediction, error, squared };
  };

  const look = await gpu.compile(
    () => {
      const w = ops.read(weight);
      const rate = ops.input('rate', [1]);
      const { prediction, error, squared } = lossOf(w);
      const total = ops.reduceSum(squared, { keepDims: true });
      const [slope, perPrediction] = gradients(total, [w, prediction]);
      const change = ops.multiply(rate, slope!);
      return {
        prediction,
        error,
        squared,
        total,
        slope: slope!,
        shares: ops.multiply(perPrediction!, x), // each sample's part of the slope
        change,
        next: ops.subtract(w, change),
        tangent: ops.add(total, ops.multiply(slope!, column([-REACH, REACH]))),
      };
    },
    { label: 'look' },
  );
  const parabola = await gpu.compile(
    () => {
      const ws = ops.constant(Float32Array.from(WEIGHTS), [WEIGHTS.length, 1]);
      return { totals: ops.reduceSum(lossOf(ws).squared, { axes: [1] }) };
    },
    { label: 'parabola' },
  );
  const rate = gpu.minimizer([weight], sgd());
  const descend = await gpu.compile(
    (g) => {
      const w = ops.read(weight);
      g.minimize(ops.reduceSum(lossOf(w).squared), [weight], rate);
      return { w };
    },
    { label: 'step' },
  );

  return {
    programs: [look, parabola, descend],
    calls: {
      async parabola(): Promise<number[]> {
        await parabola.step();
        return (await outputs(gpu, parabola, ['totals'])).totals;
      },
      /** Everything that follows from a weight, at a learning rate. */
      async look(w: number, learningRate: number) {
        gpu.variables.write(weight, Float32Array.of(w));
        look.write('rate', Float32Array.of(learningRate));
        await look.step();
        return outputs(gpu, look, [
          'prediction',
          'error',
          'squared',
          'total',
          'slope',
          'shares',
          'change',
          'next',
          'tangent',
        ]);
      },
      /** Makes a step of gradient descent from `w`, by the optimizer's kernel. */
      async step(w: number, learningRate: number): Promise<number> {
        gpu.variables.write(weight, Float32Array.of(w));
        rate.learningRate = learningRate;
        await descend.step();
        const [next] = (await outputs(gpu, descend, ['w'])).w;
        return next;
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

import { gradients, losses, ops } from '../../../src/index.ts';
import type { Gpu, Program, Tensor } from '../../../src/index.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';
import { CASES, CASE_NAMES, placesOf, POINTS } from './cases.ts';
import type { CaseName } from './cases.ts';

/** Of each case, the prediction and its losses, each a value per row. */
const JUDGED: Readonly<Record<CaseName, (z: Tensor, y: Tensor) => { prediction: Tensor; losses: Tensor[] }>> =
  {
    regression: (z, y) => ({
      prediction: ops.scale(z, 1),
      losses: [losses.meanSquaredError(z, y), losses.meanAbsoluteError(z, y), losses.huber(z, y)],
    }),
    two(z, y) {
      const prediction = ops.sigmoid(z);
      return {
        prediction,
        losses: [losses.binaryCrossEntropyWithLogits(z, y), losses.meanSquaredError(prediction, y)],
      };
    },
    many(z, y) {
      const prediction = ops.softmax(z);
      return {
        prediction,
        losses: [losses.softmaxCrossEntropy(z, y), losses.meanSquaredError(prediction, y)],
      };
    },
    divergence(z, y) {
      const prediction = ops.softmax(z);
      const { kullbackLeiblerDivergence: divergence } = losses;
      return { prediction, losses: [divergence(prediction, y), divergence(y, prediction)] };
    },
  };

export interface Judged {
  readonly prediction: readonly number[];
  /** By loss: its value, its slope along each raw output, and its values along the first raw output. */
  readonly losses: readonly {
    readonly value: number;
    readonly slopes: readonly number[];
    readonly curve: readonly number[];
  }[];
}

/** Losses of raw outputs, over a row for the point itself and one for each place on the curve through it. */
export async function create(gpu: Gpu) {
  const rows = POINTS + 1;
  const programs = {} as Record<CaseName, Program>;
  for (const name of CASE_NAMES) {
    const { outputs: width } = CASES[name];
    programs[name] = await gpu.compile(
      () => {
        const z = ops.input('z', [rows, width]);
        const y = ops.broadcastTo(ops.input('y', [1, width]), [rows, width]);
        const { prediction, losses: all } = JUDGED[name](z, y);
        const found: Record<string, Tensor> = { prediction };
        for (const [i, loss] of all.entries()) {
          found[`loss ${i}`] = loss;
          found[`slope ${i}`] = gradients(ops.reduceSum(loss), [z])[0]!;
        }
        return found;
      },
      { label: name },
    );
  }

  return {
    programs: Object.values(programs),
    calls: {
      async judge(name: CaseName, z: readonly number[], y: readonly number[]): Promise<Judged> {
        const { outputs: width, range, losses: names } = CASES[name];
        const program = programs[name];
        const along = placesOf(range).flatMap((place) => [place, ...z.slice(1)]);
        program.write('z', Float32Array.from([...z, ...along]));
        program.write('y', Float32Array.from(y));
        await program.step();
        const wanted = ['prediction', ...names.flatMap((_, i) => [`loss ${i}`, `slope ${i}`])];
        const found = await outputs(gpu, program, wanted);
        return {
          prediction: found.prediction.slice(0, width),
          losses: names.map((_, i) => {
            const [value, ...curve] = found[`loss ${i}`];
            return { value, slopes: found[`slope ${i}`].slice(0, width), curve };
          }),
        };
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

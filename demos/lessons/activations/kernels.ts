import { activations, gradients, ops } from '../../../src/index.ts';
import type { Gpu, Tensor } from '../../../src/index.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';
import { DEPTHS, NAMES, XS } from './functions.ts';
import type { FunctionName } from './functions.ts';

/** A function's values and slopes at some inputs. */
export interface Curve {
  readonly values: readonly number[];
  readonly slopes: readonly number[];
}

interface Point {
  readonly value: number;
  readonly slope: number;
  readonly powers: readonly number[];
}

/** The activations and their derivatives, by the engine's own rules. */
export async function create(gpu: Gpu) {
  const withSlope = (name: FunctionName, x: Tensor) => {
    // The sum over all inputs has, for each input, the slope of the function as its gradient.
    const y = activations[name](x);
    const value = ops.scale(y, 1); // linear gives its input itself, which is not an output of a kernel
    return { value, slope: gradients(ops.reduceSum(y), [x])[0]! };
  };
  const compileAt = (label: string, size: number) =>
    gpu.compile(
      () => {
        const x = ops.input('x', [size]);
        const curves = NAMES.map((name) => withSlope(name, x));
        const [value, slope] = [curves.map((each) => each.value), curves.map((each) => each.slope)];
        const stack = (list: Tensor[]) =>
          ops.concat(
            list.map((each) => ops.reshape(each, [1, size])),
            0,
          );
        const slopes = stack(slope);
        const found: Record<string, Tensor> = { values: stack(value), slopes };
        // Through n layers that are all at x, a gradient is multiplied by the slope n times.
        if (size === 1)
          found.powers = ops.concat(
            DEPTHS.map((depth) => powerOf(slopes, depth)),
            1,
          );
        return found;
      },
      { label },
    );
  const curves = await compileAt('curves', XS.length);
  const point = await compileAt('point', 1);

  return {
    programs: [curves, point],
    calls: {
      async curves(): Promise<Record<FunctionName, Curve>> {
        curves.write('x', Float32Array.from(XS));
        await curves.step();
        const { values, slopes } = await outputs(gpu, curves, ['values', 'slopes']);
        const row = (list: number[], i: number) => list.slice(i * XS.length, (i + 1) * XS.length);
        return byName((i) => ({ values: row(values, i), slopes: row(slopes, i) }));
      },
      /** All functions at one input, and what is left of a gradient behind so many layers (DEPTHS). */
      async at(x: number): Promise<Record<FunctionName, Point>> {
        point.write('x', Float32Array.of(x));
        await point.step();
        const { values, slopes, powers } = await outputs(gpu, point, ['values', 'slopes', 'powers']);
        const depths = DEPTHS.length;
        return byName((i) => ({
          value: values[i],
          slope: slopes[i],
          powers: powers.slice(i * depths, (i + 1) * depths),
        }));
      },
    },
  } satisfies Lab;
}

const byName = <T>(of: (index: number) => T) =>
  Object.fromEntries(NAMES.map((name, i) => [name, of(i)])) as Record<FunctionName, T>;

/** By multiplication: a slope may be negative, of which powers with a real exponent know nothing. */
function powerOf(slopes: Tensor, depth: number): Tensor {
  if (depth === 1) return slopes;
  const half = powerOf(slopes, Math.floor(depth / 2));
  const even = ops.square(half);
  return depth % 2 === 0 ? even : ops.multiply(even, slopes);
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

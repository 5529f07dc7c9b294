import { gradients, ops, sgd, Variable } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';

/** The first weights: of the hidden layer w (by input, then by neuron) and b, of the output v and c. */
export const FIRST = { w: [0.5, -0.4, 0.3, 0.8], b: [0.1, -0.2], v: [0.7, -0.6], c: [0.05] } as const;

const OUTPUTS = [
  'z',
  'h',
  'p',
  'loss',
  'dp',
  'dv',
  'dc',
  'dh',
  'dz',
  'dw',
  'db',
  'w',
  'b',
  'v',
  'c',
] as const;
const WEIGHTS = ['w', 'b', 'v', 'c'] as const;
/** What each weight becomes by a step. */
const NEXT = ['nextW', 'nextB', 'nextV', 'nextC'] as const;
export type Values = Record<(typeof OUTPUTS)[number] | (typeof NEXT)[number], number[]>;

/** Two inputs, two hidden neurons with tanh, one output: forward, and back by the engine's own derivatives. */
export async function create(gpu: Gpu) {
  const variable = (name: keyof typeof FIRST, shape: number[]) =>
    new Variable({ name, shape, initialize: (values) => values.set(FIRST[name]) });
  const [w, b, v, c] = [variable('w', [2, 2]), variable('b', [2]), variable('v', [2, 1]), variable('c', [1])];
  const variables = [w, b, v, c];
  const [x, y] = [ops.input('x', [1, 2]), ops.input('y', [1, 1])];
  const forward = () => {
    const [W, B, V, C] = variables.map((each) => ops.read(each));
    const z = ops.add(ops.matmul(x, W), B);
    const h = ops.tanh(z);
    const p = ops.add(ops.matmul(h, V), C);
    const loss = ops.reduceSum(ops.square(ops.subtract(p, y)));
    return { W, B, V, C, z, h, p, loss };
  };

  const look = await gpu.compile(
    () => {
      const { W, B, V, C, z, h, p, loss } = forward();
      const rate = ops.input('rate', [1]);
      const [dp, dv, dc, dh, dz, dw, db] = gradients(loss, [p, V, C, h, z, W, B]).map((each) => each!);
      const next = (weight: typeof W, gradient: typeof W) =>
        ops.subtract(weight, ops.multiply(rate, gradient));
      return {
        z,
        h,
        p,
        loss,
        dp,
        dv,
        dc,
        dh,
        dz,
        dw,
        db,
        w: W,
        b: B,
        v: V,
        c: C,
        nextW: next(W, dw),
        nextB: next(B, db),
        nextV: next(V, dv),
        nextC: next(C, dc),
      };
    },
    { label: 'look' },
  );
  const minimizer = gpu.minimizer(variables, sgd());
  const update = await gpu.compile(
    (g) => {
      const { loss } = forward();
      g.minimize(loss, variables, minimizer);
      return { loss };
    },
    { label: 'update' },
  );

  return {
    programs: [look, update],
    leaves: { begin: 'reset', goOn: 'update' },
    calls: {
      /** Every number of the network for an input, forward and back. */
      async look(input: readonly number[], target: number, rate: number): Promise<Values> {
        look.write('x', Float32Array.from(input));
        look.write('y', Float32Array.of(target));
        look.write('rate', Float32Array.of(rate));
        await look.step();
        return outputs(gpu, look, [...OUTPUTS, ...NEXT]);
      },
      /** A step of gradient descent. */
      async update(input: readonly number[], target: number, rate: number): Promise<void> {
        update.write('x', Float32Array.from(input));
        update.write('y', Float32Array.of(target));
        minimizer.learningRate = rate;
        await update.step();
      },
      reset(): void {
        for (const [i, name] of WEIGHTS.entries())
          gpu.variables.write(variables[i], Float32Array.from(FIRST[name]));
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

import { losses, ops, sgd, Variable } from '../../../src/index.ts';
import type { Gpu, Tensor } from '../../../src/index.ts';
import { gridPoints } from '../common/field.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';

/** The four inputs, and what each task wants for them. */
export const CORNERS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;
export const TASKS = { or: [0, 1, 1, 1], and: [0, 0, 0, 1], xor: [0, 1, 1, 0] } as const;
export type Task = keyof typeof TASKS;

/** The grid over which the output is drawn. */
export const SIDE = 49;
export const RANGE = [-0.5, 1.5] as const;

/** One neuron (w₁, w₂, b), or two layers: of the hidden neurons w (input by neuron) and b, of the last one w and b. */
export type Kind = 'one' | 'two';
const SHAPES: Readonly<Record<Kind, readonly (readonly number[])[]>> = {
  one: [[2, 1], [1]],
  two: [[2, 2], [2], [2, 1], [1]],
};

const OUTPUTS = ['hidden', 'z', 'output', 'rest', 'losses', 'mean', 'field', 'lines'] as const;

/** The numbers of a network at the four corners, and over the grid. */
export type Look = Record<(typeof OUTPUTS)[number], number[]>;

export async function create(gpu: Gpu) {
  const points = [...CORNERS, ...gridPoints(SIDE, RANGE)];
  const x = ops.constant(Float32Array.from(points.flat()), [points.length, 2]);
  const corners = ops.constant(Float32Array.from(CORNERS.flat()), [4, 2]);
  const targets = ops.input('targets', [4, 1]);

  const networks = { one: await network('one'), two: await network('two') };
  const random = await gpu.compile(() => ({ values: ops.randomNormal([9]) }), { label: 'random' });

  async function network(kind: Kind) {
    const variables = SHAPES[kind].map(
      (shape, i) => new Variable({ name: `${kind} ${i}`, shape, initialize: (values) => values.fill(0) }),
    );
    const forward = (input: Tensor) => {
      const [w, b, w2, b2] = variables.map((variable) => ops.read(variable));
      const first = ops.add(ops.matmul(input, w), b);
      if (kind === 'one') return { first, hidden: first, z: first };
      const hidden = ops.tanh(first);
      return { first, hidden, z: ops.add(ops.matmul(hidden, w2), b2) };
    };
    const rows = (tensor: Tensor, begin: number, size: number) =>
      ops.slice(tensor, [begin, 0], [size, tensor.shape[1]]);
    const look = await gpu.compile(
      () => {
        const { first, hidden, z } = forward(x);
        const output = ops.sigmoid(z);
        const four = losses.binaryCrossEntropyWithLogits(rows(z, 0, 4), targets);
        return {
          hidden: rows(hidden, 0, 4),
          z: rows(z, 0, 4),
          output: rows(output, 0, 4),
          rest: ops.sigmoid(ops.negate(rows(z, 0, 4))), // 1 − output, with all its digits where the output is close to 1
          losses: four,
          mean: ops.reduceMean(four),
          field: rows(output, 4, SIDE * SIDE),
          lines: rows(first, 4, SIDE * SIDE), // a neuron's own boundary is where this is 0
        };
      },
      { label: `look ${kind}` },
    );
    const train = await gpu.compile(
      (g) => {
        const loss = ops.reduceMean(losses.binaryCrossEntropyWithLogits(forward(corners).z, targets));
        g.minimize(loss, variables, sgd({ learningRate: 1 }));
        return { loss };
      },
      { label: `step ${kind}` },
    );
    return { variables, look, train };
  }

  function write(kind: Kind, task: Task, weights: readonly number[]) {
    const { variables, look, train } = networks[kind];
    let at = 0;
    for (const variable of variables) {
      const size = variable.shape.reduce((product, extent) => product * extent, 1);
      gpu.variables.write(variable, Float32Array.from(weights.slice(at, at + size)));
      at += size;
    }
    for (const program of [look, train]) program.write('targets', Float32Array.from(TASKS[task]));
    return networks[kind];
  }

  return {
    programs: [networks.one.look, networks.two.look, networks.one.train, networks.two.train, random],
    calls: {
      async look(kind: Kind, task: Task, weights: readonly number[]): Promise<Look> {
        const { look } = write(kind, task, weights);
        await look.step();
        return outputs(gpu, look, OUTPUTS);
      },
      /** The weights after so many steps of gradient descent. */
      async train(kind: Kind, task: Task, weights: readonly number[], steps: number): Promise<number[]> {
        const { train, variables } = write(kind, task, weights);
        await train.run(steps);
        const values = await gpu.variables.readAll(variables);
        return variables.flatMap((variable) => [...values.get(variable)!]);
      },
      /** Random weights of two layers. */
      async begin(seed: number): Promise<number[]> {
        random.reset(0, seed);
        await random.step();
        return (await outputs(gpu, random, ['values'])).values;
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

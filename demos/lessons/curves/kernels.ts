import { adam, losses, ops, Variable } from '../../../src/index.ts';
import type { Gpu, Tensor } from '../../../src/index.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';
import { batches, moons } from './points.ts';
import type { Points } from './points.ts';
import { HIDDEN } from './scenarios.ts';
import type { Plan } from './scenarios.ts';

/** The most samples of a batch; smaller ones leave the last rows out by a weight of 0. */
const ROWS = 512;
const SEED = 4;
const TRAINING = moons(512, 1);
const VALIDATION = moons(512, 2);

/** How training stands. */
export interface Progress {
  readonly step: number;
  /** Of the last batch, as it was trained on: with dropout. */
  readonly training: number;
  readonly validation: number;
  readonly accuracy: number;
  /** Neurons of the second hidden layer that are below 0 for every input. */
  readonly dead: number;
}

/** A network of two hidden layers on two half moons, trained by Adam. */
export async function create(gpu: Gpu) {
  const weight = (name: string, ...shape: number[]) =>
    new Variable({ name, shape, initialize: (values) => values.fill(0) });
  const [w1, b1, w2, b2, w3, b3] = [
    weight('w1', 2, HIDDEN),
    weight('b1', HIDDEN),
    weight('w2', HIDDEN, HIDDEN),
    weight('b2', HIDDEN),
    weight('w3', HIDDEN, 1),
    weight('b3', 1),
  ];
  const variables = [w1, b1, w2, b2, w3, b3];
  const leak = ops.input('leak', [1]);
  const read = ops.read;

  const activated = (x: Tensor) => ops.add(ops.relu(x), ops.multiply(leak, ops.minimum(x, 0)));
  function forward(x: Tensor, drop: (h: Tensor) => Tensor): { second: Tensor; z: Tensor } {
    const first = ops.add(ops.matmul(x, read(w1)), read(b1));
    const second = ops.add(ops.matmul(drop(activated(first)), read(w2)), read(b2));
    return { second, z: ops.add(ops.matmul(drop(activated(second)), read(w3)), read(b3)) };
  }

  const minimizer = gpu.minimizer(variables, adam());
  const train = await gpu.compile(
    (g) => {
      const [x, y] = [ops.input('x', [ROWS, 2]), ops.input('y', [ROWS, 1])];
      const [share, rate] = [ops.input('share', [ROWS]), ops.input('dropout', [1])];
      // Keeps a neuron where a random number is not below the rate, and makes up for those that are gone.
      const drop = (h: Tensor) => {
        const kept = ops.greaterEqual(ops.randomUniform(h.shape), rate);
        return ops.divide(ops.multiply(h, kept), ops.subtract(1, rate));
      };
      const each = losses.binaryCrossEntropyWithLogits(forward(x, drop).z, y);
      const loss = ops.reduceSum(ops.multiply(each, share));
      g.minimize(loss, variables, minimizer);
      return { loss };
    },
    { label: 'train', seed: SEED },
  );
  const count = VALIDATION.y.length;
  const validate = await gpu.compile(
    () => {
      const x = ops.constant(Float32Array.from(VALIDATION.x.flat()), [count, 2]);
      const y = ops.constant(Float32Array.from(VALIDATION.y), [count, 1]);
      const { second, z } = forward(x, (h) => h);
      return {
        loss: ops.reduceMean(losses.binaryCrossEntropyWithLogits(z, y)),
        accuracy: ops.reduceMean(ops.equal(ops.greater(z, 0), y)),
        dead: ops.reduceSum(ops.lessEqual(ops.reduceMax(second, { axes: [0] }), 0)),
      };
    },
    { label: 'validate' },
  );
  const random = await gpu.compile(
    () => {
      const scale = ops.input('scale', [1]);
      const weights = (shape: number[], deviation: number) =>
        ops.multiply(ops.randomNormal(shape, 0, deviation), scale);
      return {
        w1: weights([2, HIDDEN], 1),
        w2: weights([HIDDEN, HIDDEN], Math.sqrt(2 / HIDDEN)),
        w3: weights([HIDDEN, 1], Math.sqrt(1 / HIDDEN)),
      };
    },
    { label: 'first weights', seed: SEED },
  );
  let order = batches(1, 1, SEED);

  function writeBatch({ x, y }: Points, places: readonly number[]): void {
    const rows = Array.from({ length: ROWS }, (_, i) => places[i] ?? places[0]);
    train.write('x', Float32Array.from(rows.flatMap((place) => x[place])));
    train.write(
      'y',
      Float32Array.from(rows, (place) => y[place]),
    );
    train.write(
      'share',
      Float32Array.from(rows, (_, i) => (i < places.length ? 1 / places.length : 0)),
    );
  }

  async function progress(): Promise<Progress> {
    await validate.step();
    const names = ['loss', 'accuracy', 'dead'] as const;
    const found = await outputs(gpu, validate, names);
    const { loss } = await outputs(gpu, train, ['loss']);
    return {
      step: train.steps,
      training: loss[0],
      validation: found.loss[0],
      accuracy: found.accuracy[0],
      dead: found.dead[0],
    };
  }

  return {
    programs: [train, validate, random],
    leaves: { begin: 'begin', goOn: 'advance' },
    calls: {
      /** Begins again with the first weights. */
      async begin({ rate, dropout, leak, bias, scale, samples, batch }: Plan): Promise<void> {
        random.reset(0);
        random.write('scale', Float32Array.of(scale));
        await random.step();
        const first = await outputs(gpu, random, ['w1', 'w2', 'w3']);
        const values = [first.w1, Array(HIDDEN).fill(0), first.w2, Array(HIDDEN).fill(bias), first.w3, [0]];
        variables.forEach((variable, i) => {
          gpu.variables.write(variable, Float32Array.from(values[i]));
          minimizer.optimizer.slotNames.forEach((_, slot) =>
            minimizer.writeSlot(gpu.variables, variable, slot, new Float32Array(values[i].length)),
          );
        });
        minimizer.learningRate = rate;
        train.write('dropout', Float32Array.of(dropout));
        for (const program of [train, validate]) program.write('leak', Float32Array.of(leak));
        train.reset(0);
        order = batches(samples, Math.min(batch, samples), SEED);
      },
      /** Makes some steps; tells of the last one. */
      async advance(steps: number): Promise<Progress> {
        for (let i = 0; i < steps; i++) {
          writeBatch(TRAINING, order.next().value);
          await train.step();
        }
        return progress();
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

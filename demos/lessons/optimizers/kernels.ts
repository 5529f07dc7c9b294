import { adagrad, adam, ops, rmsprop, sgd, Variable } from '../../../src/index.ts';
import type { Gpu, Minimizer, Optimizer, Program, Tensor } from '../../../src/index.ts';
import { gridPoints } from '../common/field.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';
import { NAMES, RACERS, RANGE, SIDE } from './surfaces.ts';
import type { Racer, Surface } from './surfaces.ts';

const OPTIMIZERS: Readonly<Record<Racer, (learningRate: number) => Optimizer>> = {
  sgd: (learningRate) => sgd({ learningRate }),
  momentum: (learningRate) => sgd({ learningRate, momentum: 0.9 }),
  adagrad: (learningRate) => adagrad({ learningRate }),
  rmsprop: (learningRate) => rmsprop({ learningRate }),
  adam: (learningRate) => adam({ learningRate }),
};

const square = ops.square;
/** The height of each surface. */
const HEIGHTS: Readonly<Record<Surface, (x: Tensor, y: Tensor) => Tensor>> = {
  // 0.1 x² + 2 y²
  valley: (x, y) => ops.add(ops.scale(square(x), 0.1), ops.scale(square(y), 2)),
  // (1 − x)² / 4 + 2 (y − x²)², Rosenbrock's valley, less steep
  bend: (x, y) =>
    ops.add(ops.scale(square(ops.shift(x, -1)), 0.25), ops.scale(square(ops.subtract(y, square(x))), 2)),
  // x² − y² + y⁴ / 3
  saddle: (x, y) => ops.add(ops.subtract(square(x), square(y)), ops.scale(square(square(y)), 1 / 3)),
  // (x² − 1)² + 0.4 x + y²
  wells: (x, y) => ops.add(ops.add(square(ops.shift(square(x), -1)), ops.scale(x, 0.4)), square(y)),
};

interface Race {
  readonly run: Program;
  readonly look: Program;
  readonly minimizers: readonly Minimizer[];
}

/** Where the racers are, in the order of NAMES. */
export interface Places {
  readonly x: number[];
  readonly y: number[];
  readonly loss: number[];
}

export async function create(gpu: Gpu) {
  const coordinate = (name: string) =>
    new Variable({ name, shape: [1], initialize: (values) => values.fill(0) });
  const racers = NAMES.map((name) => ({ name, x: coordinate(`${name} x`), y: coordinate(`${name} y`) }));
  const points = gridPoints(SIDE, RANGE);
  const axis = (i: 0 | 1) =>
    ops.constant(
      Float32Array.from(points, (point) => point[i]),
      [points.length],
    );
  const fields: Record<string, Program> = {};
  for (const surface of Object.keys(HEIGHTS) as Surface[]) {
    fields[surface] = await gpu.compile(() => ({ height: HEIGHTS[surface](axis(0), axis(1)) }), {
      label: surface,
    });
  }
  let race = await prepare('valley', 1);

  /** A race with optimizers that remember nothing of the last one. Its kernels are compiled only once. */
  async function prepare(surface: Surface, factor: number): Promise<Race> {
    const minimizers: Minimizer[] = [];
    const lossOf = ({ x, y }: (typeof racers)[number]) => HEIGHTS[surface](ops.read(x), ops.read(y));
    const run = await gpu.compile(
      (g) => {
        for (const racer of racers) {
          const optimizer = OPTIMIZERS[racer.name](RACERS[racer.name].rate * factor);
          minimizers.push(g.minimize(ops.reduceSum(lossOf(racer)), [racer.x, racer.y], optimizer));
        }
        return {};
      },
      { label: 'race' },
    );
    const look = await gpu.compile(
      () => ({
        x: ops.concat(
          racers.map(({ x }) => ops.read(x)),
          0,
        ),
        y: ops.concat(
          racers.map(({ y }) => ops.read(y)),
          0,
        ),
        loss: ops.concat(racers.map(lossOf), 0),
      }),
      { label: 'look' },
    );
    return { run, look, minimizers };
  }

  async function look(): Promise<Places> {
    await race.look.step();
    return outputs(gpu, race.look, ['x', 'y', 'loss']);
  }

  return {
    programs: [race.run, race.look, fields.valley],
    leaves: { begin: 'begin', goOn: 'step' },
    calls: {
      /** The heights over the grid. */
      async field(surface: Surface): Promise<number[]> {
        await fields[surface].step();
        return (await outputs(gpu, fields[surface], ['height'])).height;
      },
      /** Puts all racers at the start. */
      async begin(surface: Surface, [x, y]: readonly [number, number], factor: number): Promise<Places> {
        const old = race;
        race = await prepare(surface, factor);
        for (const program of [old.run, old.look]) program.destroy();
        for (const minimizer of old.minimizers) gpu.release(minimizer);
        for (const racer of racers) {
          gpu.variables.write(racer.x, Float32Array.of(x));
          gpu.variables.write(racer.y, Float32Array.of(y));
        }
        return look();
      },
      /** A step of each. */
      async step(): Promise<Places> {
        await race.run.step();
        return look();
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

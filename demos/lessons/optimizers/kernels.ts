import { adagrad, adam, gradients, ops, rmsprop, sgd, Variable } from '../../../src/index.ts';
import type { Gpu, Minimizer, Optimizer, Program, Tensor } from '../../../src/index.ts';
import { gridPoints } from '../common/field.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';
import { NAMES, RACERS, RANGE, SIDE } from './surfaces.ts';
import type { Racer, RacerRule, Surface } from './surfaces.ts';

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

const PLACES = ['x', 'y', 'loss', 'slopeX', 'slopeY'] as const;
/** Where the racers are, in the order of NAMES, and the slopes there. */
export type Places = Record<(typeof PLACES)[number], number[]>;

/** The last step of an optimizer in numbers, each along x and along y. */
export interface Detail {
  readonly count: number;
  readonly before: readonly number[];
  readonly slope: readonly number[];
  /** What it remembers, in the order of its slots. */
  readonly kept: readonly (readonly number[])[];
  /** Of Adam: the moving means. */
  readonly corrected: readonly (readonly number[])[];
  readonly step: readonly number[];
  readonly after: readonly number[];
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
  const detail = await gpu.compile(
    () => {
      const [before, after, m, s] = ['before', 'after', 'm', 's'].map((name) => ops.input(name, [2]));
      const count = ops.input('count', [1]);
      const corrected = (mean: Tensor, beta: number) =>
        ops.divide(mean, ops.subtract(1, ops.exp(ops.scale(count, Math.log(beta)))));
      return {
        step: ops.subtract(after, before),
        mean: corrected(m, 0.9),
        square: corrected(s, 0.999),
      };
    },
    { label: 'a step in numbers' },
  );
  let race = await prepare('valley', 1);
  /** Before and after the last step. */
  let [before, now]: (Places | undefined)[] = [];
  let count = 0;

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
      () => {
        const each = racers.map(({ x, y }) => {
          const place = [ops.read(x), ops.read(y)];
          const loss = HEIGHTS[surface](place[0], place[1]);
          return [...place, loss, ...gradients(ops.reduceSum(loss), place).map((slope) => slope!)];
        });
        const all = (i: number) =>
          ops.concat(
            each.map((own) => own[i]),
            0,
          );
        return Object.fromEntries(PLACES.map((name, i) => [name, all(i)]));
      },
      { label: 'look' },
    );
    return { run, look, minimizers };
  }

  async function look(): Promise<Places> {
    await race.look.step();
    now = await outputs(gpu, race.look, PLACES);
    return now;
  }

  async function detailOf(name: Racer): Promise<Detail | undefined> {
    if (!before || !now) return undefined;
    const i = NAMES.indexOf(name);
    const slots = await race.minimizers[i].readSlots(gpu.variables);
    const [x, y] = [slots.get(racers[i].x) ?? [], slots.get(racers[i].y) ?? []];
    const kept = x.map((own, slot) => [own[0], y[slot][0]]);
    const of = (places: Places) => [places.x[i], places.y[i]];
    const { corrected }: RacerRule = RACERS[name];
    const inputs = {
      before: of(before),
      after: of(now),
      m: kept[0] ?? [0, 0],
      s: kept[1] ?? [0, 0],
      count: [count],
    };
    for (const [input, values] of Object.entries(inputs)) detail.write(input, Float32Array.from(values));
    await detail.step();
    const found = await outputs(gpu, detail, ['step', 'mean', 'square']);
    return {
      count,
      before: inputs.before,
      slope: [before.slopeX[i], before.slopeY[i]],
      kept,
      corrected: corrected ? [found.mean, found.square] : [],
      step: found.step,
      after: inputs.after,
    };
  }

  return {
    programs: [race.run, race.look, fields.valley, detail],
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
        [before, count] = [undefined, 0];
        return look();
      },
      /** A step of each, and the one of this optimizer in numbers. */
      async step(name: Racer): Promise<{ places: Places; detail: Detail }> {
        before = now;
        await race.run.step();
        count++;
        const places = await look();
        return { places, detail: (await detailOf(name))! };
      },
      /** The last step of another optimizer. */
      detail: detailOf,
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];

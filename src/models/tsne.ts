import { normalFrom, randomStream } from '../data/random.ts';
import { ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';
import { input, read, Variable } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  add,
  less,
  log,
  maximum,
  multiply,
  scale,
  shift,
  subtract,
  divide,
  where,
} from '../ops/elementwise/elementwise.ts';
import { assign } from '../ops/optimizer/assign.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import { tsneAttraction, tsneExactAttraction, tsneRepulsion } from '../ops/tsne/tsne.ts';
import type { Location } from '../runtime/location.ts';
import type { Program } from '../runtime/program.ts';
import type { Gpu } from '../runtime/session.ts';
import { neighbourGraph, rowScales } from './tsneNeighbours.ts';

/** As scikit-learn has them. */
export interface TsneOptions {
  readonly gpu: Gpu;
  /** The neighbours that a point has in effect: at least 1, below the number of points. Default 30. */
  readonly perplexity?: number;
  /** The first 250 steps pull so many times harder, so that groups find each other. Default 12. */
  readonly earlyExaggeration?: number;
  /** Default: points / earlyExaggeration / 4, at least 50 (Belkina et al. 2019). */
  readonly learningRate?: number;
  /** Pull at all other points, not only at the nearest 3 · perplexity: more work in each step. Default false. */
  readonly exact?: boolean;
  /** Where the map begins: at the first two columns of the data, or at random. Default 'columns'. */
  readonly start?: 'columns' | 'random';
  /** Of a random start. Default 0. */
  readonly seed?: number;
  /** Called as the neighbours are found, with the share that is done. */
  readonly onProgress?: (part: number) => void;
}

/** Steps with exaggeration, and with less momentum. */
export const EARLY_STEPS = 250;
const MOMENTUM = { early: 0.5, late: 0.8 };
/** The standard deviation of the first column of a start. */
const START = 1e-4;
/** Gains grow by this where a slope keeps its sign, and shrink to this share where it does not (Jacobs 1988). */
const GAIN = { more: 0.2, less: 0.8, least: 0.01 };

/** [points, 2] each. */
type MapVariables = Readonly<Record<'places' | 'velocity' | 'gains', Variable>>;

/**
 * t-SNE (van der Maaten & Hinton 2008): a map of points in the plane that has the neighbours of their data. With p_ij how near two
 * points are in the data, and q_ij = (1 + |y_i − y_j|²)⁻¹ / Z how near in the map, it descends KL(P ‖ Q) = Σ p log(p / q), whose
 * gradient is
 *
 *   dKL/dy_i = 4 Σ_j (p_ij − q_ij) (1 + |y_i − y_j|²)⁻¹ (y_i − y_j)
 *
 * with momentum and a gain for each coordinate. The repulsion is exact, over all pairs, in memory that grows with the points. A step
 * is one submit and reads nothing back.
 */
export class Tsne {
  readonly points: number;
  /** The start, which `restart` returns to. */
  readonly #start: Float32Array;
  readonly #gpu: Gpu;
  readonly #program: Program;
  readonly #variables: MapVariables;
  readonly #exaggeration: number;
  #step = 0;

  private constructor(
    gpu: Gpu,
    program: Program,
    variables: MapVariables,
    start: Float32Array,
    exaggeration: number,
  ) {
    this.#gpu = gpu;
    this.#program = program;
    this.#variables = variables;
    this.#start = start;
    this.points = start.length / 2;
    this.#exaggeration = exaggeration;
    this.#write();
  }

  /**
   * Finds the neighbours and compiles a step.
   *
   * @param data rows of `features` numbers, such as 50 principal components, those of the largest variance first
   * @throws ArgumentError where an option does not fit the data
   */
  static async create(data: Float32Array, features: number, options: TsneOptions): Promise<Tsne> {
    const points = data.length / features;
    const settled = settleOptions(points, features, options);
    const { gpu, perplexity, earlyExaggeration, learningRate, exact } = settled;
    const start = startOf(data, features, settled);
    const variable = (name: string, value: number) =>
      new Variable({ name, shape: [points, 2], initialize: (values) => values.fill(value) });
    const variables = {
      places: variable('places', 0),
      velocity: variable('velocity', 0),
      gains: variable('gains', 1),
    };
    const search = { perplexity, onProgress: settled.onProgress };
    const [graph, scales] = exact
      ? [undefined, await rowScales(gpu, data, features, search)]
      : [await neighbourGraph(gpu, data, features, search), undefined];
    const given: [Tensor, Float32Array | Int32Array][] = [];
    const taken = <T extends Float32Array | Int32Array>(
      name: string,
      values: T,
      shape: readonly number[],
    ) => {
      const tensor = input(name, shape, values instanceof Int32Array ? 'i32' : 'f32');
      given.push([tensor, values]);
      return tensor;
    };
    const program = await gpu.compile(
      () => {
        const places = read(variables.places);
        const attraction = graph
          ? tsneAttraction(places, {
              starts: taken('starts', graph.starts, [points + 1]),
              neighbours: taken('neighbours', graph.neighbours, [graph.neighbours.length]),
              p: taken('p', graph.p, [graph.p.length]),
            })
          : tsneExactAttraction(
              places,
              taken('data', data, [points, features]),
              taken('scales', scales!, [points, 2]),
            );
        const repulsion = tsneRepulsion(places);
        const z = reduceSum(repulsion.weight);
        const pulls = multiply(attraction.force, input('exaggeration', [1]));
        const gradient = scale(subtract(pulls, divide(repulsion.force, z)), 4);
        descend(variables, gradient, learningRate);
        // The p sum to 1, so that log Z, which each of them would add its share of, counts once.
        return { divergence: add(reduceSum(attraction.cost), log(z)) };
      },
      { label: 't-SNE' },
    );
    for (const [tensor, values] of given) program.write(tensor, values);
    gpu.variables.retain(Object.values(variables));
    return new Tsne(gpu, program, variables, start, earlyExaggeration);
  }

  /** Steps made. */
  get step(): number {
    return this.#step;
  }

  /** Where the map lies on the GPU, [points, 2], to draw it from there. */
  get location(): Location {
    return this.#program.location(read(this.#variables.places));
  }

  /** The compiled step. */
  get program(): Program {
    return this.#program;
  }

  /** Makes `count` steps; what they change stays on the GPU. */
  async run(count: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    for (let left = count; left > 0;) {
      const isEarly = this.#step < EARLY_STEPS;
      const now = isEarly ? Math.min(left, EARLY_STEPS - this.#step) : left;
      this.#program.write('exaggeration', Float32Array.of(isEarly ? this.#exaggeration : 1));
      this.#program.write('momentum', Float32Array.of(isEarly ? MOMENTUM.early : MOMENTUM.late));
      await this.#program.run(now, { signal });
      this.#step += now;
      left -= now;
    }
    await this.#program.finish();
  }

  /** The places, x and y of each point. */
  async readMap(): Promise<Float32Array> {
    return this.#gpu.variables.read(this.#variables.places);
  }

  /** KL(P ‖ Q) in nats, of the places before the last step, without exaggeration. Undefined before the first step. */
  async divergence(): Promise<number | undefined> {
    return this.#step === 0 ? undefined : (await this.#program.read('divergence'))[0];
  }

  /** Begins again at the start. */
  restart(): void {
    this.#step = 0;
    this.#write();
  }

  #write(): void {
    const { places, velocity, gains } = this.#variables;
    this.#gpu.variables.write(places, this.#start);
    this.#gpu.variables.write(velocity, new Float32Array(this.#start.length));
    this.#gpu.variables.write(gains, new Float32Array(this.#start.length).fill(1));
  }

  destroy(): void {
    this.#program.destroy();
    this.#gpu.variables.release(Object.values(this.#variables));
  }
}

/** v ← m v − rate · gain · gradient and y ← y + v, with gains that fit. */
function descend({ places, velocity, gains }: MapVariables, gradient: Tensor, learningRate: number): void {
  const before = read(velocity);
  const keeps = less(multiply(gradient, before), 0); // it still goes down the slope
  const gain = maximum(
    where(keeps, shift(read(gains), GAIN.more), scale(read(gains), GAIN.less)),
    GAIN.least,
  );
  const moved = subtract(
    multiply(before, input('momentum', [1])),
    scale(multiply(gain, gradient), learningRate),
  );
  assign(gains, gain);
  assign(velocity, moved);
  assign(places, add(read(places), moved));
}

function settleOptions(points: number, features: number, options: TsneOptions) {
  const {
    gpu,
    perplexity = 30,
    earlyExaggeration = 12,
    exact = false,
    start = 'columns',
    seed = 0,
  } = options;
  const { learningRate = Math.max(50, points / earlyExaggeration / 4), onProgress = () => {} } = options;
  if (!Number.isInteger(points) || points < 3) {
    throw new ArgumentError(
      `t-SNE: the data are ${describe(points)} rows of ${features} numbers; give at least three whole rows`,
    );
  }
  if (!(perplexity >= 1 && perplexity < points - 1)) {
    throw new ArgumentError(
      `t-SNE: the perplexity is ${describe(perplexity)}; it must be at least 1 and below the ${points - 1} other points`,
    );
  }
  for (const [name, value] of Object.entries({ earlyExaggeration, learningRate })) {
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) continue;
    throw new ArgumentError(`t-SNE: ${name} is ${describe(value)}; it must be a number above 0`);
  }
  if (!['columns', 'random'].includes(start) || (start === 'columns' && features < 2)) {
    throw new ArgumentError(
      `t-SNE: start is ${describe(start)}; it is 'columns', with at least two of them, or 'random'`,
    );
  }
  return { gpu, perplexity, earlyExaggeration, learningRate, exact, start, seed, onProgress };
}

function startOf(
  data: Float32Array,
  features: number,
  { start, seed }: Pick<ReturnType<typeof settleOptions>, 'start' | 'seed'>,
): Float32Array {
  const points = data.length / features;
  if (start === 'random') {
    const random = randomStream(seed, 0);
    return Float32Array.from({ length: 2 * points }, () => START * normalFrom(random));
  }
  const first = Float64Array.from({ length: points }, (_, i) => data[i * features]);
  const mean = first.reduce((sum, value) => sum + value, 0) / points;
  const deviation = Math.sqrt(first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / points) || 1;
  return Float32Array.from(
    { length: 2 * points },
    (_, i) => (START * data[(i >> 1) * features + (i & 1)]) / deviation,
  );
}

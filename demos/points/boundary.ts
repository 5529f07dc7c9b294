import { adam, dataset, dense, losses, metrics, ops, sequential, streamed } from '../../src/index.ts';
import type { Gpu, Model, Program, Tensor } from '../../src/index.ts';
import { randomStream } from '../../src/data/random.ts';
import type { Source } from '../drawing/renderer.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { ModelTrainee } from '../frame/worker/modelTrainee.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { edited } from './points.ts';
import type { Point, Points } from './points.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

/** Points of a step, chosen at random. */
const BATCH = 64;
const STEPS_PER_EPOCH = 50;
/** The network is evaluated at this many places along each side of the plane. */
const GRID = 100;

/** A small network that learns where the blue points are, and where the orange ones. */
export class Boundary extends ModelTrainee implements Trainee<Points> {
  readonly batchSize = BATCH;
  readonly optimizer = 'adam';
  readonly #context: Here;
  readonly #view: Program;
  #points: Points | undefined;

  private constructor(context: Here, model: Model, view: Program) {
    super(model, context.renderer);
    this.#context = context;
    this.#view = view;
    const { layers, units } = context.values;
    const layer = (_: unknown, i: number) => [`layer:${i}`, tiles(view, `layer:${i}`, units)] as const;
    this.showPanels([['field', tiles(view, 'field', 1)], ...Array.from({ length: layers }, layer)]);
  }

  static async create(context: Here): Promise<Boundary> {
    const { layers, units, activation, rate: learningRate, seed } = context.values;
    const hidden = Array.from({ length: layers }, () => dense({ units, activation }));
    const model = sequential([...hidden, dense({ units: 1 })], { inputShape: [2], seed });
    await model.compile({
      gpu: context.gpu,
      optimizer: adam({ learningRate }),
      loss: losses.binaryCrossEntropyWithLogits,
      metrics: [metrics.accuracy],
    });
    context.tell('model', { layers, units, parameters: model.parameters });
    return new Boundary(context, model, await compileView(context.gpu, model));
  }

  take(points: Points): void {
    this.#points = points;
    this.#context.tell('learns', points.train);
  }

  edit(at: Point): void {
    if (!this.#points) return;
    this.#points.train = edited(this.#points.train, at);
    this.take(this.#points);
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    return this.model.prepare(asDataset([{ x: 0, y: 0, blue: true }]), { ...options, batchSize: BATCH });
  }

  run(points: Points, options: RunOptions): PromiseLike<unknown> {
    const { seed } = this.#context.values;
    const batches = streamed(function* (epoch) {
      const random = randomStream(seed, epoch);
      for (let i = 0; i < STEPS_PER_EPOCH; i++) yield asDataset(chosen(points.train, random));
    });
    return this.model.fit(batches, { ...options, steps: Infinity });
  }

  async evaluate({ test }: Points): Promise<Readonly<Record<string, number>>> {
    const { loss, accuracy } = await this.model.evaluate(asDataset(test));
    return { testLoss: loss, testAccuracy: accuracy as number };
  }

  async look(): Promise<void> {
    await this.#view.step((encoder) => this.drawPanels(encoder));
  }

  override destroy(): void {
    this.#view.destroy();
    super.destroy();
  }
}

/** The outputs of the network and of each of its neurons at every place of the plane. */
function compileView(gpu: Gpu, model: Model): Promise<Program> {
  const places = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
    const [row, column] = [Math.floor(i / 2 / GRID), Math.floor(i / 2) % GRID];
    const along = (place: number) => (2 * (place + 0.5)) / GRID - 1;
    return i % 2 === 0 ? along(column) : -along(row);
  });
  return gpu.compile(
    () => {
      const outputs: Record<string, Tensor> = { 'largest:field': ops.fill([1], 1) };
      let values: Tensor = ops.constant(places, [GRID * GRID, 2]);
      model.layers.forEach((layer, i) => {
        values = layer.call(values, { training: false });
        outputs[`layer:${i}`] = values;
        outputs[`largest:layer:${i}`] = ops.reduceMax(ops.abs(values));
      });
      // The probability of blue less that of orange: σ(z) − σ(−z) = tanh(z / 2).
      outputs.field = ops.tanh(ops.multiply(values, 0.5));
      return outputs;
    },
    { label: 'view' },
  );
}

/** An output [places, count] as `count` pictures of the plane. */
function tiles(view: Program, output: string, count: number): Source {
  return {
    kind: 'tensor',
    values: view.location(output),
    largest: view.location(`largest:${output}`),
    width: GRID,
    height: GRID,
    count,
    tileStride: 1,
    rowStride: GRID * count,
    columnStride: count,
  };
}

/** Points of a batch, at random, with repetition. */
const chosen = (points: readonly Point[], random: () => number): Point[] =>
  Array.from({ length: BATCH }, () => points[Math.floor(random() * points.length)]);

const asDataset = (points: readonly Point[]) =>
  dataset({
    name: 'points',
    x: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
    y: Float32Array.from(points, ({ blue }) => Number(blue)),
    inputShape: [2],
    targetShape: [1],
  });

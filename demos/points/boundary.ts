import { adam } from '../../src/index.ts';
import type { Model, Program } from '../../src/index.ts';
import type { Source } from '../drawing/renderer.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { ModelTrainee } from '../frame/worker/modelTrainee.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { asDataset, BATCH, batchesOf, compileView, GRID, network, OBJECTIVE } from './network.ts';
import { edited } from './points.ts';
import type { Point, Points } from './points.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

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
    const { layers, units, rate: learningRate } = context.values;
    const model = network(context.values);
    await model.compile({ gpu: context.gpu, optimizer: adam({ learningRate }), ...OBJECTIVE });
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
    return this.model.fit(batchesOf(points, seed), { ...options, steps: Infinity });
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

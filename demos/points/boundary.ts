import { Network } from '../../src/index.ts';
import type { Model, NetworkOptions, Program } from '../../src/index.ts';
import { part } from '../../src/part.ts';
import { compilePlaneView, planeSources } from '../drawing/planeView.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { ModelTrainee } from '../frame/worker/modelTrainee.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { edited } from '../shared/planePoints.ts';
import type { PlanePoint } from '../shared/planePoints.ts';
import { BATCH, network } from './network.ts';
import type { Points } from './points.ts';
import { GRID } from './protocol.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';

type Training = typeof import('./training.ts');

type Here = Context<ValuesOf<typeof settings>, Tells>;

/** A small network that learns where the blue points are, and where the orange ones. */
export class Boundary extends ModelTrainee implements Trainee<Points> {
  readonly batchSize = BATCH;
  readonly optimizer = 'adam';
  readonly #context: Here;
  readonly #network: NetworkOptions;
  readonly #view: Program;
  #points: Points | undefined;
  #training!: Training;

  private constructor(context: Here, network: NetworkOptions, weights: Weights, view: Program) {
    super(weights, context.renderer);
    this.#context = context;
    this.#network = network;
    this.#view = view;
    this.showPanels(planeSources(view, GRID));
  }

  static async create(context: Here): Promise<Boundary> {
    const { gpu, values } = context;
    const { layers, units } = values;
    const options = network(values);
    const own = new Network(options);
    const weights = new Weights(gpu, { '': own });
    context.tell('model', { layers, units, parameters: own.parameters });
    return new Boundary(context, options, weights, await compilePlaneView(gpu, own, GRID));
  }

  protected async train(): Promise<Model> {
    this.#training = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return this.#training.compile(gpu, this.#network, values.rate);
  }

  take(points: Points): void {
    this.#points = points;
    this.#context.tell('learns', points.train);
  }

  edit(at: PlanePoint): void {
    if (!this.#points) return;
    this.#points.train = edited(this.#points.train, at);
    this.take(this.#points);
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    return this.model.prepare(this.#training.asDataset([{ x: 0, y: 0, blue: true }]), {
      ...options,
      batchSize: BATCH,
    });
  }

  run(points: Points, options: RunOptions): PromiseLike<unknown> {
    const { seed } = this.#context.values;
    return this.model.fit(this.#training.batchesOf(points, seed), { ...options, steps: Infinity });
  }

  async evaluate({ test }: Points): Promise<Readonly<Record<string, number>>> {
    const { loss, accuracy } = await this.model.evaluate(this.#training.asDataset(test));
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

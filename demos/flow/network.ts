import { dataset } from '../../src/index.ts';
import type { Dataset, Model } from '../../src/index.ts';
import { planeFlow } from '../../src/models/flow.ts';
import type { Flow } from '../../src/models/flow.ts';
import { part } from '../../src/part.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { FittedModel } from '../frame/worker/fitted.ts';
import type { Context } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { coalesce } from '../shared/coalesce.ts';
import { keepDrawing, toyOf, referencesOf } from './data.ts';
import type { PlaneSets } from './data.ts';
import type { Tells, Way, References } from './protocol.ts';
import type { settings } from './settings.ts';
import { View } from './view.ts';

type Values = ValuesOf<typeof settings>;
type Here = Context<Values, Tells>;

/** Passes over the 65,536 places in a run. */
const EPOCHS = 8;
/** Where the slider stands; it is kept when the network or the GPU is replaced. */
const slider = { couplings: 0 };

/** The flow that the page has with its settings. */
export const flowOf = (values: Pick<Values, 'toy' | 'couplings' | 'seed'>): Flow =>
  planeFlow({ noise: toyOf(values).noise, couplings: values.couplings, seed: values.seed });

/** A sample of the shape of those that are learned. */
export function examplePlaces(batch: number): Dataset {
  const x = new Float32Array(2 * batch);
  return dataset({ name: 'example', x, y: [x, x], inputShape: [2], targetShape: [[2], [2]] });
}

/** A flow in training, with its views. */
export class FlowTrainee extends FittedModel<PlaneSets> {
  readonly #context: Here;
  readonly #flow: Flow;
  readonly #view: View;
  readonly #couplings: number;
  #way: Way;
  #references: References | undefined;
  #sets: Partial<PlaneSets> = {};
  /** The step whose states are in the view. */
  #computed: number | undefined;
  #destroyed = false;

  private constructor(context: Here, flow: Flow, weights: Weights, view: View) {
    const { batch, couplings, way } = context.values;
    super(context.renderer, {
      weights,
      optimizer: 'adam',
      batch,
      epochs: EPOCHS,
      example: () => examplePlaces(1),
      training: ({ train }) => train,
    });
    this.#context = context;
    this.#flow = flow;
    this.#view = view;
    this.#couplings = couplings;
    this.#way = way;
    this.#place();
    this.showPanels(view.sources);
  }

  static async create(context: Here): Promise<FlowTrainee> {
    const { gpu, values } = context;
    const flow = flowOf(values);
    const weights = new Weights(gpu, { '': flow.network });
    context.tell('model', { parameters: flow.network.parameters, couplings: values.couplings });
    return new FlowTrainee(context, flow, weights, await View.create(gpu, flow));
  }

  protected async train(): Promise<Model> {
    const { compile } = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return compile(gpu, this.#flow, values.rate);
  }

  take(sets: Partial<PlaneSets>): void {
    this.#sets = sets;
    this.#references = undefined;
    this.#computed = undefined;
    if (sets.toy) this.#view.take(sets.toy);
  }

  async evaluate({ test, toy }: Partial<PlaneSets>): Promise<Readonly<Record<string, number>>> {
    if (!test || !toy) return {};
    const { loss } = await this.model.evaluate(test);
    return { testLoss: loss, ...this.#measured() };
  }

  /** What other models of the data reach. */
  #measured(): Partial<References> {
    const { toy } = this.#sets;
    if (!this.#references && toy) {
      this.#references = referencesOf(toy);
      this.#context.tell('references', this.#references);
    }
    return this.#references ?? {};
  }

  async complete(): Promise<void> {
    this.#measured();
    await this.#view.complete(() => {
      this.#computed = undefined;
      this.#place();
      this.showPanels(this.#view.sources);
    });
  }

  async look(): Promise<void> {
    if (this.#computed !== this.step) {
      this.#computed = this.step;
      await this.#view.compute();
      // Until the data come, noise stands for their points: its density says nothing.
      if (this.#sets.toy)
        void this.#tellReading().catch((error) => this.#destroyed || this.#context.fail(error));
    }
    await this.#view.draw((encoder) => this.drawPanels(encoder));
  }

  readonly #tellReading = coalesce(async () => this.#context.tell('reading', await this.#view.read()));

  #place(): void {
    this.#view.place(this.#way, Math.min(slider.couplings, this.#couplings));
  }

  place(couplings: number): void {
    slider.couplings = couplings;
    this.#place();
    this.#context.look();
  }

  draw(points: Float32Array): void {
    keepDrawing(points);
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    if (name !== 'way' || value === this.#way) return;
    this.#way = value as Way;
    this.#place();
    this.#context.look();
  }

  override load(bytes: Uint8Array): void {
    super.load(bytes);
    this.#computed = undefined;
  }

  override destroy(): void {
    this.#destroyed = true;
    this.#view.destroy();
    super.destroy();
  }
}

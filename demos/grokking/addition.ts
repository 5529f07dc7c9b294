import { Network } from '../../src/index.ts';
import type { Model, NetworkOptions, Program } from '../../src/index.ts';
import { grokkingMlp } from '../../src/models/grokkingMlp.ts';
import { part } from '../../src/part.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { ModelTrainee } from '../frame/worker/modelTrainee.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { coalesce } from '../shared/coalesce.ts';
import { learnedOf, pairsOf } from './pairs.ts';
import type { Pairs } from './pairs.ts';
import { frequenciesOf } from './protocol.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { compileView, orderOf, readingOf, viewSources } from './view.ts';

type Training = typeof import('./training.ts');
type Here = Context<ValuesOf<typeof settings>, Tells>;

/** The chosen pair, and the circle that is wanted; 0: the strongest. */
type Shown = Record<'a' | 'b' | 'circle', number>;

/** A network that learns to add modulo p. */
export class Addition extends ModelTrainee implements Trainee<Pairs> {
  readonly optimizer = 'adamw';
  readonly batchSize: number;
  readonly #context: Here;
  readonly #network: NetworkOptions;
  readonly #view: Program;
  readonly #pairs: Pairs;
  readonly #shown: Shown;
  /** What was chosen at the last look. */
  #drawn: Record<'a' | 'b' | 'wanted', number>;
  #training!: Training;
  #destroyed = false;

  private constructor(context: Here, pairs: Pairs, network: NetworkOptions, weights: Weights, view: Program) {
    super(weights, context.renderer);
    const { prime, a, b, circle } = context.values;
    this.#context = context;
    this.#pairs = pairs;
    this.#network = network;
    this.#view = view;
    this.#shown = { a, b, circle };
    this.batchSize = pairs.train.size;
    this.#drawn = this.#within;
    this.#writeShown();
    this.showPanels(viewSources(view, prime));
  }

  static async create(context: Here): Promise<Addition> {
    const { gpu, values } = context;
    const { prime } = values;
    const pairs = pairsOf(values);
    const options = grokkingMlp(values);
    const network = new Network(options);
    const weights = new Weights(gpu, { '': network });
    context.tell('model', { prime, parameters: network.parameters, learned: learnedOf(pairs, prime) });
    return new Addition(context, pairs, options, weights, await compileView(gpu, network, prime));
  }

  protected async train(): Promise<Model> {
    this.#training = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return this.#training.compile(gpu, this.#network, values);
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    return this.model.prepare(this.#pairs.train, { ...options, batchSize: this.batchSize });
  }

  run({ train }: Pairs, options: RunOptions): PromiseLike<unknown> {
    return this.model.fit(this.#training.batchesOf(train), { ...options, steps: Infinity });
  }

  async evaluate({ test }: Pairs): Promise<Readonly<Record<string, number>>> {
    const { loss, accuracy } = await this.model.evaluate(test);
    await this.#view.step();
    const { shares } = await this.#reading();
    return { testLoss: loss, testAccuracy: accuracy as number, order: orderOf(shares) };
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    if (!(name in this.#shown)) return;
    this.#shown[name as keyof Shown] = value as number;
    this.#writeShown();
    this.#context.look();
  }

  /** What an address asks for may be beyond p. */
  get #within() {
    const { prime } = this.#context.values;
    const { a, b, circle } = this.#shown;
    const wanted = circle > frequenciesOf(prime) ? 0 : circle;
    return { a: Math.min(a, prime - 1), b: Math.min(b, prime - 1), wanted };
  }

  #writeShown(): void {
    const { prime } = this.#context.values;
    const { a, b, wanted } = this.#within;
    this.#view.write('pair', Int32Array.of(a * prime + b));
    const frequencies = Array.from({ length: frequenciesOf(prime) }, (_, i) => (i + 1 === wanted ? 2 : 0));
    this.#view.write('wanted', Float32Array.from(frequencies));
  }

  async look(): Promise<void> {
    const own = this.#within;
    await this.#view.step((encoder) => this.drawPanels(encoder));
    this.#drawn = own;
    void this.#tellReading().catch((error) => this.#destroyed || this.#context.fail(error));
  }

  async #reading() {
    const own = this.#drawn;
    return readingOf((await this.#view.read('reading')) as Float32Array, this.#context.values.prime, own);
  }

  readonly #tellReading = coalesce(async () => this.#context.tell('reading', await this.#reading()));

  override destroy(): void {
    this.#destroyed = true;
    this.#view.destroy();
    super.destroy();
  }
}

import { Network } from '../../src/index.ts';
import type { Model, NetworkOptions } from '../../src/index.ts';
import { part } from '../../src/part.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { FittedModel } from '../frame/worker/fitted.ts';
import type { Context } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { featuresOf } from './features.ts';
import { BATCH, EPOCHS, hiddenUnits, network } from './network.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { exampleRows, withColumns } from './table.ts';
import type { Table } from './table.ts';
import { compileTableView } from './tableView.ts';
import type { TableView } from './tableView.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

/** A network that learns which rows of a table are malignant. */
export class Rows extends FittedModel<Table> {
  readonly #context: Here;
  readonly #network: NetworkOptions;
  readonly #columns: readonly number[];
  readonly #view: TableView;
  #hasRows = false;

  private constructor(context: Here, options: NetworkOptions, weights: Weights, view: TableView) {
    const columns = featuresOf(context.values.features);
    super(context.renderer, {
      weights,
      optimizer: 'adam',
      batch: BATCH,
      epochs: EPOCHS,
      example: () => exampleRows(columns.length),
      training: ({ train }) => withColumns(train, columns),
    });
    this.#context = context;
    this.#network = options;
    this.#columns = columns;
    this.#view = view;
    this.showPanels(view.sources);
  }

  static async create(context: Here): Promise<Rows> {
    const { gpu, values } = context;
    const options = network(values);
    const own = new Network(options);
    const weights = new Weights(gpu, { '': own });
    context.tell('model', { layers: hiddenUnits(values.hidden), parameters: own.parameters });
    const view = await compileTableView(gpu, own, featuresOf(values.features));
    return new Rows(context, options, weights, view);
  }

  protected async train(): Promise<Model> {
    const { compile } = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return compile(gpu, this.#network, values.rate);
  }

  take({ test }: Table): void {
    this.#view.program.write(this.#view.rows, withColumns(test, this.#columns).x.data as Float32Array);
    this.#hasRows = true;
    this.#context.tell('labels', test.y.data as Float32Array);
  }

  async evaluate({ test }: Table): Promise<Readonly<Record<string, number>>> {
    const { loss, accuracy } = await this.model.evaluate(withColumns(test, this.#columns));
    return { testLoss: loss, testAccuracy: accuracy as number };
  }

  /** The pictures stay on the GPU; the 114 logits are read, as the page sorts and counts them. */
  async look(): Promise<void> {
    const { program } = this.#view;
    await program.step((encoder) => this.drawPanels(encoder));
    if (this.#hasRows) this.#context.tell('logits', (await program.read('logits')) as Float32Array);
  }

  override destroy(): void {
    this.#view.program.destroy();
    super.destroy();
  }
}

import type { Model } from '../../../src/index.ts';
import type { PanelRenderer, Source } from '../../drawing/renderer.ts';
import type { Trainee } from './trainee.ts';
import type { Weights } from './weights.ts';

type Shared = Pick<
  Trainee<never>,
  'step' | 'weights' | 'begin' | 'set' | 'save' | 'load' | 'connect' | 'destroy'
>;

/** What trainees of one model have in common: its steps, weights and learning rate, and what their panels show. */
export abstract class ModelTrainee implements Shared {
  readonly weights: Weights;
  readonly #renderer: PanelRenderer;
  #model: Model | undefined;
  #sources: ReadonlyMap<string, Source> = new Map();

  protected constructor(weights: Weights, renderer: PanelRenderer) {
    this.weights = weights;
    this.#renderer = renderer;
  }

  /** Loads what trains the network (`trainingPart`), and compiles it: a model of the same layers. */
  protected abstract train(): Promise<Model>;

  async begin(): Promise<void> {
    this.#model = await this.train();
  }

  protected get model(): Model {
    return this.#model!;
  }

  get step(): number {
    return this.#model?.step ?? 0;
  }

  set(name: string, value: unknown): void {
    if (name === 'rate' && this.#model) this.#model.learningRate = value as number;
  }

  save(): Promise<Uint8Array> {
    return this.model.save();
  }

  load(bytes: Uint8Array): void {
    this.model.load(bytes);
  }

  /** What the panels show from now on. Others keep the picture that they have. */
  protected showPanels(sources: Iterable<readonly [panel: string, source: Source]>): void {
    this.#sources = new Map(sources);
    for (const name of this.#sources.keys()) this.connect(name);
  }

  connect(panel: string): void {
    const source = this.#sources.get(panel);
    if (source) this.#renderer.show(panel, source);
  }

  /** Draws the panels, in the commands of a program: `program.step((encoder) => this.drawPanels(encoder))`. */
  protected drawPanels(encoder: GPUCommandEncoder): void {
    this.#renderer.draw(encoder, [...this.#sources.keys()]);
  }

  destroy(): void {
    this.#model?.destroy();
    this.weights.destroy();
  }
}

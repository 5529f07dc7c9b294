import type { Model } from '../../../src/index.ts';
import type { PanelRenderer, Source } from '../../drawing/renderer.ts';
import type { Trainee } from './trainee.ts';

type Shared = Pick<Trainee<never>, 'step' | 'set' | 'save' | 'load' | 'connect' | 'destroy'>;

/** What trainees of one model have in common: its steps, weights and learning rate, and what their panels show. */
export abstract class ModelTrainee implements Shared {
  protected readonly model: Model;
  readonly #renderer: PanelRenderer;
  #sources: ReadonlyMap<string, Source> = new Map();

  protected constructor(model: Model, renderer: PanelRenderer) {
    this.model = model;
    this.#renderer = renderer;
  }

  get step(): number {
    return this.model.step;
  }

  set(name: string, value: unknown): void {
    if (name === 'rate') this.model.learningRate = value as number;
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
    this.model.destroy();
  }
}

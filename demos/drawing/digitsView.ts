import type { Gpu, Program, Tensor } from '../../src/index.ts';
import { Staged } from './staged.ts';
import { walkWeights } from './walkWeights.ts';

const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** What such a view computes, and the inputs that all of them have. */
export interface DigitsGraph {
  /** [images, 28, 28, 1], from 0, paper, to 1, ink. */
  readonly images: Tensor;
  /** [steps of a walk, images]: how much of each image is in each step. */
  readonly mix: Tensor;
  readonly define: () => Readonly<Record<string, Tensor>>;
}

/** A view of some images of digits, and of a walk between two of them. All of it stays on the GPU. */
export abstract class DigitsView<G extends DigitsGraph> {
  protected readonly graph: G;
  protected readonly staged: Staged;
  readonly #pixels: Float32Array;

  protected constructor(graph: G, staged: Staged) {
    this.graph = graph;
    this.staged = staged;
    this.#pixels = new Float32Array(graph.images.shape[0] * PIXELS);
  }

  /** For a first look: where a CPU computes, with kernels that compile quickly. */
  protected static compile(gpu: Gpu, { define }: DigitsGraph): Promise<Staged> {
    return Staged.create(gpu, define, { label: 'view', isQuick: true });
  }

  /** Kernels that run quickly in place of those that compile quickly. @param onReplaced shows their outputs */
  complete(onReplaced: () => void): Promise<void> {
    return this.staged.quicken(this.graph.define, onReplaced);
  }

  get program(): Program {
    return this.staged.program;
  }

  /** Puts an image, 28 × 28 bytes of ink, into a place. */
  write(place: number, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => (this.#pixels[place * PIXELS + i] = byte / 255));
    this.staged.write(this.graph.images, this.#pixels);
  }

  /** The two places that the walk goes between. */
  walk(from: number, to: number): void {
    const [steps, images] = this.graph.mix.shape;
    this.staged.write(this.graph.mix, walkWeights(steps, images, from, to));
  }

  destroy(): void {
    this.staged.destroy();
  }
}

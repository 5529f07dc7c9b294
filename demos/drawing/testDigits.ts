import type { Dataset, Gpu } from '../../src/index.ts';
import { oneOfEach, uploadImages } from './dataImages.ts';
import type { DataImages } from './dataImages.ts';

/** The test images of digits that a page has, on the GPU: others may come in their place. */
export class TestDigits {
  readonly #gpu: Gpu;
  #pixels: Uint8Array = new Uint8Array();
  #images: DataImages | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  get images(): DataImages | undefined {
    return this.#images;
  }

  /**
   * Takes images, unless they are those that are there.
   *
   * @param onOthers frees what was computed from the images so far
   * @returns whether they are others
   */
  take(test: Dataset | undefined, onOthers: () => void): boolean {
    if (!test) return false;
    const pixels = test.x.data as Uint8Array;
    const before = this.#pixels;
    if (pixels.length === before.length && pixels.every((byte, i) => byte === before[i])) return false;
    this.#pixels = pixels;
    onOthers();
    this.destroy();
    this.#images = uploadImages(this.#gpu, pixels, new Uint8Array(test.y.data), [28, 28, 1]);
    return true;
  }

  /** Puts one image of each class into the places of a view. @returns their labels; undefined while there are none */
  show(
    view: { write(place: number, bytes: Uint8Array): void },
    count: number,
    set: number,
  ): Uint8Array | undefined {
    if (!this.#images) return undefined;
    const { labels, bytesOf } = this.#images;
    const shown = oneOfEach(labels, count, set);
    shown.forEach((image, place) => view.write(place, bytesOf(image)));
    return Uint8Array.from(shown, (image) => labels[image]);
  }

  destroy(): void {
    this.#images?.destroy();
  }
}

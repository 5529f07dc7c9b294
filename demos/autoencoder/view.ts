import { ops } from '../../src/index.ts';
import type { Gpu, Program, Tensor } from '../../src/index.ts';
import { VERSION_NAMES } from '../../src/models/autoencoderVersions.ts';
import type { AutoencoderVersion, AutoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { BETWEEN, PIXELS, SHOWN, SIDE, YOURS } from './protocol.ts';
import { codes, picture } from './sources.ts';

const IMAGES = SHOWN + 1;

/**
 * Some test images and the reader's own digit through all versions: their codes, what comes back, and the images between
 * two of them. All of it stays on the GPU.
 */
export class View {
  readonly program: Program;
  readonly #pixels = new Float32Array(IMAGES * PIXELS);

  private constructor(program: Program) {
    this.program = program;
  }

  static async create(gpu: Gpu, { versions }: AutoencoderVersions, noise: number): Promise<View> {
    const images = ops.input('images', [IMAGES, SIDE, SIDE, 1]);
    const mix = ops.input('mix', [BETWEEN, IMAGES]);
    const program = await gpu.compile(
      () => {
        const noisy = noise > 0 ? ops.add(images, ops.randomNormal(images.shape, 0, noise)) : images;
        const outputs: Record<string, Tensor> = {
          one: ops.fill([1], 1),
          originals: images,
          noisy,
          pixels: ops.matmul(mix, ops.reshape(images, [IMAGES, PIXELS])),
        };
        for (const version of VERSION_NAMES) {
          const { encoder, decoder } = versions[version];
          const code = encoder.call(noisy);
          outputs[`code:${version}`] = code;
          outputs[`largest:${version}`] = ops.reduceMax(ops.abs(code));
          outputs[`image:${version}`] = decoder.call(ops.concat([code, ops.matmul(mix, code)], 0));
        }
        return outputs;
      },
      { label: 'view' },
    );
    return new View(program);
  }

  /** Puts an image, 28 × 28 bytes of ink, into a place. */
  write(place: number, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => (this.#pixels[place * PIXELS + i] = byte / 255));
    this.program.write('images', this.#pixels);
  }

  /** The two places that the walk goes between. */
  set pair([from, to]: readonly [number, number]) {
    const mix = new Float32Array(BETWEEN * IMAGES);
    for (let i = 0; i < BETWEEN; i++) {
      const share = i / (BETWEEN - 1);
      mix[i * IMAGES + from] += 1 - share;
      mix[i * IMAGES + to] += share;
    }
    this.program.write('mix', mix);
  }

  /** What each panel shows; `explored` is the version whose codes the walk goes through. */
  sources(explored: AutoencoderVersion): Map<string, TensorSource> {
    const { program } = this;
    const sources = new Map([
      ['original', picture(program, 'originals', SHOWN)],
      ['noisy', picture(program, 'noisy', SHOWN)],
      ['yours:input', picture(program, 'noisy', 1, YOURS)],
      ['pixels', picture(program, 'pixels', BETWEEN)],
      ['between', picture(program, `image:${explored}`, BETWEEN, IMAGES)],
    ]);
    for (const version of VERSION_NAMES) {
      const output = `code:${version}`;
      const largest = `largest:${version}`;
      sources.set(`image:${version}`, picture(program, `image:${version}`, SHOWN));
      sources.set(`yours:${version}`, picture(program, `image:${version}`, 1, YOURS));
      sources.set(output, codes(program, { output, largest, count: SHOWN }));
      sources.set(`yours:${output}`, codes(program, { output, largest, count: 1, first: YOURS }));
    }
    return sources;
  }
}

import { ops } from '../../src/index.ts';
import type { Gpu, Program, Tensor } from '../../src/index.ts';
import { VERSION_NAMES } from '../../src/models/autoencoderVersions.ts';
import type { AutoencoderVersion, AutoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import type { ScatterRenderer } from '../shared/scatter.ts';
import type { TensorSource, TileRenderer } from '../shared/tiles.ts';
import { CodeMap } from './codeMap.ts';
import type { TestImages } from './codeMap.ts';
import { BETWEEN, MOST_AXES, REACH, SHOWN } from './protocol.ts';
import type { Looks } from './protocol.ts';

const SIDE = 28;
/** Images on the map of codes, on a GPU and on a CPU that plays one. */
const MAPPED = { gpu: 2500, software: 600 };

/** Where everything is drawn, and what of. */
export interface Surroundings {
  readonly gpu: Gpu;
  readonly renderer: TileRenderer;
  readonly scatter: ScatterRenderer;
  readonly images: TestImages & { readonly bytes: Uint8Array; readonly labelBuffer: GPUBuffer };
  /** A buffer that holds a one: pictures have their full colour there. */
  readonly one: GPUBuffer;
}

/** How many numbers of a code stand beside each other, by their number: wide rows fit under a picture. */
const codeWidth = (size: number): number => (size >= 32 ? 16 : Math.min(size, 8));

/**
 * Looks at the networks without training them: some test images, their codes and what comes back in all versions, the map
 * of codes of one version, images between two, and the code that someone shapes. Everything is drawn from where it
 * lies on the GPU.
 */
export class Views {
  readonly #around: Surroundings;
  readonly #noise: number;
  readonly #networks: AutoencoderVersions;
  readonly #version: AutoencoderVersion;
  readonly #map: CodeMap;
  readonly #view: Program;
  readonly #sources = new Map<string, TensorSource>();

  private constructor(
    around: Surroundings,
    networks: AutoencoderVersions,
    noise: number,
    version: AutoencoderVersion,
    map: CodeMap,
    view: Program,
  ) {
    this.#around = around;
    this.#networks = networks;
    this.#noise = noise;
    this.#version = version;
    this.#map = map;
    this.#view = view;
    this.#collect();
    for (const name of this.#sources.keys()) this.connect(name);
    this.connect('map');
  }

  static async create(
    around: Surroundings,
    networks: AutoencoderVersions,
    noise: number,
    looks: Looks,
  ): Promise<Views> {
    const { gpu, images } = around;
    const { version } = looks;
    const most = MAPPED[gpu.device.software ? 'software' : 'gpu'];
    const map = await CodeMap.create(gpu, networks.versions[version], images, most);
    const view = await compileView(gpu, networks, noise, version, map);
    const views = new Views(around, networks, noise, version, map, view);
    views.looks = looks;
    return views;
  }

  /** Whether the programs are those for the version. */
  isOf(version: AutoencoderVersion): boolean {
    return version === this.#version;
  }

  /** What is looked at from now on; of the version that the programs were made for. */
  set looks({ shown, pair: [a, b], scores }: Looks) {
    const pixels = new Float32Array(SHOWN * SIDE * SIDE);
    const { bytes } = this.#around.images;
    shown.forEach((image, i) => {
      for (let at = 0; at < SIDE * SIDE; at++) {
        pixels[i * SIDE * SIDE + at] = bytes[image * SIDE * SIDE + at] / 255;
      }
    });
    this.#view.write('images', pixels);
    const mix = new Float32Array(BETWEEN * SHOWN);
    for (let i = 0; i < BETWEEN; i++) {
      const share = i / (BETWEEN - 1);
      mix[i * SHOWN + a] += 1 - share;
      mix[i * SHOWN + b] += share;
    }
    this.#view.write('mix', mix);
    this.#view.write('scores', scores.slice(0, this.#map.axes));
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    const { renderer, scatter, images } = this.#around;
    if (name === 'map') {
      const { program, count, axes } = this.#map;
      const labels = { buffer: images.labelBuffer, offset: 0, bytes: images.labelBuffer.size };
      scatter.show({ rows: program.location('points'), stride: axes, count, labels, reach: REACH });
      return;
    }
    const source = this.#sources.get(name);
    if (source) renderer.show(name, source);
  }

  /** Looks at the networks as they are, and draws every panel. */
  async look(): Promise<void> {
    await this.#map.program.step();
    await this.redraw();
  }

  /** Draws every panel, for other images or another code, but the same networks. */
  async redraw(): Promise<void> {
    const { renderer, scatter } = this.#around;
    await this.#view.step((encoder) => {
      renderer.draw(encoder);
      scatter.draw(encoder);
    });
  }

  /** Where the classes lie on the map that the last look gave: ten rows of `axes` numbers. */
  async centres(): Promise<{
    version: AutoencoderVersion;
    axes: number;
    centres: Float32Array;
    images: number;
  }> {
    const centres = (await this.#map.program.read('centres')) as Float32Array;
    return { version: this.#version, axes: this.#map.axes, centres, images: this.#map.count };
  }

  /** What each panel shows: the tensors of the view, cut into images. */
  #collect(): void {
    const view = this.#view;
    const one = { buffer: this.#around.one, offset: 0, bytes: 4 };
    const picture = (name: string, output: string, count: number, first = 0) =>
      this.#sources.set(name, {
        kind: 'tensor',
        values: view.location(output),
        largest: one,
        picture: true,
        width: SIDE,
        height: SIDE,
        count,
        first,
        tileStride: SIDE * SIDE,
        rowStride: SIDE,
        columnStride: 1,
      });
    const code = (name: string, version: AutoencoderVersion, output: string, count: number) => {
      const [size] = this.#networks.versions[version].encoder.outputShape;
      const width = codeWidth(size);
      this.#sources.set(name, {
        kind: 'tensor',
        values: view.location(output),
        largest: view.location(`largest:${version}`),
        gamma: 0.8,
        count,
        width,
        height: size / width,
        tileStride: size,
        rowStride: width,
        columnStride: 1,
      });
    };
    picture('original', 'originals', SHOWN);
    if (this.#noise > 0) picture('noisy', 'noisy', SHOWN);
    for (const version of VERSION_NAMES) {
      picture(`image:${version}`, `image:${version}`, SHOWN);
      code(`code:${version}`, version, `code:${version}`, SHOWN);
    }
    picture('pixels', 'pixels', BETWEEN);
    picture('between', `image:${this.#version}`, BETWEEN, SHOWN);
    picture('decoded', `image:${this.#version}`, 1, SHOWN + BETWEEN);
    code('decoded-code', this.#version, 'shaped', 1);
  }

  destroy(): void {
    this.#view.destroy();
    this.#map.destroy();
  }
}

/**
 * The digits through all versions; for the version that is explored, in the same batches, the codes between two of them
 * and the one that someone shapes.
 */
function compileView(
  gpu: Gpu,
  { versions }: AutoencoderVersions,
  noise: number,
  explored: AutoencoderVersion,
  map: CodeMap,
): Promise<Program> {
  const [size] = versions[explored].encoder.outputShape;
  const axes = Math.min(size, MOST_AXES);
  const images = ops.input('images', [SHOWN, SIDE, SIDE, 1]);
  const mix = ops.input('mix', [BETWEEN, SHOWN]);
  const scores = ops.input('scores', [1, axes]);
  const mean = ops.input('mean', [1, size]);
  const steps = ops.input('steps', [axes, size]);
  return gpu.compile(
    (g) => {
      g.buffers.set(mean, map.program.location('mean'));
      g.buffers.set(steps, map.program.location('steps'));
      const noisy = noise > 0 ? ops.add(images, ops.randomNormal(images.shape, 0, noise)) : images;
      const outputs: Record<string, Tensor> = {
        originals: images,
        pixels: ops.matmul(mix, ops.reshape(images, [SHOWN, SIDE * SIDE])),
        ...(noise > 0 && { noisy }),
      };
      for (const version of VERSION_NAMES) {
        const { encoder, decoder } = versions[version];
        const code = encoder.call(noisy);
        outputs[`code:${version}`] = code;
        outputs[`largest:${version}`] = ops.reduceMax(ops.abs(code));
        let all = code;
        if (version === explored) {
          const shaped = ops.add(mean, ops.matmul(scores, steps));
          outputs.shaped = shaped;
          all = ops.concat([code, ops.matmul(mix, code), shaped], 0);
        }
        outputs[`image:${version}`] = decoder.call(all);
      }
      return outputs;
    },
    { label: 'view' },
  );
}

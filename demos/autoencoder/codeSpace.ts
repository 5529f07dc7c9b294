import { ops } from '../../src/index.ts';
import type { Gpu, Program, Tensor } from '../../src/index.ts';
import type { AutoencoderVersion, AutoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import { ownAxes, principalComponents, signsBy } from '../../src/models/principalComponents.ts';
import type { Range } from '../drawing/kind.ts';
import type { Source } from '../drawing/renderer.ts';
import { MOST_AXES, REACH } from './protocol.ts';
import { codes, picture } from './sources.ts';

const CLASSES = 10;
/** Images on the map, on a GPU and on a software adapter. */
const MAPPED = { gpu: 2500, software: 600 };
/**
 * The digit whose mean lies on the positive side of each axis: zeros to the right, nines at the top. The principal
 * components of MNIST tell these pairs apart clearly, so the picture does not flip while it changes.
 */
const AXIS_DIGITS = [0, 9, 3, 6, 2, 5, 8, 1].slice(0, MOST_AXES);

/** Test images as they lie on the GPU. */
export interface TestImages {
  /** u8 [size, 28, 28, 1] */
  readonly pixels: Range;
  readonly size: number;
  readonly labels: Uint8Array;
  /** The labels, for the colours of the points. */
  readonly classes: Range;
}

/**
 * The codes of one version. `map` encodes test images and finds the axes of their codes: the two numbers themselves
 * where a code has no more, else the first principal components. `shape` decodes the code that lies some standard
 * deviations along each axis. All of it stays on the GPU, but for what someone asks for.
 */
export class CodeSpace {
  readonly version: AutoencoderVersion;
  readonly map: Program;
  readonly shape: Program;
  /** Points on the map. */
  readonly count: number;
  /** Axes of the code. */
  readonly axes: number;
  readonly #images: TestImages;
  #places: Promise<Float32Array> | undefined;

  private constructor(
    version: AutoencoderVersion,
    images: TestImages,
    programs: { map: Program; shape: Program },
    count: number,
    axes: number,
  ) {
    this.version = version;
    this.map = programs.map;
    this.shape = programs.shape;
    this.count = count;
    this.axes = axes;
    this.#images = images;
  }

  static async create(
    gpu: Gpu,
    version: AutoencoderVersion,
    { encoder, decoder }: AutoencoderVersions['versions'][AutoencoderVersion],
    images: TestImages,
  ): Promise<CodeSpace> {
    const count = Math.min(MAPPED[gpu.device.software ? 'software' : 'gpu'], images.size);
    const [size] = encoder.outputShape;
    const axes = Math.min(size, MOST_AXES);
    const source = ops.input('test images', [images.size, 28, 28, 1], 'u8');
    const map = await gpu.compile(
      (g) => {
        g.buffers.set(source, images.pixels);
        const x = ops.gatherBatch({ source, batchSize: count, shuffle: false, scale: 1 / 255, dtype: 'f32' });
        const code = encoder.call(x);
        const { mean, directions, deviations, scores } =
          size <= 2 ? ownAxes(code) : principalComponents(code, axes);
        const centres = ops.matmul(classMeans(images.labels.subarray(0, count)), scores);
        const signs: Tensor = size <= 2 ? ops.fill([axes], 1) : signsBy(centres, AXIS_DIGITS.slice(0, axes));
        const steps = ops.reshape(ops.multiply(deviations, signs), [axes, 1]);
        return {
          points: ops.multiply(scores, signs),
          centres: ops.multiply(centres, signs),
          mean: ops.reshape(mean, [1, size]),
          /** One standard deviation along each axis, [axes, size]. */
          steps: ops.multiply(ops.transpose(directions, [1, 0]), steps),
        };
      },
      { label: 'map of codes' },
    );
    const scores = ops.input('scores', [1, axes]);
    const mean = ops.input('mean', [1, size]);
    const steps = ops.input('steps', [axes, size]);
    const shape = await gpu.compile(
      (g) => {
        g.buffers.set(mean, map.location('mean'));
        g.buffers.set(steps, map.location('steps'));
        const code = ops.add(mean, ops.matmul(scores, steps));
        const largest = ops.reduceMax(ops.abs(code));
        return { one: ops.fill([1], 1), code, largest, image: decoder.call(code) };
      },
      { label: 'code that is decoded' },
    );
    return new CodeSpace(version, images, { map, shape }, count, axes);
  }

  /** Encodes the test images with the network as it is. */
  async remap(): Promise<void> {
    this.#places = undefined;
    await this.map.step();
  }

  set scores(scores: Float32Array) {
    this.shape.write('scores', scores.slice(0, this.axes));
  }

  /** Where the classes lie: ten rows of `axes` standard deviations. */
  async centres(): Promise<Float32Array> {
    return (await this.map.read('centres')) as Float32Array;
  }

  /** The test image whose point is nearest to a place on the map. Reads the points back, once for each map. */
  async nearest([x, y]: readonly [number, number]): Promise<{ image: number; place: [number, number] }> {
    this.#places ??= this.map.read('points') as Promise<Float32Array>;
    const places = await this.#places;
    const placeOf = (image: number): [number, number] => [
      places[image * this.axes],
      places[image * this.axes + 1],
    ];
    const distance = (image: number) => Math.hypot(placeOf(image)[0] - x, placeOf(image)[1] - y);
    let image = 0;
    for (let other = 1; other < this.count; other++) if (distance(other) < distance(image)) image = other;
    return { image, place: placeOf(image) };
  }

  /** What each panel shows. */
  get sources(): Map<string, Source> {
    const rows = this.map.location('points');
    const labels = this.#images.classes;
    return new Map<string, Source>([
      ['map', { kind: 'points', rows, stride: this.axes, count: this.count, labels, reach: REACH }],
      ['decoded', picture(this.shape, 'image', 1)],
      ['decoded-code', codes(this.shape, { output: 'code', largest: 'largest', count: 1 })],
    ]);
  }

  destroy(): void {
    this.shape.destroy();
    this.map.destroy();
  }
}

/** [10, N]: each row takes the mean over the images of a class. */
function classMeans(labels: Uint8Array): Tensor {
  const counts = Array.from({ length: CLASSES }, (_, own) => labels.filter((label) => label === own).length);
  const data = new Float32Array(CLASSES * labels.length);
  labels.forEach((label, i) => (data[label * labels.length + i] = 1 / counts[label]));
  return ops.constant(data, [CLASSES, labels.length]);
}

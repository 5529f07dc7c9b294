import { ops } from '../../src/index.ts';
import type { Gpu, Program, Tensor } from '../../src/index.ts';
import { ownAxes, principalComponents, signsBy } from '../../src/models/principalComponents.ts';
import { MOST_AXES, REACH } from './codes.ts';
import type { Centres, Mapped, Place } from './codes.ts';
import { nearestImage } from './dataImages.ts';
import type { DataImages } from './dataImages.ts';
import { codes, pictures } from './outputs.ts';
import type { Source } from './renderer.ts';

const CLASSES = 10;
/** Images on the map, on a GPU and on a software adapter. */
const MAPPED = { gpu: 2500, software: 600 };
/**
 * The class whose mean lies on the positive side of each axis. The principal components of MNIST tell these pairs apart
 * clearly, zeros to the right and nines at the top, so the picture does not flip while it changes.
 */
const AXIS_CLASSES = [0, 9, 3, 6, 2, 5, 8, 1];

/** Two halves of a network with a code between them: images [n, …] → codes [n, size] → images. */
export interface Coder {
  readonly size: number;
  encode(images: Tensor): Tensor;
  decode(codes: Tensor): Tensor;
}

/**
 * The codes of one network. One program encodes images and finds the axes of their codes: the two numbers themselves
 * where a code has no more, else the first principal components. Another decodes the code that lies some standard
 * deviations along each axis. All of it stays on the GPU, but for what someone asks for.
 */
export class CodeSpace {
  /** Axes of the code. */
  readonly #axes: number;
  readonly #images: DataImages;
  /** Points on the map. */
  readonly #count: number;
  readonly #map: Program;
  readonly #shape: Program;
  #places: Promise<Float32Array> | undefined;

  private constructor(axes: number, images: DataImages, count: number, map: Program, shape: Program) {
    this.#axes = axes;
    this.#images = images;
    this.#count = count;
    this.#map = map;
    this.#shape = shape;
  }

  static async create(gpu: Gpu, coder: Coder, images: DataImages): Promise<CodeSpace> {
    const count = Math.min(MAPPED[gpu.device.software ? 'software' : 'gpu'], images.size);
    const map = await compileMap(gpu, coder, images, count);
    return new CodeSpace(axesOf(coder), images, count, map, await compileShape(gpu, coder, map));
  }

  /** Encodes the images with the network as it is. */
  async remap(): Promise<void> {
    this.#places = undefined;
    await this.#map.step();
  }

  /** Decodes the code that is chosen. */
  async decode(): Promise<void> {
    await this.#shape.step();
  }

  /** The code that is chosen: standard deviations along the axes. */
  set scores(scores: Float32Array) {
    this.#shape.write('scores', scores.slice(0, this.#axes));
  }

  async centres(): Promise<Centres> {
    const axes = this.#axes;
    const all = (await this.#map.read('centres')) as Float32Array;
    const rows = Array.from({ length: CLASSES }, (_, own) => all.slice(own * axes, (own + 1) * axes));
    return { rows, images: this.#count };
  }

  /** The image whose point is nearest to a place on the map. Reads the points back, once for each map. */
  async nearest(place: Place): Promise<Mapped> {
    this.#places ??= this.#map.read('points') as Promise<Float32Array>;
    return nearestImage(this.#images, await this.#places, this.#axes, place);
  }

  /** What the panels show. */
  get sources(): readonly (readonly [panel: string, source: Source])[] {
    const rows = this.#map.location('points');
    const { classes: labels } = this.#images;
    return [
      ['map', { kind: 'points', rows, stride: this.#axes, count: this.#count, labels, reach: REACH }],
      ['decoded', pictures(this.#shape, 'image', { count: 1 })],
      ['decoded-code', codes(this.#shape, 'code', 'largest', { count: 1 })],
    ];
  }

  destroy(): void {
    this.#shape.destroy();
    this.#map.destroy();
  }
}

const axesOf = ({ size }: Coder): number => Math.min(size, MOST_AXES);

/** Images → their codes, the axes of these, and where the points and the means of the classes lie along them. */
function compileMap(gpu: Gpu, coder: Coder, images: DataImages, count: number): Promise<Program> {
  const { size } = coder;
  const axes = axesOf(coder);
  const source = ops.input('images', [images.size, ...images.shape], 'u8');
  return gpu.compile(
    (g) => {
      g.buffers.set(source, images.pixels);
      const x = ops.gatherBatch({ source, batchSize: count, shuffle: false, scale: 1 / 255, dtype: 'f32' });
      const code = coder.encode(x);
      const own = size <= 2;
      const { mean, directions, deviations, scores } = own ? ownAxes(code) : principalComponents(code, axes);
      const centres = ops.matmul(classMeans(images.labels.subarray(0, count)), scores);
      const signs: Tensor = own ? ops.fill([axes], 1) : signsBy(centres, AXIS_CLASSES.slice(0, axes));
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
}

/** Standard deviations along the axes of the map → a code → an image. */
function compileShape(gpu: Gpu, coder: Coder, map: Program): Promise<Program> {
  const { size } = coder;
  const axes = axesOf(coder);
  const scores = ops.input('scores', [1, axes]);
  const mean = ops.input('mean', [1, size]);
  const steps = ops.input('steps', [axes, size]);
  return gpu.compile(
    (g) => {
      g.buffers.set(mean, map.location('mean'));
      g.buffers.set(steps, map.location('steps'));
      const code = ops.add(mean, ops.matmul(scores, steps));
      const largest = ops.reduceMax(ops.abs(code));
      return { one: ops.fill([1], 1), code, largest, image: coder.decode(code) };
    },
    { label: 'code that is decoded' },
  );
}

/** [10, N]: each row takes the mean over the images of a class. */
export function classMeans(labels: Uint8Array): Tensor {
  const counts = Array.from({ length: CLASSES }, (_, own) => labels.filter((label) => label === own).length);
  const data = new Float32Array(CLASSES * labels.length);
  labels.forEach((label, i) => (data[label * labels.length + i] = 1 / counts[label]));
  return ops.constant(data, [CLASSES, labels.length]);
}

import { ops } from '../../src/index.ts';
import type { Gpu, Program } from '../../src/index.ts';
import { klToPrior, sampleCode } from '../../src/models/vae.ts';
import type { Vae } from '../../src/models/vae.ts';
import { classMeans } from '../drawing/codeSpace.ts';
import type { Mapped, Place } from '../drawing/codes.ts';
import { nearestImage } from '../drawing/dataImages.ts';
import type { DataImages } from '../drawing/dataImages.ts';
import type { PointsSource } from '../drawing/scatter.ts';
import { REACH } from './protocol.ts';
import type { Cloud as Told } from './protocol.ts';

/** Images on the map, on a GPU and on a software adapter. */
const MAPPED = { gpu: 2500, software: 400 };

/** A code drawn for each of many test images: where they are on the map, and the KL of each number. */
export class Cloud {
  readonly #program: Program;
  readonly #images: DataImages;
  readonly #count: number;
  readonly #latent: number;
  #points: Promise<Float32Array> | undefined;

  private constructor(program: Program, images: DataImages, count: number, latent: number) {
    this.#program = program;
    this.#images = images;
    this.#count = count;
    this.#latent = latent;
  }

  static async create(gpu: Gpu, vae: Vae, images: DataImages): Promise<Cloud> {
    const count = Math.min(MAPPED[gpu.device.software ? 'software' : 'gpu'], images.size);
    return new Cloud(await compile(gpu, vae, images, count), images, count, vae.latent);
  }

  /** The numbers of a code, from 0 on, that are shown to the right and up. */
  place({ right, up }: { right: number; up: number }): void {
    const axes = new Float32Array(2 * this.#latent);
    axes[2 * right] = axes[2 * up + 1] = 1;
    this.#program.write('axes', axes);
    this.#points = undefined;
  }

  /** Encodes the images with the network as it is. */
  async step(): Promise<void> {
    this.#points = undefined;
    await this.#program.step();
  }

  async read(): Promise<Told> {
    const values = (await this.#program.read('reading')) as Float32Array;
    const size = this.#latent;
    const [within, centres] = [values.subarray(size, size + 2), values.subarray(size + 2)];
    return {
      images: this.#count,
      kl: values.slice(0, size),
      within: [within[0], within[1]],
      centres: Array.from({ length: centres.length / 2 }, (_, i) => [centres[2 * i], centres[2 * i + 1]]),
    };
  }

  /** The image whose point is nearest to a place on the map. Reads the points back, once for each map. */
  async nearest(place: Place): Promise<Mapped> {
    this.#points ??= this.#program.read('points') as Promise<Float32Array>;
    return nearestImage(this.#images, await this.#points, 2, place);
  }

  get source(): PointsSource {
    const rows = this.#program.location('points');
    const { classes: labels } = this.#images;
    return { kind: 'points', rows, stride: 2, count: this.#count, labels, reach: REACH };
  }

  destroy(): void {
    this.#program.destroy();
  }
}

/**
 * Images → codes drawn for them → their points on the map [count, 2], and `reading`: the mean KL of each number, the shares of
 * the points within the circles of radius 1 and 2, and the mean point of each class.
 */
function compile(gpu: Gpu, vae: Vae, images: DataImages, count: number): Promise<Program> {
  const source = ops.input('images', [images.size, ...images.shape], 'u8');
  const axes = ops.input('axes', [vae.latent, 2]);
  return gpu.compile(
    (g) => {
      g.buffers.set(source, images.pixels);
      const x = ops.gatherBatch({ source, batchSize: count, shuffle: false, scale: 1 / 255, dtype: 'f32' });
      const [mean, logVariance] = vae.encoder.callAll(x);
      const points = ops.matmul(sampleCode(mean, logVariance), axes);
      const radius = ops.reduceSum(ops.square(points), { axes: [1] });
      const within = (r: number) => ops.reshape(ops.reduceMean(ops.less(radius, r ** 2)), [1]);
      const centres = ops.matmul(classMeans(images.labels.subarray(0, count)), points);
      const kl = ops.reduceMean(klToPrior(mean, logVariance), { axes: [0] });
      return {
        points,
        reading: ops.concat([kl, within(1), within(2), ops.reshape(centres, [-1])], 0),
      };
    },
    { label: 'codes of test images' },
  );
}

import { ops } from '../../src/index.ts';
import type { Gpu, Program, Tensor } from '../../src/index.ts';
import type { Autoencoder } from '../../src/models/autoencoder.ts';
import { ownAxes, principalComponents, signsBy } from '../../src/models/principalComponents.ts';
import type { Range } from '../shared/tiles.ts';
import { MOST_AXES } from './protocol.ts';

const CLASSES = 10;
/**
 * The digit whose mean lies on the positive side of each axis: zeros to the right, nines at the top. The principal
 * components of MNIST tell these pairs apart clearly, so the picture does not flip while it changes.
 */
const AXIS_DIGITS = [0, 9, 3, 6, 2, 5, 8, 1].slice(0, MOST_AXES);

/** Test images as they lie on the GPU. */
export interface TestImages {
  /** u8 [size, 28, 28, 1] */
  readonly pixels: Range;
  readonly labels: Uint8Array;
  readonly size: number;
}

/**
 * Encodes test images and finds the axes of their codes: the two numbers themselves where a code has no more, else
 * the first principal components, computed on the GPU. All results stay there, but for the means of the classes.
 */
export class CodeMap {
  readonly program: Program;
  /** Points on the map. */
  readonly count: number;
  /** Axes of the code. */
  readonly axes: number;

  private constructor(program: Program, count: number, axes: number) {
    this.program = program;
    this.count = count;
    this.axes = axes;
  }

  static async create(
    gpu: Gpu,
    { encoder }: Pick<Autoencoder, 'encoder'>,
    images: TestImages,
    most: number,
  ): Promise<CodeMap> {
    const count = Math.min(most, images.size);
    const [size] = encoder.outputShape;
    const axes = Math.min(size, MOST_AXES);
    const source = ops.input('test images', [images.size, 28, 28, 1], 'u8');
    const program = await gpu.compile(
      (g) => {
        g.buffers.set(source, images.pixels);
        const x = ops.gatherBatch({ source, batchSize: count, shuffle: false, scale: 1 / 255, dtype: 'f32' });
        const codes = encoder.call(x);
        const { mean, directions, deviations, scores } =
          size <= 2 ? ownAxes(codes) : principalComponents(codes, axes);
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
    return new CodeMap(program, count, axes);
  }

  destroy(): void {
    this.program.destroy();
  }
}

/** [10, N]: each row takes the mean over the images of a class. */
function classMeans(labels: Uint8Array): Tensor {
  const counts = Array.from({ length: CLASSES }, (_, own) => labels.filter((label) => label === own).length);
  const data = new Float32Array(CLASSES * labels.length);
  labels.forEach((label, i) => (data[label * labels.length + i] = 1 / counts[label]));
  return ops.constant(data, [CLASSES, labels.length]);
}

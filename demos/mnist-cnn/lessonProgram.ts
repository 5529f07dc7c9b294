import { ops } from '../../src/index.ts';
import type { Gpu, Program } from '../../src/index.ts';
import { kernelCodes } from '../shared/dispatches.ts';
import type { LessonResult } from './protocol.ts';

/** The lesson's three operations on a 5 × 5 image, computed by the kernels whose source the page shows. */
export class LessonProgram {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  static async create(gpu: Gpu): Promise<LessonProgram> {
    const image = ops.input('image', [1, 5, 5, 1]);
    const filter = ops.input('filter', [3, 3, 1, 1]);
    const program = await gpu.compile(
      () => {
        const convolved = ops.conv2d(image, filter);
        const rectified = ops.relu(convolved);
        const pooled = ops.maxPool2d(rectified, { poolSize: 2, stride: 1 });
        return { convolved, rectified, pooled };
      },
      { label: 'lesson', variants: { conv2d: 'naive' } },
    );
    return new LessonProgram(program);
  }

  async run(image: Float32Array, filter: Float32Array): Promise<LessonResult> {
    const program = this.#program;
    program.write('image', image);
    program.write('filter', filter);
    await program.step();
    const [convolved, rectified, pooled] = [
      await program.read('convolved'),
      await program.read('rectified'),
      await program.read('pooled'),
    ].map((values) => [...values]);
    return { convolved, rectified, pooled, kernels: kernelCodes(program) };
  }
}

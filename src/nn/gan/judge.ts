import { ShapeError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import { formatShape, sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { sigmoid } from '../../ops/elementwise/elementwise.ts';
import { reshape } from '../../ops/movement/movement.ts';
import type { Program } from '../../runtime/program.ts';
import { Turns } from '../training/turns.ts';
import type { CompiledGan } from './networks.ts';

/** Images that a program judges at a time. One of them for any number keeps memory and compilations bounded. */
const BATCH = 32;

/** Programs that are kept, of other image shapes. The one used longest ago goes first. */
const MAX_SHAPES = 4;

/** Asks the discriminator about given images. */
export class GanJudge {
  readonly #compiled: CompiledGan;
  /** By shape of the images; the one used last is the last. */
  readonly #programs = new Map<string, Program>();
  /** One question at a time: two would share a program's input. */
  readonly #turns = new Turns();

  constructor(compiled: CompiledGan) {
    this.#compiled = compiled;
  }

  /** Whether it is running. */
  get busy(): boolean {
    return this.#turns.busy;
  }

  judge(images: Uint8Array | Float32Array, shape: Shape): Promise<Float32Array> {
    const count = images.length / sizeOf(shape);
    if (!Number.isInteger(count) || count === 0) {
      throw new ShapeError(
        `${this.#compiled.networks.name}: ${images.length} values are not a whole number of images of shape ${formatShape(shape)}`,
      );
    }
    const { lifetime } = this.#compiled.state;
    const answer = this.#turns.run(async () => {
      lifetime.check();
      const program = await this.#program(shape);
      const size = sizeOf(shape);
      const probabilities = new Float32Array(count);
      for (let first = 0; first < count; first += BATCH) {
        const batch = images.subarray(first * size, (first + BATCH) * size);
        const rows = new Float32Array(BATCH * size);
        rows.set(batch instanceof Uint8Array ? this.#floats(batch) : batch);
        program.write('images', rows);
        await lifetime.race(program.step());
        const read = await lifetime.race(program.read('probabilities'));
        probabilities.set(read.subarray(0, count - first), first);
      }
      return probabilities;
    });
    return lifetime.race(answer);
  }

  #floats(bytes: Uint8Array): Float32Array {
    const [low, high] = this.#compiled.networks.imageRange;
    return Float32Array.from(bytes, (byte) => low + ((high - low) * byte) / 255);
  }

  /** A program for a shape. One that fails to compile is not kept: another try may succeed. */
  async #program(shape: Shape): Promise<Program> {
    const key = shape.join();
    const program = this.#programs.get(key) ?? (await this.#compile(shape));
    this.#programs.delete(key);
    this.#programs.set(key, program);
    const [[oldest, unused]] = this.#programs;
    if (this.#programs.size > MAX_SHAPES) {
      this.#programs.delete(oldest);
      unused.destroy();
    }
    return program;
  }

  #compile(shape: Shape): Promise<Program> {
    const { networks, gpu, state, precision } = this.#compiled;
    const compiling = gpu.compile(
      () => {
        const images = networks.prepare(input('images', [BATCH, ...shape]));
        const logits = networks.discriminator.call(images, { training: false });
        return { probabilities: sigmoid(reshape(logits, [BATCH])) };
      },
      { label: `${networks.name}/judge`, precision },
    );
    return state.lifetime.make(compiling, (own) => own.destroy());
  }

  destroy(): void {
    for (const program of this.#programs.values()) program.destroy();
    this.#programs.clear();
  }
}

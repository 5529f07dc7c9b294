import { ShapeError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import { formatShape, sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { sigmoid } from '../../ops/elementwise/elementwise.ts';
import { reshape } from '../../ops/movement/movement.ts';
import type { Program } from '../../runtime/program.ts';
import type { CompiledGan } from './networks.ts';

/** Asks the discriminator about given images. */
export class GanJudge {
  readonly #compiled: CompiledGan;
  /** By number and shape of the images. */
  readonly #programs = new Map<string, Promise<Program>>();
  /** The question before: two at a time would share a program's input. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(compiled: CompiledGan) {
    this.#compiled = compiled;
  }

  judge(images: Uint8Array | Float32Array, shape: Shape): Promise<Float32Array> {
    const count = images.length / sizeOf(shape);
    if (!Number.isInteger(count) || count === 0) {
      throw new ShapeError(
        `${this.#compiled.networks.name}: ${images.length} values are not a whole number of images of shape ${formatShape(shape)}`,
      );
    }
    const { lifetime } = this.#compiled.state;
    const answer = this.#last.then(async () => {
      lifetime.check();
      const program = await this.#program(count, shape);
      lifetime.check();
      program.write('images', images instanceof Uint8Array ? this.#floats(images) : images);
      await lifetime.race(program.step());
      return (await program.read('probabilities')) as Float32Array;
    });
    this.#last = answer.catch(() => {}); // the caller hears of it
    return lifetime.race(answer);
  }

  #floats(bytes: Uint8Array): Float32Array {
    const [low, high] = this.#compiled.networks.imageRange;
    return Float32Array.from(bytes, (byte) => low + ((high - low) * byte) / 255);
  }

  #program(count: number, shape: Shape): Promise<Program> {
    const key = [count, ...shape].join();
    const { networks, gpu } = this.#compiled;
    const compile = () =>
      gpu.compile(
        () => {
          const images = networks.prepare(input('images', [count, ...shape]));
          const logits = networks.discriminator.call(images, { training: false });
          return { probabilities: sigmoid(reshape(logits, [count])) };
        },
        { label: `${networks.name}/judge` },
      );
    const program = this.#programs.get(key) ?? compile();
    this.#programs.set(key, program);
    program.catch(() => this.#programs.delete(key)); // another try may succeed
    return program;
  }

  destroy(): void {
    for (const program of this.#programs.values()) {
      program.then(
        (made) => made.destroy(),
        () => {},
      );
    }
    this.#programs.clear();
  }
}

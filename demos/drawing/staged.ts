import type { Gpu, Program, Tensor } from '../../src/index.ts';

/** Kernels that a CPU compiles in a tenth of the time, and then computes six times as long: good for a first look. */
const QUICK = { matmul: 'naive', attention: 'naive' };

/** These kernels, where a CPU computes. A network may be so small that it needs no others at all. */
export const quickKernels = (gpu: Gpu) => (gpu.device.software ? QUICK : undefined);

type Define = () => Readonly<Record<string, Tensor>>;
type Data = Parameters<Program['write']>[1];

/**
 * A program that pictures are drawn from, compiled twice, because compiling takes longer than a first look may: at first what
 * that look needs, and after it everything. Both read the same inputs.
 */
export class Staged {
  readonly #gpu: Gpu;
  readonly #label: string;
  readonly #written = new Map<Tensor, Data>();
  #program: Program;
  /** Its kernels are those that compile quickly. */
  #isQuick = false;
  #isDestroyed = false;

  private constructor(gpu: Gpu, label: string, program: Program) {
    this.#gpu = gpu;
    this.#label = label;
    this.#program = program;
  }

  /** @param options.isQuick where a CPU computes: kernels that compile quickly, until `quicken` */
  static async create(
    gpu: Gpu,
    define: Define,
    { label, isQuick = false }: { label: string; isQuick?: boolean },
  ): Promise<Staged> {
    const variants = isQuick ? quickKernels(gpu) : undefined;
    const staged = new Staged(gpu, label, await gpu.compile(define, { label, variants }));
    staged.#isQuick = variants !== undefined;
    return staged;
  }

  /** The program as it is now: `complete` replaces it. */
  get program(): Program {
    return this.#program;
  }

  /** Writes data, which must stay as they are, into an input of this program and of the one to come. */
  write(input: Tensor, data: Data): void {
    this.#written.set(input, data);
    if (this.#program.inputs.includes(input)) this.#program.write(input, data);
  }

  /**
   * Compiles the program for all that follows.
   *
   * @param onReplaced shows its outputs in the panels, in place of those of the old one, which is destroyed then
   */
  async complete(define: Define, onReplaced: () => void): Promise<void> {
    const program = await this.#gpu.compile(define, { label: this.#label });
    if (this.#isDestroyed) return program.destroy();
    for (const [input, data] of this.#written) program.write(input, data);
    const old = this.#program;
    this.#program = program;
    onReplaced();
    old.destroy();
  }

  /** Kernels that run quickly in the place of those that compile quickly, if there are such. Otherwise as `complete`. */
  async quicken(define: Define, onReplaced: () => void): Promise<void> {
    if (this.#isQuick) await this.complete(define, onReplaced);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#program.destroy();
  }
}

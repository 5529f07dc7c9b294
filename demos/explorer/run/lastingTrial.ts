import { relativeError } from '../../../bench/kernels/expectation.ts';
import type { Gpu, Program, Variable } from '../../../src/index.ts';
import type { Minimizer } from '../../../src/runtime/minimizer.ts';
import type { Sizes } from './sizes.ts';
import type { Shown, Trial } from './trial.ts';
import { tunablesIn } from './tune.ts';
import type { Tunable } from './tune.ts';

/** A program, and what it leaves behind. */
export interface Made {
  readonly program: Program;
  readonly variables: readonly Variable[];
  readonly minimizer?: Minimizer;
}

/** Work at the end of a training step, which changes memory that lasts: so each program begins anew. */
export abstract class LastingTrial implements Trial {
  readonly kernel: string;
  readonly plan = 'only';
  readonly plans = ['only'];
  tunables: readonly Tunable[] = [];
  protected readonly gpu: Gpu;
  protected readonly shape: readonly [rows: number, columns: number];
  /** What must come out: by default the program's output `after`. */
  protected abstract readonly expected: Float64Array;
  protected abstract readonly inputs: readonly Shown[];
  protected abstract readonly title: string;
  protected abstract readonly outputShape: readonly number[];
  protected readonly steps: number = 1;
  /** The engine launches the kernel, and not the optimizer. */
  protected readonly isFixed: boolean = true;
  #made: Made | undefined;
  /** What the first steps have come to, before they are timed. */
  #found: ArrayLike<number> = [];

  constructor(gpu: Gpu, kernel: string, { rows, columns }: Sizes) {
    this.gpu = gpu;
    this.kernel = kernel;
    this.shape = [rows, columns];
  }

  protected abstract make(): Promise<Made>;

  async compile(): Promise<Program> {
    this.release();
    this.#made = await this.make();
    const { program, variables } = this.#made;
    this.gpu.variables.retain(variables);
    const own = program.build.dispatches.findLast(({ kernel }) => kernel.name === this.kernel);
    this.tunables = own ? tunablesIn(own, this.isFixed) : [];
    return program;
  }

  isTimed(label: string): boolean {
    return label.startsWith('optimizer') || label.includes('movingStatistics');
  }

  async run(program: Program): Promise<void> {
    for (let step = 0; step < this.steps; step++) await program.step();
    await program.finish();
    this.#found = await this.read(program);
  }

  /** What is held against `expected`. */
  protected read(program: Program): Promise<ArrayLike<number>> {
    return program.read('after');
  }

  check(): Promise<number> {
    const error = relativeError(this.expected, (i) => this.#found[i]);
    if (error < 1e-5) return Promise.resolve(error);
    const much = error.toExponential(1);
    return Promise.reject(new Error(`${this.title} differ from float64 by ${much} of their largest value`));
  }

  shown(): Promise<readonly Shown[]> {
    const difference = Float32Array.from(this.#found, (value, i) => value - this.expected[i]);
    const { outputShape: shape } = this;
    return Promise.resolve([
      ...this.inputs,
      { title: `${this.title} after`, shape, values: this.#found },
      { title: 'after − float64', shape, values: difference },
    ]);
  }

  release(): void {
    if (!this.#made) return;
    const { program, minimizer, variables } = this.#made;
    this.#made = undefined;
    program.destroy();
    if (minimizer) this.gpu.release(minimizer);
    this.gpu.variables.release(variables);
  }
}

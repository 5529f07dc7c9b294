import { isolated } from '../../../bench/kernels/cases.ts';
import { Expectation } from '../../../bench/kernels/expectation.ts';
import type { Gpu, Program } from '../../../src/index.ts';
import { nameOf } from '../names.ts';
import type { Range } from '../../drawing/kind.ts';
import { chosenNode } from './nodes.ts';
import type { RunCase, Sizes } from './sizes.ts';
import { retuned, tunablesOf } from './tune.ts';
import type { ChosenConstants, Tunable } from './tune.ts';

/** A tensor to look at; `values` tell the magnitude of the full colour. */
export interface Shown {
  readonly title: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** Where it lies on the GPU; undefined where its memory changes while it is looked at. */
  readonly range?: Range;
}

/** An operation on the GPU that is held against float64. */
export interface Trial {
  readonly kernel: string;
  readonly plan: string;
  /** All plans that run the kernel. */
  readonly plans: readonly string[];
  readonly tunables: readonly Tunable[];
  /** A program with its inputs, before its first step. */
  compile(): Promise<Program>;
  /** Which of the program's commands are timed. */
  isTimed(label: string): boolean;
  /** Runs what is to be compared: the steps after a fresh start. */
  run(program: Program): Promise<void>;
  /** The largest difference from float64, as a share of the largest value; throws where it is too large. */
  check(program: Program): Promise<number>;
  /** What was read, and what was written, with its difference from float64. */
  shown(program: Program): Promise<readonly Shown[]>;
  /** Frees what a program of it leaves behind. */
  release(): void;
}

/** A node of a graph by itself. */
export class NodeTrial implements Trial {
  readonly kernel: string;
  readonly plan: string;
  readonly plans: readonly string[];
  readonly tunables: readonly Tunable[];
  readonly #gpu: Gpu;
  readonly #variants: Readonly<Record<string, string>>;
  readonly #own: ReturnType<typeof isolated>;
  readonly #names: readonly string[];
  readonly #titles: readonly string[];
  readonly #expectation: Expectation;

  constructor(
    gpu: Gpu,
    own: RunCase,
    kernel: string,
    sizes: Sizes,
    plan?: string,
    constants: ChosenConstants = {},
  ) {
    const { node, plans } = chosenNode(own, kernel, sizes, gpu.target);
    const planName = (variants: Readonly<Record<string, string>>) => Object.values(variants)[0] ?? 'only';
    this.kernel = kernel;
    this.#gpu = gpu;
    this.#variants = plans.find((each) => planName(each) === plan) ?? plans[0];
    this.plan = planName(this.#variants);
    this.plans = plans.map(planName);
    this.tunables = tunablesOf(node, kernel, gpu.target, plans, this.#variants, constants);
    this.#own = isolated({ ...node, op: retuned(node.op, kernel, constants) });
    this.#names = this.#own.outputs.map((_, i) => `output ${i}`);
    this.#titles = node.inputs.map(nameOf);
    this.#expectation = new Expectation(node);
  }

  async compile(): Promise<Program> {
    const { inputs, outputs } = this.#own;
    const define = () => Object.fromEntries(outputs.map((tensor, i) => [this.#names[i], tensor]));
    const program = await this.#gpu.compile(define, { label: this.kernel, variants: this.#variants });
    this.#expectation.write(program, inputs);
    return program;
  }

  isTimed(): boolean {
    return true;
  }

  async run(program: Program): Promise<void> {
    program.reset(0); // random numbers depend on the step
    await program.step();
    await program.finish();
  }

  check(program: Program): Promise<number> {
    return this.#expectation.check(program, this.#names);
  }

  async shown(program: Program): Promise<readonly Shown[]> {
    const used = new Set(program.inputs);
    const inputs = this.#own.inputs.flatMap((tensor, i): Shown[] => {
      const feed = this.#expectation.feed[i];
      if (!feed || tensor.dtype !== 'f32' || !used.has(tensor)) return [];
      const { shape } = tensor;
      return [{ title: this.#titles[i], shape, values: feed.data, range: program.location(tensor) }];
    });
    const [name] = this.#names;
    const { shape, dtype } = program.build.outputs[name];
    if (dtype !== 'f32') return inputs;
    const values = await program.read(name);
    const difference = await this.#expectation.difference(program, this.#names);
    return [
      ...inputs,
      { title: 'output', shape, values, range: program.location(name) },
      ...(difference ? [{ title: 'output − float64', shape, values: difference }] : []),
    ];
  }

  release(): void {}
}

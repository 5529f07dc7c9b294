import { isolated } from '../../../bench/kernels/cases.ts';
import { measureCeilings } from '../../../bench/kernels/ceilings.ts';
import { Expectation } from '../../../bench/kernels/expectation.ts';
import { rates } from '../../../bench/kernels/measure.ts';
import { bytesMoved } from '../../../src/runtime/describe/nodes.ts';
import { timeCommands, timeStep } from '../../../bench/kernels/timing.ts';
import { KernelError } from '../../../src/index.ts';
import type { Gpu, Program } from '../../../src/index.ts';
import type { Node } from '../../../src/ops/core/op.ts';
import type { Range } from '../../drawing/kind.ts';
import type { PanelRenderer } from '../../drawing/renderer.ts';
import { tilingOf } from '../../drawing/tensorTiling.ts';
import type { TensorSource } from '../../drawing/tiles.ts';
import { nodeOf, plansOf } from './nodes.ts';
import type { Answer, Picture, Result, Wanted } from './protocol.ts';
import { caseOf } from './sizes.ts';

const TIMING = { samples: 5, sampleMs: 10 };

/** What runs now. */
interface Current {
  readonly program: Program;
  readonly expectation: Expectation;
  readonly inputs: Node['inputs'];
  /** What the op calls them. */
  readonly titles: readonly string[];
  readonly names: readonly string[];
  /** The dispatch of the chosen kernel. */
  readonly index: number;
  readonly plan: string;
  readonly plans: readonly string[];
  buffers: GPUBuffer[];
}

/** Runs a kernel on the GPU, compares it with float64, times it, and shows its tensors. */
export class Lab {
  readonly #gpu: Gpu;
  readonly #renderer: PanelRenderer;
  #ceilings: ReturnType<typeof measureCeilings> | undefined;
  #current: Current | undefined;
  #sources = new Map<string, TensorSource>();

  constructor(gpu: Gpu, renderer: PanelRenderer) {
    this.#gpu = gpu;
    this.#renderer = renderer;
  }

  async run({ kernel, sizes, plan }: Wanted): Promise<Answer> {
    this.#forget();
    const own = caseOf(kernel);
    if (!own) throw new Error(`There is no example at chosen sizes of ${kernel}.wgsl.`);
    const node = nodeOf(own, kernel, sizes);
    const plans = plansOf(node, kernel, this.#gpu.target);
    if (plans.length === 0)
      throw new Error(
        `This device does not run ${kernel}.wgsl at these sizes: try multiples of four, or another kernel.`,
      );
    const nameOf = (variants: Readonly<Record<string, string>>) => Object.values(variants)[0] ?? 'only';
    const variants = plans.find((each) => nameOf(each) === plan) ?? plans[0];
    const { inputs, outputs } = isolated(node);
    const titles = node.inputs.map(
      ({ node: source }, i) => (source.attrs as { name?: string })?.name ?? `input ${i}`,
    );
    const names = outputs.map((_, i) => `output ${i}`);
    const define = () => Object.fromEntries(outputs.map((tensor, i) => [names[i], tensor]));
    const program = await this.#gpu.compile(define, { label: kernel, variants });
    const index = program.build.dispatches.findIndex((dispatch) => dispatch.kernel.name === kernel);
    const expectation = new Expectation(node);
    expectation.write(program, inputs);
    const current = {
      program,
      expectation,
      inputs,
      titles,
      names,
      index,
      plan: nameOf(variants),
      plans: plans.map(nameOf),
      buffers: [],
    };
    this.#current = current;
    return { result: await this.#measure(current) };
  }

  /** Puts an edited text in the place of the kernel that ran last. */
  async edit(source: string): Promise<Answer> {
    const current = this.#current;
    if (!current) throw new Error('Nothing has run yet.');
    try {
      await current.program.replace(current.index, source);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return { messages: error.messages, text: error.message };
    }
    return { result: await this.#measure(current) };
  }

  async #measure(current: Current): Promise<Result> {
    const { program, expectation, names, plan, plans } = current;
    await timeStep(program);
    let [error, wrong] = [0, undefined as string | undefined];
    try {
      error = await expectation.check(program, names);
    } catch (reason) {
      wrong = (reason as Error).message.replace(': not timed', '');
      error = Infinity;
    }
    const ceilings = await (this.#ceilings ??= measureCeilings(this.#gpu, TIMING));
    const { ms } = await timeCommands(this.#gpu, program.commands, TIMING);
    const { dispatches } = program.build;
    const sum = (of: (dispatch: (typeof dispatches)[number]) => number) =>
      dispatches.reduce((all, own) => all + of(own), 0);
    return {
      plan,
      plans,
      launches: dispatches.map(
        ({ kernel, workgroups }) =>
          `${kernel.name}: ${timesOf(workgroups)} workgroups of ${timesOf(kernel.workgroupSize)} invocations`,
      ),
      ms: ms.median,
      ...rates(
        sum(({ flops }) => flops),
        sum(bytesMoved),
        ms.median,
        ceilings,
      ),
      ceilings: { gflops: ceilings.gflops, gbs: ceilings.gbs },
      error,
      ...(wrong !== undefined && { wrong }),
      pictures: await this.#pictures(current),
    };
  }

  /** Inputs and output from where they lie; and what is wrong of the output. */
  async #pictures(current: Current): Promise<Picture[]> {
    const { program, expectation, inputs, titles, names } = current;
    this.#clear(current);
    const used = new Set(program.inputs);
    const pictures: Picture[] = [];
    const add = (name: string, title: string, shape: readonly number[], values: Range, largest: number) => {
      const tiling = tilingOf(
        shape,
        title === 'filter' || (name === 'output 0' && program.label.includes('grad_filter')),
      );
      this.#sources.set(name, {
        kind: 'tensor',
        values,
        largest: this.#upload(current, [largest]),
        ...tiling,
      });
      const { count, width, height } = tiling;
      pictures.push({ name, title, count, width, height, largest });
    };
    inputs.forEach((tensor, i) => {
      const feed = expectation.feed[i];
      if (!feed || tensor.dtype !== 'f32' || !used.has(tensor)) return;
      add(`input ${i}`, titles[i], tensor.shape, program.location(tensor), magnitude(feed.data));
    });
    const output = program.build.outputs[names[0]];
    if (output.dtype !== 'f32') return pictures;
    add(
      'output 0',
      'output',
      output.shape,
      program.location(names[0]),
      magnitude(await program.read(names[0])),
    );
    const difference = await expectation.difference(program, names);
    if (difference)
      add(
        'difference',
        'output − float64',
        output.shape,
        this.#upload(current, difference),
        magnitude(difference),
      );
    for (const name of this.#sources.keys()) this.show(name);
    return pictures;
  }

  #upload(current: Current, numbers: ArrayLike<number>): Range {
    const data = Float32Array.from(numbers);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = this.#gpu.device.createBuffer('picture', Math.max(16, data.byteLength), usage);
    this.#gpu.device.gpu.queue.writeBuffer(buffer, 0, data);
    current.buffers.push(buffer);
    return { buffer, offset: 0, bytes: data.byteLength };
  }

  /** Draws a tensor into its panel, if there are both. */
  show(name: string): void {
    const source = this.#sources.get(name);
    if (source) this.#renderer.show(name, source);
    this.draw();
  }

  draw(): void {
    if (this.#renderer.stale) this.#gpu.device.submit('pictures', (encoder) => this.#renderer.draw(encoder));
  }

  #forget(): void {
    if (!this.#current) return;
    this.#clear(this.#current);
    this.#current.program.destroy();
    this.#current = undefined;
  }

  /** Takes the pictures away: the page makes new panels for the next ones. */
  #clear(current: Current): void {
    for (const name of this.#sources.keys()) this.#renderer.remove(name);
    this.#sources.clear();
    for (const buffer of current.buffers) buffer.destroy();
    current.buffers = [];
  }
}

const magnitude = (values: ArrayLike<number>): number => {
  let largest = 0;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i])) largest = Math.max(largest, Math.abs(values[i]));
  return largest || 1;
};

const timesOf = (extents: readonly number[]) =>
  extents.filter((extent, i) => i === 0 || extent > 1).join(' × ');

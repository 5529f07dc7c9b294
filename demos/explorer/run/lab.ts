import { loadAllKernels } from '../../../src/ops/allKernels.ts';
import { compareCommands, timeCommands } from '../../../bench/kernels/timing.ts';
import { KernelError } from '../../../src/index.ts';
import type { Gpu, Program } from '../../../src/index.ts';
import { bytesMoved } from '../../../src/runtime/describe/nodes.ts';
import { measureCeilings } from '../../../src/runtime/roofline/ceilings.ts';
import { rates } from '../../../src/runtime/roofline/rates.ts';
import type { Range } from '../../drawing/kind.ts';
import type { PanelRenderer } from '../../drawing/renderer.ts';
import { tilingOf } from '../../drawing/tensorTiling.ts';
import type { TensorSource } from '../../drawing/tiles.ts';
import { exchange } from './exchange.ts';
import type { Answer, Picture, Result, Wanted } from './protocol.ts';
import { caseOf } from './sizes.ts';
import { NodeTrial } from './trial.ts';
import type { Trial } from './trial.ts';

const TIMING = { samples: 5, sampleMs: 10 };

/** What runs now. */
interface Current {
  readonly trial: Trial;
  program: Program;
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

  async run(wanted: Wanted): Promise<Answer> {
    this.#forget();
    const trial = await this.#trialOf(wanted);
    this.#current = { trial, program: await trial.compile(), buffers: [] };
    return { result: await this.#measure(this.#current) };
  }

  async #trialOf({ kernel, sizes, plan, constants }: Wanted): Promise<Trial> {
    const own = caseOf(kernel);
    if (!own) throw new Error(`There is no example at chosen sizes of ${kernel}.wgsl.`);
    await loadAllKernels(); // a trial tries all plans of an op at once
    if (own.name !== 'update') return new NodeTrial(this.#gpu, own, kernel, sizes, plan, constants);
    const { updateTrial } = await import('./update.ts');
    return updateTrial(this.#gpu, kernel, sizes, constants);
  }

  /** Puts an edited text in the place of the kernel that ran last. */
  async edit(source: string): Promise<Answer> {
    const current = this.#current;
    if (!current) throw new Error('Nothing has run yet.');
    const { trial } = current;
    this.#clear(current);
    current.program.destroy();
    current.program = await trial.compile(); // memory as it was at first
    const original = [...current.program.commands];
    let tried: string;
    try {
      tried = await exchange(current.program, trial.kernel, source);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return { messages: error.messages, text: error.message };
    }
    return { result: { ...(await this.#measure(current, original)), tried } };
  }

  /** @param original the commands before an edit, to be measured beside it */
  async #measure(current: Current, original?: Program['commands']): Promise<Result> {
    const { trial, program } = current;
    await trial.run(program);
    let [error, wrong] = [0, undefined as string | undefined];
    try {
      error = await trial.check(program);
    } catch (reason) {
      wrong = (reason as Error).message.replace(': not timed', '');
      error = Infinity;
    }
    const pictures = await this.#pictures(current);
    const ceilings = await (this.#ceilings ??= measureCeilings(this.#gpu));
    const dispatches = program.build.dispatches.filter(({ label }) => trial.isTimed(label));
    const timed = (all: Program['commands']) => all.filter(({ label }) => trial.isTimed(label));
    const comparison =
      original && (await compareCommands(this.#gpu, timed(original), timed(program.commands), TIMING));
    const ms =
      comparison?.second ?? (await timeCommands(this.#gpu, timed(program.commands), TIMING)).ms.median;
    const sum = (of: (dispatch: (typeof dispatches)[number]) => number) =>
      dispatches.reduce((all, own) => all + of(own), 0);
    return {
      plan: trial.plan,
      plans: trial.plans,
      tunables: trial.tunables,
      launches: dispatches.map(
        ({ kernel, workgroups }) =>
          `${kernel.name}: ${timesOf(workgroups)} workgroups of ${timesOf(kernel.workgroupSize)} invocations`,
      ),
      ms,
      ...rates(
        sum(({ flops }) => flops),
        sum(bytesMoved),
        ms,
        ceilings,
      ),
      ceilings: { gflops: ceilings.gflops, gbs: ceilings.gbs },
      error,
      ...(wrong !== undefined && { wrong }),
      pictures,
      ...(comparison && { comparison }),
    };
  }

  /** Inputs and output from where they lie, or copies of what will change; and what is wrong of the output. */
  async #pictures(current: Current): Promise<Picture[]> {
    const { trial, program } = current;
    this.#clear(current);
    const shown = await trial.shown(program);
    const pictures = shown.map(({ title, shape, values, range }, i): Picture => {
      const name = `tensor ${i}`;
      const tiling = tilingOf(
        shape,
        title === 'filter' || (title.startsWith('output') && trial.kernel.includes('grad_filter')),
      );
      const largest = magnitude(values);
      this.#sources.set(name, {
        kind: 'tensor',
        values: range ?? this.#upload(current, values),
        largest: this.#upload(current, [largest]),
        ...tiling,
      });
      const { count, width, height } = tiling;
      return { name, title, count, width, height, largest };
    });
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
    this.#current.trial.release();
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

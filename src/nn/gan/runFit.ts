import type { Dataset } from '../../data/dataset.ts';
import type { TrainingData } from '../../data/stream.ts';
import { ArgumentError } from '../../errors.ts';
import { gatherBatch } from '../../ops/dataset/gatherBatch.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import type { Program } from '../../runtime/program.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import { callbackList } from '../training/callbackList.ts';
import { checkCalled } from '../training/checks.ts';
import { Counters } from '../training/counters.ts';
import { runLoop } from '../training/runLoop.ts';
import type { LoopOptions } from '../training/loopOptions.ts';
import { prepareStep } from '../training/prepare.ts';
import { runRecovering } from '../training/recovery.ts';
import type { Run } from '../training/wholeRun.ts';
import { checkRun } from '../training/run.ts';
import { openSource } from '../training/source.ts';
import { sourceOf } from '../training/sourceOf.ts';
import type { BatchOptions, StepValue, Task } from '../training/task.ts';
import type { GanFitHost, GanFitOptions, GanHistory, GanPrepareOptions, GanStepValues } from './fit.ts';
import { savedGan } from './networks.ts';
import type { CompiledGan } from './networks.ts';
import { GAN_PARTS, GAN_VALUES, ganGraph, ganValues } from './step.ts';
import type { GanPart } from './step.ts';

/** Trains until it is done or the signal is aborted; see `Gan.fit`. @param queue takes the values of its steps */
export async function runGanFit(
  first: CompiledGan,
  data: TrainingData,
  options: GanFitOptions & { readonly signal: AbortSignal },
  host: GanFitHost,
  queue: (values: readonly GanStepValues[]) => void,
): Promise<GanHistory> {
  const { name } = first.networks;
  const batchSize = checkRun(name, data, options);
  checkCalled(name, options);
  const { train, onReady, signal } = options;
  // What the GAN records are its own values, of which the loop knows no names.
  const loopOptions = {
    ...(options as unknown as LoopOptions),
    onSteps: (values: readonly unknown[]) => {
      queue(values as readonly GanStepValues[]);
      return options.onSteps?.(values as readonly GanStepValues[]);
    },
  };
  const { counting, files, ...told } = callbackList(name, options);
  const values = ['epoch', 'step', ...GAN_VALUES].map((own) => ({ name: own }));
  const check = (batch: Dataset) => first.networks.checkData(batch);
  const hooks = {
    part: (step: number) => partOf(name, train, step),
    onReady: onReady as ((program: Program, part: string) => void | Promise<void>) | undefined,
  };
  const work = async (compiled: CompiledGan, run: Run) => {
    const task = new GanTask(compiled);
    await run.begin(task.saved, signal);
    const source = await openSource(compiled, name, () =>
      sourceOf(compiled.gpu.device, data, { ...options, batchSize, targets: false, check }),
    );
    const own = { ...hooks, ...told, counters: new Counters(counting, values) };
    return runLoop(task, source, { ...loopOptions, batchSize }, run, own);
  };
  const recovery = { ...loopOptions, files };
  const history = await runRecovering(name, first, data, recovery, { work, move: host.recover });
  return history as unknown as GanHistory;
}

/** Compiles a training step whose kernels stay compiled; see `Gan.prepareFit`. */
export function prepareGanFit(
  compiled: CompiledGan,
  data: Dataset,
  options: GanPrepareOptions,
): Promise<void> {
  const { train, ...own } = options;
  const part = partOf(compiled.networks.name, train, 0);
  return prepareStep(new GanTask(compiled), part, data, { ...own, targets: false });
}

function partOf(name: string, train: GanFitOptions['train'], step: number): GanPart {
  const part = typeof train === 'function' ? train(step) : (train ?? 'both');
  if (GAN_PARTS.includes(part)) return part;
  throw new ArgumentError(`${name}: cannot train '${String(part)}'; choose one of ${GAN_PARTS.join(', ')}`);
}

const PLAYERS = ['discriminator', 'generator'] as const;

/** The training of the two networks, as the loop sees it. */
export class GanTask implements Task {
  readonly name: string;
  readonly #compiled: CompiledGan;

  constructor(compiled: CompiledGan) {
    this.name = compiled.networks.name;
    this.#compiled = compiled;
  }

  get gpu() {
    return this.#compiled.gpu;
  }

  get state() {
    return this.#compiled.state;
  }

  get saved() {
    return savedGan(this.#compiled);
  }

  get seed() {
    return this.#compiled.networks.seed;
  }

  get precision() {
    return this.#compiled.precision;
  }

  /** The generator's; setting it sets both. */
  get learningRate(): number {
    return this.#compiled.players.generator.learningRate;
  }

  set learningRate(value: number) {
    for (const key of PLAYERS) this.#compiled.players[key].learningRate = value;
  }

  get advice(): string {
    const { generator, discriminator } = this.#compiled.players;
    return `Lower the learning rates (now ${generator.learningRate} of the generator and ${discriminator.learningRate} of the discriminator)`;
  }

  /** Gather, generate, judge, both losses, gradients and updates of what is trained, values. */
  define(g: GraphBuilder, { data, rows, shuffle }: BatchOptions, part: string): StepValue[] {
    const { networks, players, losses } = this.#compiled;
    const { pieces, dtype } = data.x;
    for (const { tensor, location } of pieces) g.buffers.set(tensor, location);
    const [low, high] = networks.imageRange;
    const [scale, offset] = dtype === 'u8' ? [(high - low) / 255, low] : [1, 0];
    const source = pieces.map(({ tensor }) => tensor);
    const images = gatherBatch({ source, batchSize: rows, shuffle, scale, offset, dtype: 'f32' });
    const frozen = new Set(PLAYERS.flatMap((key) => [...players[key].frozen]));
    const graph = ganGraph(networks, networks.prepare(images), part as GanPart, losses, frozen);
    for (const key of PLAYERS) {
      if (part !== 'both' && part !== key) continue;
      const { minimizer } = players[key];
      g.minimize(reduceMean(graph[`${key}Loss`]), minimizer.variables, minimizer);
    }
    return [{ name: 'values', tensor: ganValues(graph), value: namedValues }];
  }

  async recount(): Promise<void> {
    for (const key of PLAYERS) await this.#compiled.players[key].recount();
  }

  stepped(part: string): void {
    for (const key of PLAYERS) {
      if (part === 'both' || part === key) this.#compiled.players[key].updated();
    }
  }
}

/** The four values from the means of the columns that they are recorded in. */
const namedValues = (means: Float64Array): Record<string, number> =>
  Object.fromEntries(GAN_VALUES.map((name, i) => [name, means[i]]));

import type { Dataset } from '../../data/dataset.ts';
import { gatherBatch } from '../../ops/dataset/gatherBatch.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import { advanceDispatch } from '../../ops/dataset/effects.ts';
import { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import { MetricRing } from '../../runtime/ring.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import type { Gan } from './gan.ts';
import { GAN_VALUES, ganGraph, ganValues } from './step.ts';
import type { GanPart } from './step.ts';

export interface GanProgramOptions {
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly onCompile?: (progress: CompileProgress) => void;
  readonly onReady?: (program: Program, part: GanPart) => void | Promise<void>;
}

/**
 * The training steps of a GAN on one data set: a program for both networks and one for each alone. They share the
 * weights, the optimizers, the data and the ring, so steps of all kinds can follow each other.
 */
export class GanPrograms {
  readonly ring: MetricRing;
  readonly #gan: Gan;
  readonly #data: DeviceDataset;
  readonly #options: GanProgramOptions;
  readonly #programs = new Map<GanPart, Program>();
  #current: Program | undefined;

  constructor(gan: Gan, data: Dataset, options: GanProgramOptions) {
    const { device } = gan.compiled.gpu;
    this.#gan = gan;
    this.#options = options;
    this.#data = new DeviceDataset(device, data, { targets: false });
    this.ring = new MetricRing(device, [{ name: 'values', columns: GAN_VALUES.length }]);
  }

  /** The program that trains `part`, ready for the GAN's next step; compiled if it is new. */
  async use(part: GanPart): Promise<Program> {
    let program = this.#programs.get(part);
    if (!program) {
      program = await this.#compile(part);
      this.#programs.set(part, program);
      await this.#options.onReady?.(program, part);
    }
    // Each program counts its own steps on the GPU: one that stood still has to be told.
    if (program !== this.#current || program.steps !== this.#gan.step) program.reset(this.#gan.step);
    this.#current = program;
    return program;
  }

  #compile(part: GanPart): Promise<Program> {
    const gan = this.#gan;
    const { gpu } = gan.compiled;
    const label = `${gan.name}/train ${part}`;
    const { onCompile } = this.#options;
    return gpu.compile((g) => this.#define(g, part), { label, seed: gan.seed, onProgress: onCompile });
  }

  /** Gather, generate, judge, both losses, gradients and updates of what is trained, values. */
  #define(g: GraphBuilder, part: GanPart): Record<string, never> {
    const gan = this.#gan;
    const { players, losses } = gan.compiled;
    const { batchSize, shuffle } = this.#options;
    const { pieces, dtype } = this.#data.x;
    for (const { tensor, location } of pieces) g.buffers.set(tensor, location);
    const [low, high] = gan.imageRange;
    const [scale, offset] = dtype === 'u8' ? [(high - low) / 255, low] : [1, 0];
    const source = pieces.map(({ tensor }) => tensor);
    const images = gatherBatch({ source, batchSize, shuffle, scale, offset, dtype: 'f32' });
    const graph = ganGraph(gan, gan.prepare(images), part, losses);
    for (const key of ['discriminator', 'generator'] as const) {
      if (part !== 'both' && part !== key) continue;
      const { minimizer, updates } = players[key];
      g.minimize(reduceMean(graph[`${key}Loss`]), minimizer.variables, minimizer);
      g.resources.set(updates.resource, updates.location);
      g.effect({
        label: `${key}/updates`,
        inputs: [],
        lower: ({ dispatch }) => dispatch(advanceDispatch(updates.resource)),
      });
    }
    g.resources.set(this.ring.resource, this.ring.location);
    g.effect(this.ring.effect([ganValues(graph)]));
    return {};
  }

  /** Waits until every submitted step has run. */
  async finish(): Promise<void> {
    for (const program of this.#programs.values()) await program.finish();
  }

  destroy(): void {
    for (const program of this.#programs.values()) program.destroy();
    this.#programs.clear();
    this.ring.destroy();
    this.#data.destroy();
  }
}

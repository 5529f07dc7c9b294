import type { Device } from '../device/device.ts';
import { deviceOptions, openDevice } from '../device/openDevice.ts';
import type { DeviceOptions } from '../device/openDevice.ts';
import { ArgumentError } from '../errors.ts';
import { topologicalOrder } from '../graph/traverse.ts';
import { PipelineCache } from '../kernels/pipelineCache.ts';
import { read } from '../ops/core/leaves.ts';
import type { Variable, VariableAttrs } from '../ops/core/leaves.ts';
import { MissingKernels } from '../ops/core/late.ts';
import type { Effect, Target, Tensor } from '../ops/core/op.ts';
import { withSideEffects } from '../ops/core/sideEffects.ts';
import { withStreams } from '../ops/random/random.ts';
import { build } from './build.ts';
import type { Build, Objective } from './build.ts';
import { GraphBuilder, requireOptimizer, requireOutputs } from './graphBuilder.ts';
import { StepGuard } from './guard.ts';
import type { Variants } from './lower.ts';
import { checkBinding } from './memory.ts';
import { Minimizer } from './minimizer.ts';
import type { MinimizerOptions } from './minimizer.ts';
import type { OptimizerSpec } from './optimizerSpec.ts';
import { precisionOptions, requirePrecision, settlePrecision } from './precision.ts';
import type { PrecisionOptions } from './precision.ts';
import { Program } from './program.ts';
import type { CompileProgress, ProgramOptions } from './programOptions.ts';
import { indexedDbTuning } from './tuning/indexedDbStore.ts';
import { tuneOptions, Tuning, TuningSettings } from './tuning/tuning.ts';
import type { TuneOptions } from './tuning/tuning.ts';
import { updateEffects } from './updates.ts';
import { holdersOf, VariableStore } from './variables.ts';
import { checkOptions, describe, requireSeed } from '../options.ts';
import type { OptionTable } from '../options.ts';

export interface CompileOptions extends PrecisionOptions {
  /** For labels and messages. */
  readonly label?: string;
  /** Of every random op of the program; 0 by default. */
  readonly seed?: number;
  /** Kernel variants to force, by op name, such as `{ matmul: 'naive' }`. */
  readonly variants?: Variants;
  readonly onProgress?: (progress: CompileProgress) => void;
}

const compileOptions: OptionTable<CompileOptions> = {
  label: true,
  seed: true,
  variants: true,
  onProgress: true,
  ...precisionOptions,
};

/** What a function that builds a graph has defined. */
interface Defined {
  readonly g: GraphBuilder;
  readonly variables: readonly Variable[];
  readonly guard: ProgramOptions['guard'];
  /** Lowers it for the device, with what is known then of the kernels' speed. */
  readonly again: () => Build;
}

/** An open GPU: its device, its compiled kernels and the variables that live on it. */
export class Gpu {
  readonly device: Device;
  readonly pipelines: PipelineCache;
  readonly variables: VariableStore;
  /** Opens another GPU in its place, where it was lost. */
  readonly reopen: () => Promise<Gpu>;
  /** What is known of the kernels' speed. */
  readonly tuning: Tuning;
  readonly #minimizers = new Set<Minimizer>();

  /** @param reopen how to open another one in its place; default: `init()` */
  constructor(
    device: Device,
    reopen: () => Promise<Gpu> = () => init(),
    tuning: Tuning = Tuning.shipped(device),
  ) {
    this.device = device;
    this.reopen = reopen;
    this.tuning = tuning;
    this.pipelines = new PipelineCache(device.gpu, device.warmUps);
    this.variables = new VariableStore(device);
  }

  get target(): Target {
    const { software, subgroupSize, subgroupMatrices, limits } = this.device;
    const { residentWorkgroups } = this.tuning;
    return { software, subgroupSize, subgroupMatrices, limits, residentWorkgroups };
  }

  /** Binds an optimizer to `variables`, which get their memory here if they have none yet. */
  minimizer(variables: readonly Variable[], optimizer: OptimizerSpec, options?: MinimizerOptions): Minimizer {
    requireOptimizer('minimizer', optimizer);
    this.variables.allocate(variables, 'parameters');
    const minimizer = new Minimizer(this.device, this.variables, variables, optimizer, options);
    this.#minimizers.add(minimizer);
    this.device.onFailure(() => this.#minimizers.delete(minimizer));
    return minimizer;
  }

  /** Frees the gradients and slots of a minimizer before the session ends; programs that use it must be gone. */
  release(minimizer: Minimizer): void {
    minimizer.destroy();
    this.#minimizers.delete(minimizer);
  }

  /**
   * Compiles a graph function into a program. The function returns the outputs by name and may call
   * `minimize`; the program's `step` runs it all in one compute pass. A step in which a weight, a gradient or a recorded value
   * is NaN or infinite, or an update or a moving statistic would become so, is not made, and none after it: `finish` tells
   * (see StepGuard).
   *
   * @throws ArgumentError where a forced variant, or its op, is not there: it says which are
   * @throws AdapterError where mixed precision is asked for, and the device has no f16
   * @throws LimitError where a tensor is larger than the device binds
   * @throws GpuError where the GPU refuses memory; what was made is freed
   */
  async compile(
    define: (g: GraphBuilder) => Readonly<Record<string, Tensor>>,
    options: CompileOptions = {},
  ): Promise<Program> {
    checkOptions('gpu.compile', options, compileOptions, 'define, ');
    const { label = 'program', seed = 0 } = options;
    requireSeed(label, seed);
    if (typeof define !== 'function') {
      throw new ArgumentError(
        `${label}: gpu.compile takes a function that builds the graph, (g) => ({ y }), but was given ${describe(define)}`,
      );
    }
    const { g, again, guard, ...first } = await this.#loadAndBuild(label, define, options);
    try {
      const { onProgress } = options;
      const tuned = await this.tuning.measure(this, first.built, (done, total, own) =>
        onProgress?.({ done, total, label: own }),
      );
      return await Program.create(this, tuned ? again() : first.built, {
        label,
        seed,
        buffers: g.buffers,
        resources: g.resources,
        minimizers: minimizersOf(g),
        guard,
        onProgress,
      });
    } catch (error) {
      if (guard?.own) guard.guard.destroy();
      throw error;
    }
  }

  /** What the function makes (the ring of a training) is taken back if the GPU refuses some of it. */
  async #loadAndBuild(
    label: string,
    define: (g: GraphBuilder) => Readonly<Record<string, Tensor>>,
    options: CompileOptions,
  ): Promise<Defined & { readonly built: Build }> {
    const what = `compiling ${label}`;
    const made: (() => void)[] = [];
    const build = (defined: Defined) => unlessMissing(() => this.#build(defined));
    const first = await this.device.scoped(
      what,
      () => {
        const defined = this.#define(label, define, options);
        return { defined, built: build(defined) };
      },
      made,
    );
    const { defined } = first;
    let { built } = first;
    while (built instanceof MissingKernels) {
      try {
        await built.load();
      } catch (error) {
        for (const takeBack of made.toReversed()) takeBack();
        throw error;
      }
      built = await this.device.scoped(what, () => build(defined), made);
    }
    return { ...defined, built };
  }

  #build({ again, variables }: Defined): Build {
    const built = again();
    this.variables.allocate(variables, 'variables');
    return built;
  }

  #define(
    label: string,
    define: (g: GraphBuilder) => Readonly<Record<string, Tensor>>,
    { variants, ...options }: CompileOptions,
  ): Defined {
    const { precision, lossScale } = settlePrecision(label, options);
    requirePrecision(label, precision, this.device);
    const g = new GraphBuilder(this, { lossScale });
    const inner: Effect[] = [];
    const outputs = withStreams(() =>
      withSideEffects(
        (effect) => inner.push(effect),
        () => define(g),
      ),
    );
    requireOutputs(label, outputs);
    const { objectives } = g;
    const own = objectives.length > 0 && !g.guard ? new StepGuard(this.device) : undefined;
    const guard = objectives.length > 0 ? (g.guard ?? own) : undefined;
    if (guard) g.resources.set(guard.resource, guard.location);
    const minimized = objectives.flatMap((own) => own.variables.map(read));
    const assigning = inner.find(({ assigns }) => assigns)?.assigns;
    assigning?.rules.check(label, { effects: inner, minimized }, ({ node }) => {
      const homes = holdersOf((node.attrs as VariableAttrs).variable);
      return homes.length > 0 && !homes.includes(this.variables);
    });
    const effects = [
      ...g.effects.filter(({ first }) => first),
      ...(guard
        ? updateEffects({
            minimizers: minimizersOf(g),
            proposing: inner.filter(({ proposes }) => proposes),
            guard,
            variables: this.variables,
            resources: g.resources,
          })
        : []),
      ...inner.filter(({ proposes, assigns }) => !assigns && (!guard || !proposes)),
      ...g.effects.filter(({ first }) => !first),
      ...inner.filter(({ assigns }) => assigns),
    ];
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const again = (): Build => {
      const built = build(
        { outputs, objectives, effects },
        {
          target: this.target,
          variants,
          half: precision === 'mixed',
          answers: this.tuning,
          maxSlabBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
          guard: guard?.resource,
        },
      );
      for (const { label, bindings } of built.dispatches) {
        for (const { operand } of bindings) checkBinding(this.device, label, operand);
      }
      return built;
    };
    const variables = variablesOf(outputs, objectives, effects);
    return { g, variables, again, guard: guard && { guard, own: guard === own } };
  }

  /** Frees everything: buffers, and the device unless it is the caller's own. */
  destroy(): void {
    for (const minimizer of this.#minimizers) minimizer.destroy();
    this.variables.destroy();
    this.device.destroy();
  }
}

/** What `work` gives, or the kernels that it needs first. */
function unlessMissing<T>(work: () => T): T | MissingKernels {
  try {
    return work();
  } catch (error) {
    if (error instanceof MissingKernels) return error;
    throw error;
  }
}

const minimizersOf = ({ objectives }: GraphBuilder): Minimizer[] =>
  objectives.map(({ minimizer }) => minimizer);

function variablesOf(
  outputs: Readonly<Record<string, Tensor>>,
  objectives: readonly Objective[],
  effects: readonly Effect[],
): Variable[] {
  const roots = [
    ...Object.values(outputs),
    ...objectives.map((o) => o.loss),
    ...effects.flatMap((e) => e.inputs),
  ];
  return topologicalOrder(roots)
    .filter((node) => node.op.name === 'variable')
    .map((node) => (node.attrs as VariableAttrs).variable);
}

export type InitOptions = DeviceOptions & TuneOptions;

/**
 * Opens the GPU: the best adapter there is, or the caller's own adapter or device.
 *
 * @param options.tune true measures kernels that are not known yet whenever a program is compiled; default false
 * @throws AdapterError where there is no WebGPU, no adapter, or the adapter gives no device
 * @throws ArgumentError where an option is unknown, or `tune` has another value
 */
export async function init(options: InitOptions = {}): Promise<Gpu> {
  checkOptions('init', options, { ...deviceOptions, ...tuneOptions });
  const { tune, tuningStore, onNotice, ...device } = options;
  const settings = new TuningSettings('init', { tune, tuningStore, onNotice }, indexedDbTuning());
  const reopen = () => openGpu({ gpu: options.gpu, software: options.software }, reopen, settings);
  return openGpu(device, reopen, settings);
}

/** `init` with a function that opens another GPU after a loss: an adapter gives only one device. */
export async function openGpu(
  options: DeviceOptions,
  reopen: () => Promise<Gpu>,
  settings: TuningSettings,
): Promise<Gpu> {
  const device = await openDevice(options);
  const tuning = await Tuning.open(device, settings);
  const gpu = new Gpu(device, reopen, tuning);
  await tuning.measureDevice(gpu);
  return gpu;
}

import type { Dataset } from '../../data/dataset.ts';
import { columnsOf } from '../../ops/dataset/effects.ts';
import { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { Program } from '../../runtime/program.ts';
import type { CompileProgress } from '../../runtime/programOptions.ts';
import { MetricRing } from '../../runtime/ring.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import type { Computed } from '../objective.ts';
import { gather } from './batch.ts';
import { Collector } from './collector.ts';
import { trainedOutputs } from './compiled.ts';
import type { Compiled } from './compiled.ts';
import { checkFields, fieldUses } from './fieldChecks.ts';
import type { FieldUses } from './fieldChecks.ts';

/** What a program is for: the means over a data set, everything per sample, or the outputs alone. */
export type EvaluationKind = 'means' | 'samples' | 'outputs';

export interface EvaluationProgram {
  readonly program: Program;
  readonly data: DeviceDataset;
  readonly rows: number;
  readonly uses: FieldUses;
  /** What it records; none of an `outputs` program. */
  readonly values: readonly Computed[];
  readonly ring?: MetricRing;
  /** Of the values per sample; none where the program gives means. */
  readonly collector?: Collector;
}

export interface EvaluationProgramOptions {
  readonly batchSize: number;
  readonly kind: EvaluationKind;
  readonly onProgress?: (progress: CompileProgress) => void;
}

/**
 * Compiles a program that runs a model forward over batches of `batchSize` samples.
 *
 * @param example a data set with the layout of those to come
 */
export async function compileEvaluation(
  compiled: Compiled,
  example: Dataset,
  { batchSize, kind, onProgress }: EvaluationProgramOptions,
): Promise<EvaluationProgram> {
  const { network, gpu, objective, state, precision } = compiled;
  const targetsToo = kind !== 'outputs';
  let data: DeviceDataset | undefined;
  const perSample = new Map<string, readonly number[]>();
  let ring: MetricRing | undefined;
  let uses: FieldUses | undefined;
  let values: readonly Computed[] = [];
  const define = (g: GraphBuilder) => {
    data = new DeviceDataset(gpu.device, example, { targets: targetsToo, rows: batchSize });
    const ports = { inputs: network.inputs, outputs: trainedOutputs(network, objective) };
    const options = { batchSize, shuffle: false, ...ports, targets: targetsToo };
    const batch = gather(g, data, compiled, options);
    const { inputs, targets, weights } = batch;
    const context = { training: false, frozen: compiled.frozen };
    const { outputs, losses } = network.callWithLosses(inputs, context);
    if (targetsToo) {
      const mode = kind === 'means' ? 'evaluation' : 'samples';
      ({ values } = objective.compute(outputs, targets, mode, { weights, penalties: losses }));
    }
    const tensors = values.map(({ tensor }) => tensor);
    uses = fieldUses(batch, [...tensors, ...outputs], compiled);
    checkFields(network.name, example, uses);
    if (kind === 'means') {
      const columns = values.map(({ name, tensor }) => ({ name, columns: columnsOf(tensor) }));
      ring = new MetricRing(gpu.device, columns);
      g.resources.set(ring.resource, ring.location);
      g.effect(ring.effect(tensors, batchSize));
      return {};
    }
    const named = network.outputs.map(({ name }, i) => [`output ${name}`, outputs[i]] as const);
    const own = values.flatMap(({ name, value, tensor }) =>
      !value && tensor.shape[0] === batchSize ? [[`value ${name}`, tensor] as const] : [],
    );
    for (const [key, { shape }] of [...named, ...own]) perSample.set(key, shape);
    return Object.fromEntries([...named, ...own]);
  };
  try {
    const label = `${network.name}/evaluate ${kind}`;
    const program = await state.lifetime.make(
      gpu.compile(define, { label, seed: network.seed, precision, onProgress }),
      (own) => own.destroy(),
    );
    const collector = kind === 'means' ? undefined : new Collector(gpu.device, program, perSample);
    return { program, data: data!, rows: batchSize, uses: uses!, values, ring, collector };
  } catch (error) {
    ring?.destroy();
    data?.destroy();
    throw error;
  }
}

/** Frees all that belongs to it. */
export function releaseEvaluation({ program, data, ring, collector }: EvaluationProgram): void {
  collector?.destroy();
  program.destroy();
  data.destroy();
  ring?.destroy();
}

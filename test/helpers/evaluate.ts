import { expect } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { multiply } from '../../src/ops/elementwise/elementwise.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import type { DType } from '../../src/ops/core/shape.ts';
import type { Precision } from '../../src/runtime/precision.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { finiteDifference } from './close.ts';
import { testAdapter, testDevice } from './device.ts';
import { afterEveryFile } from './everyFile.ts';

export interface EvaluateOptions {
  variants?: Record<string, string>;
  /** Lower for a software adapter (true) or for a real GPU (false); both run on the test adapter. */
  software?: boolean;
  /** Let kernels use subgroup functions, where the adapter has them; in the simulator with 8 invocations. Default false. */
  subgroups?: boolean;
  /** Let kernels use f16, on an adapter that has it. Default false. */
  half?: boolean;
  /** Default f32. */
  precision?: Precision;
  dtypes?: DType[];
  seed?: number;
  steps?: number;
  /** Without a GPU: dispatches run in the simulator, which costs no compilation and looks for races. */
  simulated?: boolean;
  /** Leave the simulator out, for numbers at which drivers may differ: overflowing intermediates, huge angles. */
  driverAlone?: boolean;
}

export type Build = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

const sessions = new Map<string, Promise<Gpu>>();
const devices = new Map<string, Promise<GPUDevice>>();

afterEveryFile(() => {
  sessions.clear();
  devices.clear();
});

/**
 * A session on the test device, which has the spec's default limits.
 *
 * @param subgroups on a device that has them too, where the adapter does
 * @param half on a device with f16
 */
export function testGpu(software = true, subgroups = false, half = false): Promise<Gpu> {
  const key = `${software} ${subgroups} ${half}`;
  const open = async () => {
    const device = await deviceWith(subgroups, half);
    return new Gpu(new Device(device, device.adapterInfo, { owned: false, software }));
  };
  if (!sessions.has(key)) sessions.set(key, open());
  return sessions.get(key)!;
}

async function deviceWith(subgroups: boolean, half: boolean): Promise<GPUDevice> {
  const { features } = await testAdapter();
  const requiredFeatures: GPUFeatureName[] = [
    ...(subgroups && features.has('subgroups') ? ['subgroups' as const] : []),
    ...(half ? ['shader-f16' as const] : []),
  ];
  if (requiredFeatures.length === 0) return testDevice();
  const key = requiredFeatures.join();
  if (!devices.has(key)) devices.set(key, testDevice({ requiredFeatures }));
  return devices.get(key)!;
}

/** Compiles a graph function, runs it on `inputs` and returns the outputs as float64 arrays. */
export async function evaluate(
  build: Build,
  inputs: readonly Array64[],
  options: EvaluateOptions = {},
): Promise<Array64[]> {
  const tensors = inputs.map(({ shape }, i) => input(`input ${i}`, shape, options.dtypes?.[i] ?? 'f32'));
  const built = build(...tensors);
  const outputs = Array.isArray(built) ? (built as Tensor[]) : [built as Tensor];
  const names = outputs.map((_, i) => `output ${i}`);
  if (options.simulated) return inSimulator(outputs, tensors, inputs, options);
  const gpu = await testGpu(options.software ?? true, options.subgroups, options.half);
  const program = await gpu.compile(() => Object.fromEntries(outputs.map((t, i) => [names[i], t])), {
    label: 'test',
    variants: options.variants,
    precision: options.precision,
    seed: options.seed,
  });
  const used = new Set(program.inputs);
  tensors.forEach((tensor, i) => used.has(tensor) && program.write(tensor, typed(inputs[i], tensor.dtype)));
  const simulated = process.env.WGRAD_SIMULATE !== undefined && !options.driverAlone;
  if (simulated) await (await import('../simulator/simulateStep.ts')).simulateStep(gpu, program);
  for (let step = simulated ? 1 : 0; step < (options.steps ?? 1); step++) await program.step();
  await program.finish();
  const results: Array64[] = [];
  for (const [i, name] of names.entries()) {
    results.push({ shape: [...outputs[i].shape], data: Float64Array.from(await program.read(name)) });
  }
  program.destroy();
  return results;
}

async function inSimulator(
  outputs: readonly Tensor[],
  tensors: readonly Tensor[],
  inputs: readonly Array64[],
  { software = true, subgroups = false, variants }: EvaluateOptions,
): Promise<Array64[]> {
  const { simulator } = await import('../fuzz/simulated.ts');
  const target = { software, ...(subgroups && { subgroupSize: 8 }) };
  const run = simulator({ target, variants, rolled: true });
  const feed = new Map(tensors.map((tensor, i) => [tensor, inputs[i]]));
  const found = await run(Object.fromEntries(outputs.entries()), { feed, variables: new Map() });
  return outputs.map(({ shape }, i) => ({ shape: [...shape], data: Float64Array.from(found.get(`${i}`)!) }));
}

function typed({ data }: Array64, dtype: DType) {
  if (dtype === 'f32') return Float32Array.from(data);
  if (dtype === 'i32') return Int32Array.from(data);
  return dtype === 'u8' ? Uint8Array.from(data) : Uint32Array.from(data);
}

/**
 * Holds autodiff against central finite differences. The scalar is Σ weight · output with random
 * weights; its differences are taken of `reference`, the float64 twin of `build`, so that f32 noise
 * does not drown them.
 */
export async function checkGradient(
  build: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Array64[],
  options: EvaluateOptions & {
    reference: (...inputs: Array64[]) => Array64;
    /** Indices of the inputs to differentiate by; all f32 ones by default. */
    wrt?: number[];
    rtol?: number;
    atol?: number;
  },
): Promise<void> {
  const wrt = options.wrt ?? inputs.flatMap((_, i) => ((options.dtypes?.[i] ?? 'f32') === 'f32' ? [i] : []));
  const weights = random(12345, options.reference(...inputs).shape);
  const found = await evaluate(
    (...tensors) => {
      const weight = constant(Float32Array.from(weights.data), weights.shape);
      const loss = reduceSum(multiply(build(...tensors), weight));
      return gradients(
        loss,
        wrt.map((i) => tensors[i]),
      ).map((g, i) => g ?? tensors[wrt[i]]);
    },
    inputs,
    options,
  );
  wrt.forEach((index, i) => {
    const expected = finiteDifference((x) => {
      const y = options.reference(...inputs.map((own, j) => (j === index ? x : own)));
      return y.data.reduce((sum, value, j) => sum + value * weights.data[j], 0);
    }, inputs[index]);
    expect(found[i], `gradient of input ${index}`).toBeAllClose(expected, {
      rtol: options.rtol ?? 1e-3,
      atol: options.atol ?? 1e-3,
    });
  });
}

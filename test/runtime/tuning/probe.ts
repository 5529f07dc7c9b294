import naive from '../../../shaders/matmul/1_naive.wgsl?raw';
import { Device } from '../../../src/device/device.ts';
import { apply } from '../../../src/ops/core/node.ts';
import type { Op, Tensor } from '../../../src/ops/core/op.ts';
import { Gpu } from '../../../src/runtime/session.ts';
import { Tuning, TuningSettings } from '../../../src/runtime/tuning/tuning.ts';
import type { TuneOptions } from '../../../src/runtime/tuning/tuning.ts';
import { merge, NOTHING } from '../../../src/runtime/tuning/measurements.ts';
import type { Measurements, TuningStore } from '../../../src/runtime/tuning/measurements.ts';
import { testDevice } from '../../helpers/device.ts';

/** What the candidates change of the plan of a matrix product, one output per invocation in workgroups of 8. */
const PLANS = {
  eight: {},
  /** Far more invocations than outputs: slow, and right. */
  slow: { workgroups: 200_000 },
  sixteen: { WORKGROUP_SIZE: 16 },
  /** Another sum. */
  short: { missing: 1 },
  /** The same other sum. */
  shorter: { missing: 1, WORKGROUP_SIZE: 16 },
  /** More invocations than a workgroup may have. */
  huge: { WORKGROUP_SIZE: 2048 },
  /** No WGSL. */
  broken: { source: naive.replace('var sum: Value;', 'var sum: Values;') },
} as const;

export type Plan = keyof typeof PLANS;

interface ProbeAttrs {
  readonly candidates: readonly Plan[];
  readonly preferred: Plan;
}

const kernels = { naive: { name: 'probe', source: naive } };

/** A matrix product that may choose among these plans. */
export const probeOp: Op<ProbeAttrs> = {
  name: 'probe',
  kind: 'kernel',
  infer: ([a, b]) => [{ shape: [a.shape[0], b.shape[1]], dtype: 'f32' }],
  lower({ inputs: [a, b], outputs: [c], attrs: { candidates, preferred } }, context) {
    const plan = context.choose<Plan>('probe', candidates, preferred, { candidates, kernels });
    const {
      missing = 0,
      WORKGROUP_SIZE = 8,
      workgroups,
      source,
    } = PLANS[plan] as {
      missing?: number;
      WORKGROUP_SIZE?: number;
      workgroups?: number;
      source?: string;
    };
    const [M, K] = a.shape;
    const [, N] = b.shape;
    const size = WORKGROUP_SIZE * (change?.workgroups ?? 1);
    const groups = workgroups ?? Math.ceil((M * N) / size);
    const gridX = Math.min(groups, 65_535);
    context.dispatch({
      kernel: source ? { name: 'probe', source } : kernels.naive,
      constants: { M, N, K: K - missing, WORKGROUP_SIZE: size, GRID_X: gridX },
      bindings: { a, b, c },
      workgroups: [gridX, Math.ceil(groups / gridX), 1],
      flops: 2 * M * N * K,
    });
  },
  gradient: { reason: 'it is for a test' },
};

/** What a later version of the op does otherwise, in all its plans. */
let change: { readonly workgroups: number } | undefined;

export function withChangedPlans<T>(work: () => T): T {
  change = { workgroups: 2 };
  try {
    return work();
  } finally {
    change = undefined;
  }
}

export const probe = (a: Tensor, b: Tensor, candidates: readonly Plan[], preferred = candidates[0]): Tensor =>
  apply(probeOp, [a, b], { candidates, preferred });

/** A store in memory, which counts. */
export function memoryStore(known: Record<string, Measurements> = {}) {
  const counts = { loads: 0, saves: 0 };
  const store: TuningStore = {
    name: 'a store of the test',
    load: async (adapter) => {
      counts.loads++;
      return known[adapter] ?? NOTHING;
    },
    save: async (adapter, measured) => {
      counts.saves++;
      known[adapter] = merge(known[adapter] ?? NOTHING, measured);
    },
  };
  return { store, known, counts };
}

/** A session with a tuner, on the test device. */
export async function tuningGpu(options: TuneOptions, software = true): Promise<Gpu> {
  const real = await testDevice();
  const device = new Device(real, real.adapterInfo, { owned: false, software });
  return new Gpu(device, undefined, await Tuning.open(device, new TuningSettings('test', options)));
}

import { loadAllKernels } from '../../../src/ops/allKernels.ts';
import { describe, expect, it } from 'vitest';
import { checkOnToy } from '../../../demos/explorer/edit/check.ts';
import { FAMILIES } from '../../../demos/explorer/families.ts';
import { exchange } from '../../../demos/explorer/run/exchange.ts';
import { caseOf, withoutSizes } from '../../../demos/explorer/run/sizes.ts';
import type { Sizes } from '../../../demos/explorer/run/sizes.ts';
import { NodeTrial } from '../../../demos/explorer/run/trial.ts';
import type { Trial } from '../../../demos/explorer/run/trial.ts';
import { updateTrial } from '../../../demos/explorer/run/update.ts';
import { toysOf } from '../../../demos/explorer/toys/index.ts';
import { KernelError } from '../../../src/errors.ts';
import { SUBGROUP_MATRIX } from '../../../src/device/subgroupMatrix.ts';
import { init } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { cpuDevice } from '../../../src/simulator/index.ts';
import { shaderNames, shaders } from './shaders.ts';
import { share } from '../../helpers/share.ts';

await loadAllKernels();

/** Of float32 against float64; in the JavaScript of the simulator a cosine is exact. */
const TOLERANCE = 1e-5;
/** Lanes of a subgroup of the simulator. */
const LANES = 8;

function open(software: boolean, subgroups: boolean): Promise<Gpu> {
  const device = cpuDevice();
  if (subgroups) {
    const features = device.features as unknown as Set<string>;
    features.add('subgroups').add(SUBGROUP_MATRIX);
    const matrix = { componentType: 'f32', resultComponentType: 'f32', M: 4, N: 4, K: 4 };
    const subgroups = { subgroupMinSize: LANES, subgroupMaxSize: LANES };
    Object.assign(device.adapterInfo, { ...subgroups, subgroupMatrixConfigs: [matrix] });
  }
  return init({ device, software });
}

const [plain, gpu, ...withSubgroups] = await Promise.all([
  open(true, false),
  open(false, false),
  open(true, true),
  open(false, true),
]);

/** Sizes that a kernel needs to be taken at all. */
const OWN: Readonly<Record<string, Sizes>> = {
  'reduce/arg_tree': { columns: 64 },
  'conv2d/grad_filter_reduce_workgroup': { side: 28, stride: 1 },
  'conv2d/broadcast_max_pool': { inputs: 1, stride: 1 },
  'conv2d/grad_input_channel_lanes': { inputs: 1, outputs: 32 },
};
/** The smallest images and products: they are enough for several tiles. */
const SMALL: Sizes = { side: 8, M: 16, K: 16 };
const kernels = shaderNames.filter(caseOf);

function trialOf(device: Gpu, kernel: string, plan?: string, constants?: Sizes): Trial {
  const own = caseOf(kernel)!;
  const small = own.sizes.map(
    ({ name, choices }) => [name, SMALL[name] ?? choices[1] ?? choices[0]] as const,
  );
  const sizes = { ...Object.fromEntries(small), ...OWN[kernel] };
  if (own.name === 'update') return updateTrial(device, kernel, sizes, constants);
  return new NodeTrial(device, own, kernel, sizes, plan, constants);
}

/** The error of a run, as Run tells it. */
async function errorOf(trial: Trial, edit?: (source: string) => string): Promise<number> {
  const program = await trial.compile();
  try {
    if (edit) await exchange(program, trial.kernel, edit(shaders.get(trial.kernel)!));
    await trial.run(program);
    return await trial.check(program);
  } finally {
    program.destroy();
    trial.release();
  }
}

/** The first of the devices that takes a kernel, with its trial. */
function firstOf(kernel: string): { readonly device: Gpu; readonly trial: Trial } {
  for (const device of [plain, gpu, ...withSubgroups])
    try {
      return { device, trial: trialOf(device, kernel) };
    } catch (error) {
      if (!(error as Error).message.startsWith('This device does not run')) throw error;
    }
  throw new Error(`no device takes ${kernel}`);
}

it.each(shaderNames)('%s can be run at chosen sizes, or words say why not', (name) => {
  expect([caseOf(name), withoutSizes(name)].filter(Boolean).length).toBe(1);
});

describe('a run at small sizes comes to what float64 does', () => {
  it.each(share(kernels, 2, 0))('%s', async (kernel) => {
    expect(await errorOf(firstOf(kernel).trial)).toBeLessThan(TOLERANCE);
  });
});

describe('constants to tune, one by one', () => {
  // Elementwise kernels and trees have one rule each: some stand for all.
  const some = [
    'pooling/average',
    'softmax/workgroup',
    'reduce/tree',
    'reduce/arg_tree',
    'matmul/1_naive',
    ...kernels.filter((name) => /^optimizer\/(adam|muon_combine|block_squares|verdict)$/.test(name)),
  ];
  const tuned = kernels.filter(
    (name) =>
      some.includes(name) || /@tune/.test(shaders.get(name)!.replaceAll(/const WORKGROUP_SIZE.*/g, '')),
  );

  it.each(share(tuned, 3, 0))(
    '%s: another value of each, and what follows from it, is right',
    async (kernel) => {
      const { device, trial: first } = firstOf(kernel);
      await errorOf(first); // an update tells its constants when it is compiled
      for (const { name, value, choices } of first.tunables) {
        const choice = choices.findLast((own) => own.value !== value);
        if (!choice) continue; // the plan fixes it
        const trial = choice.plan
          ? trialOf(device, kernel, choice.plan)
          : trialOf(device, kernel, first.plan, { [name]: choice.value });
        expect(await errorOf(trial)).toBeLessThan(TOLERANCE);
        expect(trial.tunables.find((own) => own.name === name)?.value).toBe(choice.value);
      }
    },
  );
});

describe('an edit of a kernel of each family', () => {
  const firsts = FAMILIES.flatMap(
    ({ folder }) => kernels.find((name) => name.startsWith(`${folder}/`)) ?? [],
  );

  it.each(firsts)('%s: its numbers are checked anew', async (kernel) => {
    const edits = {
      same: (source: string) => `${source}\n// edited`,
      other: (source: string) => source.replace(/(fn main\([^{]*\{)/s, '$1\n  if (true) {\n    return;\n  }'),
    };
    const { trial } = firstOf(kernel);
    await expect(errorOf(trial, edits.other)).rejects.toThrow(/from float64/); // nothing is written
    expect(await errorOf(trial, edits.same)).toBeLessThan(TOLERANCE);
  });

  it.each([
    ['matmul/1_naive', 'k < K', 'k < K || K > 8u'],
    [
      'matmul/1_naive',
      'var sum: Value;',
      'if (K > 8u && index == M * N - 1u) { loop { } }\n  var sum: Value;',
    ],
    ['optimizer/adam', 'if (i >= LENGTH) {', 'while (LENGTH > 16u) { }\n  if (i >= LENGTH) {'],
  ])(
    '%s: what ends on the example, and not at the chosen sizes, does not reach the device: %s → %s',
    async (kernel, from, to) => {
      const original = shaders.get(kernel)!;
      const edit = (source: string) => source.replace(from, to);
      expect(checkOnToy(toysOf(kernel)[0], original, edit(original)).kind).toBe('right');
      const told = await errorOf(firstOf(kernel).trial, edit).catch((reason: unknown) => reason);
      expect(told).toBeInstanceOf(KernelError);
      const [{ line, text }] = (told as KernelError).messages;
      expect(text).toMatch(/does this loop end/);
      expect(edit(original).split('\n')[line - 1]).toMatch(/for|loop|while/);
    },
  );
});

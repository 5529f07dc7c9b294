/**
 * Random graphs of every op, with gradients, on the adapter against the references in float64.
 *
 *     npm run fuzz -- --cases 2000 --seed 1 --kernels all --variants random
 *
 * Cases have the seeds `seed`, `seed + 1`, …, so that one that fails can be run by itself. `--kernels software` and `gpu`
 * choose the kernels for a CPU or for a GPU, `softwareSubgroups` and `gpuSubgroups` those with subgroups; `all` takes turns.
 * `--variants random` takes any candidate of the tuner in the place of the rule's choice. `--simulate` needs no adapter: the
 * simulator runs the kernels, and finds races too; `--subgroupSize` and `--rolled true` choose what otherwise is drawn.
 */
import { parseArgs } from 'node:util';
import { Device } from '../../src/device/device.ts';
import { findAdapter } from '../../src/node/adapter.ts';
import { Gpu } from '../../src/runtime/session.ts';
import type { Answers } from '../../src/runtime/tuning/choice.ts';
import { Tuning } from '../../src/runtime/tuning/tuning.ts';
import { Rng } from './rng.ts';
import { runSeeds } from './run.ts';
import { onGpu } from './runner.ts';
import type { Runner } from './runner.ts';
import { simulator } from './simulated.ts';

/** Cases in one program. */
const TOGETHER = 8;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    kernels: { type: 'string', default: 'all' },
    variants: { type: 'string', default: 'rule' },
    simulate: { type: 'boolean', default: false },
    subgroupSize: { type: 'string' },
    rolled: { type: 'string' },
  },
});
const [cases, seed] = [Number(values.cases), Number(values.seed)];
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed))
  throw new Error('--cases and --seed take whole numbers');
const KINDS = ['software', 'gpu', 'softwareSubgroups', 'gpuSubgroups'] as const;
const kind = KINDS.find((own) => own === values.kernels);
if (!kind && values.kernels !== 'all') throw new Error(`--kernels is ${KINDS.join(', ')} or all`);
if (!['rule', 'random'].includes(values.variants)) throw new Error('--variants is rule or random');

type Kind = (typeof KINDS)[number];
const choices = new Rng(seed);
const random: Answers = {
  find: ({ candidates }) => ({ variant: choices.pick(candidates), by: 'tuned' }),
};
const answers = values.variants === 'random' ? random : undefined;

/** What runs a batch, and the options that choose it again. */
interface Turn {
  readonly runner: Runner;
  readonly options: string;
}

/** Programs on the adapter. */
async function onAdapter(): Promise<(kind: Kind) => Turn> {
  const { adapter, description } = await findAdapter();
  console.log(`Fuzzing on: ${description}`);
  const errors: string[] = [];
  const open = async (features: GPUFeatureName[]) => {
    const requiredFeatures = features.filter((own) => adapter.features.has(own));
    // A new adapter for each device: one gives only one.
    const device = await (await findAdapter()).adapter.requestDevice({ requiredFeatures });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // told with the case
      errors.push(event.error.message);
    });
    return (software: boolean) => {
      const own = new Device(device, adapter.info, { owned: false, software });
      const tuning = Tuning.shipped(own);
      if (answers) tuning.find = answers.find;
      return onGpu(new Gpu(own, undefined, tuning), errors);
    };
  };
  const [plain, withSubgroups] = [await open([]), await open(['subgroups'])];
  const runners: Record<Kind, Runner> = {
    software: plain(true),
    gpu: plain(false),
    softwareSubgroups: withSubgroups(true),
    gpuSubgroups: withSubgroups(false),
  };
  return (kernels) => ({ runner: runners[kernels], options: '' });
}

/** Programs in the simulator, in both forms of the kernels. */
function simulated(): (kind: Kind) => Turn {
  console.log('Fuzzing in the simulator');
  return (kernels) => {
    const software = kernels.startsWith('software');
    const size = Number(values.subgroupSize ?? choices.pick([4, 8, 16, 32, 64]));
    const rolled = values.rolled ? values.rolled === 'true' : choices.chance(0.5);
    const subgroupSize = kernels.endsWith('Subgroups') ? size : undefined;
    return {
      runner: simulator({ target: { software, subgroupSize }, answers, rolled }),
      options: ` --simulate --subgroupSize ${size} --rolled ${rolled}`,
    };
  };
}

const turnOf = values.simulate ? simulated() : await onAdapter();
console.log(`${cases} cases, seed ${seed}`);

/** Between two lines of progress. */
const PROGRESS_MS = 10_000;
const start = performance.now();
let told = start;
const failed = new Set<number>();
const used = new Map<string, number>();
for (let from = seed, batch = 0; from < seed + cases; from += TOGETHER, batch++) {
  const seeds = Array.from({ length: Math.min(TOGETHER, seed + cases - from) }, (_, i) => from + i);
  const kernels = kind ?? KINDS[batch % KINDS.length];
  const { runner, options } = turnOf(kernels);
  const result = await runSeeds(runner, seeds);
  for (const own of result.cases) for (const name of own.used) used.set(name, (used.get(name) ?? 0) + 1);
  for (const { seed: own, text, message, among } of result.failures) {
    failed.add(own);
    const [first, count] = among ? [among[0], among.length] : [own, 1];
    console.log(
      `\nFAILED seed ${own}, kernels for ${kernels}${among ? ', only together with its neighbours' : ''}\n${text}\n  ${message}`,
    );
    console.log(
      `  again: npm run fuzz -- --seed ${first} --cases ${count} --kernels ${kernels} --variants ${values.variants}${options}`,
    );
  }
  const done = from + seeds.length - seed;
  if (performance.now() - told > PROGRESS_MS || done === cases) {
    told = performance.now();
    const rate = done / ((performance.now() - start) / 1000);
    console.log(
      `${done} cases, ${rate.toFixed(1)} per second, ${failed.size} failed, ${used.size} ops and layers`,
    );
  }
}
process.exit(failed.size > 0 ? 1 : 0); // devices and all

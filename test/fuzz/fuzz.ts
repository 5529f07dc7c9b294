/**
 * Random graphs of every op, with gradients, on the adapter against the references in float64.
 *
 *     npm run fuzz -- --cases 2000 --seed 1 --kernels both
 *
 * Cases have the seeds `seed`, `seed + 1`, …, so that one that fails can be run by itself. `--kernels software` and `gpu`
 * choose the kernels for a CPU or for a GPU; `both` takes turns.
 */
import { parseArgs } from 'node:util';
import { Device } from '../../src/device/device.ts';
import { findAdapter } from '../../src/node/adapter.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { runSeeds } from './run.ts';

/** Cases in one program. */
const TOGETHER = 8;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    kernels: { type: 'string', default: 'both' },
  },
});
const [cases, seed] = [Number(values.cases), Number(values.seed)];
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed))
  throw new Error('--cases and --seed take whole numbers');
if (!['software', 'gpu', 'both'].includes(values.kernels))
  throw new Error('--kernels is software, gpu or both');

const { adapter, description } = await findAdapter();
const device = await adapter.requestDevice();
const errors: string[] = [];
device.addEventListener('uncapturederror', (event) => {
  event.preventDefault(); // told with the case
  errors.push(event.error.message);
});
const sessions = {
  software: new Gpu(new Device(device, adapter.info, { owned: false, software: true })),
  gpu: new Gpu(new Device(device, adapter.info, { owned: false, software: false })),
};
console.log(`Fuzzing on: ${description}\n${cases} cases, seed ${seed}`);

const start = performance.now();
const failed = new Set<number>();
const used = new Map<string, number>();
for (let from = seed, batch = 0; from < seed + cases; from += TOGETHER, batch++) {
  const seeds = Array.from({ length: Math.min(TOGETHER, seed + cases - from) }, (_, i) => from + i);
  const kernels =
    values.kernels === 'both' ? (batch % 2 === 0 ? 'software' : 'gpu') : (values.kernels as 'gpu');
  const result = await runSeeds(sessions[kernels], seeds, errors);
  for (const own of result.cases) for (const name of own.used) used.set(name, (used.get(name) ?? 0) + 1);
  for (const { seed: own, text, message, among } of result.failures) {
    failed.add(own);
    const [first, count] = among ? [among[0], among.length] : [own, 1];
    console.log(
      `\nFAILED seed ${own}, kernels for ${kernels}${among ? ', only together with its neighbours' : ''}\n${text}\n  ${message}`,
    );
    console.log(`  again: npm run fuzz -- --seed ${first} --cases ${count} --kernels ${kernels}`);
  }
  const done = from + seeds.length - seed;
  if (batch % 25 === 24 || done === cases) {
    const rate = done / ((performance.now() - start) / 1000);
    console.log(
      `${done} cases, ${rate.toFixed(1)} per second, ${failed.size} failed, ${used.size} ops and layers`,
    );
  }
}
device.destroy();
process.exitCode = failed.size > 0 ? 1 : 0;

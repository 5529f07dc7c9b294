/**
 * Whether long work leaves anything behind: many training steps in one session, and many sessions.
 *
 *     npm run soak -- --steps 10000 --cycles 200
 *
 * It fails where a cycle leaves a buffer, or where the JavaScript heap or the process's memory grows. What sessions cost
 * that run the same kernels without the engine is the driver's and the binding's own: it is measured beside, told, and
 * taken off.
 *
 * The process starts itself again without compilers of JavaScript, whose code grows for long, and with one heap for all
 * threads, which glibc otherwise spreads over many.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { adam } from '../../src/index.ts';
import { initNode } from '../../src/node/index.ts';
import { growth } from './slope.ts';
import { bareCycle, classifier, compileOptions, ganCycle, modelCycle, pictures, recording } from './work.ts';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '10000' }, cycles: { type: 'string', default: '200' } },
});
const [steps, cycles] = [Number(values.steps), Number(values.cycles)];
if (![steps, cycles].every((count) => Number.isInteger(count) && count >= 10)) throw new Error('--steps and --cycles take whole numbers of at least 10'); // prettier-ignore
const FLAGS = ['--expose-gc', '--no-opt', '--no-maglev', '--no-sparkplug'];
const collect = globalThis.gc;
if (!collect) {
  const { status } = spawnSync(process.execPath, [...FLAGS, ...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

/** One GAN among so many cycles. */
const GANS = 10;
/** Epochs of training, after each of which memory is sampled. */
const SAMPLES = 100;
const BATCH = 16;
/** Bytes per epoch, and per cycle, that count as none: pages come and go. A cycle compiles a hundred kernels. */
const MOST = { heap: 1024, memory: 32_768, cycle: 524_288 };

interface Series {
  readonly heap: number[];
  readonly memory: number[];
}

const series = (): Series => ({ heap: [], memory: [] });

async function sample({ heap, memory }: Series): Promise<void> {
  // Twice, with a turn of the event loop between: finalizers of GPU objects free others.
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect!();
  }
  heap.push(process.memoryUsage().heapUsed);
  memory.push(process.memoryUsage.rss());
}

async function repeat(
  count: number,
  work: (i: number) => Promise<number>,
): Promise<Series & { buffers: number }> {
  const own = series();
  let buffers = 0;
  for (let i = 0; i < count; i++) {
    buffers = Math.max(buffers, await work(i));
    await sample(own);
  }
  return { ...own, buffers };
}

const data = pictures(72);

async function train(): Promise<Series & { buffers: number }> {
  const gpu = await initNode();
  const model = await classifier().compile({ gpu, optimizer: adam(), ...compileOptions });
  const own = series();
  const samples = BATCH * Math.ceil(steps / SAMPLES);
  await model.fit(pictures(samples), {
    epochs: SAMPLES,
    batchSize: BATCH,
    keepSteps: false,
    onEpoch: () => sample(own),
  });
  model.destroy();
  const buffers = gpu.device.liveBuffers;
  gpu.destroy();
  return { ...own, buffers };
}

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function row(name: string, { heap, memory, buffers }: Series & { buffers: number }) {
  return {
    work: name,
    samples: heap.length,
    'live buffers': buffers,
    heap: mib(heap.at(-1)!),
    'heap growth': kib(growth(heap)),
    memory: mib(memory.at(-1)!),
    'memory growth': kib(growth(memory)),
  };
}

const trained = await train();
const kernels = new Set<string>();
for (const cycle of [modelCycle, ganCycle]) await cycle(recording(initNode, kernels), data);
const bare = await repeat(cycles, () => bareCycle(initNode, kernels));
const worked = await repeat(cycles, (i) => (i % GANS === GANS - 1 ? ganCycle : modelCycle)(initNode, data));
console.table([
  row(`${steps} steps`, trained),
  row(`its ${kernels.size} kernels without the engine`, bare),
  row(`${cycles} cycles`, worked),
]);

const found = {
  'buffers left after training': [trained.buffers, 0],
  'buffers left after a cycle': [worked.buffers, 0],
  'heap while training': [growth(trained.heap), MOST.heap],
  'memory while training': [growth(trained.memory), MOST.memory],
  'heap of a cycle beyond its kernels alone': [
    growth(worked.heap) - Math.max(0, growth(bare.heap)),
    MOST.heap,
  ],
  'memory of a cycle beyond its kernels alone': [
    growth(worked.memory) - Math.max(0, growth(bare.memory)),
    MOST.cycle,
  ],
} as const;
for (const [what, [value, most]] of Object.entries(found)) {
  if (value <= most) continue;
  console.log(`LEAK: ${what}: ${value.toFixed(0)}, at most ${most}`);
  process.exitCode = 1;
}
if (!process.exitCode) console.log('Nothing leaks.');

/**
 * One framework in a process of its own; prints one line of JSON.
 *
 *     process.ts FRAMEWORK asleep|polling first|training MODEL | kernels SIDES
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { create, globals } from 'webgpu';
import { initNode } from '../../src/node/index.ts';
import { sleepWhileWaiting } from '../../src/node/polling.ts';
import { cpuSeconds } from '../node/runtime.ts';
import type { Contestant } from './contestant.ts';
import { kernelName, kernelSpecs } from './problem.ts';
import type { ModelName } from './problem.ts';
import { sampleFirstStep, sampleKernel, sampleTraining } from './sample.ts';
import type { KernelSample } from './sample.ts';

const [framework, waiting, job, subject] = process.argv.slice(2);
const STRETCH_MS = 800;
const KERNEL_STRETCH_MS = 120;

/** WebGPU where pages have it, which is where the peers look. */
function defineNavigator(): void {
  Object.assign(globalThis, globals);
  if (waiting === 'asleep') sleepWhileWaiting(globals as never);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 2, userAgent: 'node' },
    configurable: true,
  });
}

const versionOf = (name: string) =>
  (
    JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')) as {
      version: string;
    }
  ).version;

/** Through a variable, as types of the peers are of no concern here. */
const load = (name: string): Promise<any> => import(name);

const open: Record<string, () => Promise<Contestant>> = {
  async wgrad() {
    const { wgradContestant } = await import('./frameworks/wgrad.ts');
    return wgradContestant(await initNode(), '');
  },
  async 'jax-js'() {
    defineNavigator();
    const [jax, { jaxContestant }] = [await load('@jax-js/jax'), await load('./frameworks/jax.mjs')];
    await jax.init('webgpu');
    jax.defaultDevice('webgpu');
    return jaxContestant(jax, versionOf('@jax-js/jax'));
  },
  async tfjs() {
    defineNavigator();
    const [tf, { tfjsContestant }] = [await load('@tensorflow/tfjs'), await load('./frameworks/tfjs.mjs')];
    await load('@tensorflow/tfjs-backend-webgpu');
    await tf.setBackend('webgpu');
    await tf.ready();
    return tfjsContestant(tf);
  },
};

const contestant = await open[framework]();
const begun = performance.now();
const jobs: Record<string, () => Promise<object>> = {
  first: async () => ({ firstMs: await sampleFirstStep(contestant, subject as ModelName, begun) }),
  training: () =>
    sampleTraining(
      contestant,
      subject as ModelName,
      { stretchMs: STRETCH_MS, cpuSeconds, cores: availableParallelism() },
      begun,
    ),
  async kernels() {
    const samples: Record<string, KernelSample> = {};
    for (const spec of kernelSpecs(subject.split(',').filter(Boolean).map(Number))) {
      samples[kernelName(spec)] = await sampleKernel(contestant, spec, {
        stretchMs: KERNEL_STRETCH_MS,
        cpuSeconds,
      });
    }
    return samples;
  },
};
console.log(JSON.stringify({ version: contestant.version, ...(await jobs[job]()) }));
process.exit(0);

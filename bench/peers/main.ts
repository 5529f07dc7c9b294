/**
 * The head-to-head: milliseconds per training step of wgrad, TensorFlow.js and jax-js on one adapter in one sitting.
 * Each framework runs in a process of its own, in turn (A B C A B C …), and the medians over the rounds are compared.
 * The peers' packages are installed into bench/peers at the first run.
 *
 *     npm run bench -- [quick] [keras] [autoencoder] [dcgan] [--rounds 3] [--cold]
 *
 * The DCGAN has no contestant in jax-js, which has no batch normalization.
 *
 * --cold switches Mesa's shader cache off, so that the first step shows what compiling costs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findAdapter } from '../../src/node/adapter.ts';

const MODELS = ['quick', 'keras', 'autoencoder', 'dcgan'];

interface Timing {
  readonly firstStep: number;
  readonly median: number;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '3' }, cold: { type: 'boolean', default: false } },
  });
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const rounds = Number(values.rounds);
  const models = positionals.length > 0 ? positionals : MODELS;
  const unknown = models.find((model) => !MODELS.includes(model));
  if (unknown || !Number.isInteger(rounds) || rounds < 1) {
    console.error(
      `bench: ${unknown ? `no model "${unknown}"; choose from ${MODELS.join(', ')}` : '--rounds must be a whole number of at least 1'}`,
    );
    return 1;
  }

  // Choosing the adapter also sets VK_DRIVER_FILES, which the processes below inherit.
  const { description } = await findAdapter();
  console.log(`Adapter: ${description}`);
  if (!existsSync(path('node_modules'))) {
    console.log('Installing the peers …');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: path('.'),
      stdio: 'inherit',
    });
  }

  const stepCommand = [
    '--import',
    'tsx',
    '--import',
    path('../../src/node/wgsl-hook.mjs'),
    path('../step.ts'),
  ];
  const contestants: Record<string, string[]> = {
    wgrad: stepCommand,
    'jax-js': [path('frameworks/jax.mjs')],
    tfjs: [path('frameworks/tfjs.mjs')],
  };
  const env = { ...process.env, ...(values.cold && { MESA_SHADER_CACHE_DISABLE: 'true' }) };
  const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1];

  for (const model of models) {
    const own = Object.entries(contestants).filter(([name]) => model !== 'dcgan' || name !== 'jax-js');
    const timings = new Map<string, Timing[]>(own.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, command] of own) {
        const options = {
          env,
          cwd: path('../..'),
          encoding: 'utf8' as const,
          stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'],
        };
        const output = execFileSync(process.execPath, [...command, model], options);
        timings.get(name)!.push(JSON.parse(output.trim().split('\n').at(-1)!) as Timing);
      }
    }
    const step = (name: string) => median(timings.get(name)!.map((t) => t.median));
    const first = (name: string) => median(timings.get(name)!.map((t) => t.firstStep));
    console.log(`\n${model}, batch 64, ${rounds} rounds${values.cold ? ', shader cache off' : ''}`);
    console.log(
      `${'framework'.padEnd(12)}${'ms/step'.padStart(10)}${'× wgrad'.padStart(10)}${'first step ms'.padStart(16)}`,
    );
    for (const name of timings.keys()) {
      const ratio = (step(name) / step('wgrad')).toFixed(2);
      console.log(
        `${name.padEnd(12)}${step(name).toFixed(1).padStart(10)}${ratio.padStart(10)}${first(name).toFixed(0).padStart(16)}`,
      );
    }
  }
  return 0;
}

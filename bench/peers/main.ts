/**
 * The head-to-head: whole training steps and single kernels of wgrad, TensorFlow.js and jax-js, on one adapter in one
 * sitting. Each framework runs in a process of its own, in turn (A B C A B C …); the table has the medians and quartiles
 * over the rounds. The peers' packages are installed into bench/peers at the first run.
 *
 *     npm run bench -- [quick] [keras] [autoencoder] [dcgan] [gpt] [operations] [options]
 *
 *     --rounds 3          how often everybody has a turn
 *     --peers jax-js,tfjs whom wgrad is compared with
 *     --sizes 256,512     sides of the square products among the operations
 *     --no-cold           leaves the first step without a shader cache away
 *     --json FILE         writes the report
 *     --compare OLD.json  exits with 1 where something has become slower by more than --threshold 10 (percent)
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { initNode } from '../../src/node/index.ts';
import { commitName, destinationOf, finish, reportOptions, runtimeName } from '../node/runtime.ts';
import { formatMachine, machineOf, SOFTWARE_WARNING } from '../report/machine.ts';
import { SCHEMA } from '../report/schema.ts';
import type { PeerReport, PeerResult } from '../report/schema.ts';
import { ask, ENTRANTS, ShaderCache } from './contestants.ts';
import type { Entrant } from './contestants.ts';
import { kernelSpecs, MODELS, trains } from './problem.ts';
import type { ModelName } from './problem.ts';
import { formatModel, formatPeerKernels, peerWarnings } from './report.ts';
import { kernelResults, trainingResults } from './results.ts';
import type { Rounds } from './results.ts';
import type { KernelSample, TrainingSample } from './sample.ts';

const PEERS = ['jax-js', 'tfjs'];
const SUBJECTS = [...MODELS, 'operations'];
type Told = (text: string) => void;

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      peers: { type: 'string', default: PEERS.join() },
      sizes: { type: 'string', default: '256,512' },
      'no-cold': { type: 'boolean', default: false },
      ...reportOptions,
    },
  });
  const rounds = Number(values.rounds);
  const unknown = positionals.find((name) => !SUBJECTS.includes(name));
  if (unknown) throw new Error(`there is no "${unknown}"; choose from ${SUBJECTS.join(', ')}`);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error('--rounds must be a whole number of at least 1');
  const peers = values.peers.split(',').filter(Boolean);
  const stranger = peers.find((name) => !PEERS.includes(name));
  if (stranger) throw new Error(`there is no peer "${stranger}"; choose from ${PEERS.join(', ')}`);
  const entrants = ENTRANTS.filter(({ framework }) => framework === 'wgrad' || peers.includes(framework));
  const subjects = positionals.length > 0 ? positionals : SUBJECTS;
  const destination = destinationOf(values);

  // Choosing the adapter also sets VK_DRIVER_FILES, which the processes below inherit.
  const gpu = await initNode();
  const machine = machineOf(gpu.device, runtimeName(), commitName());
  gpu.destroy();
  console.log(`${formatMachine(machine)}${machine.software ? `\n\n${SOFTWARE_WARNING}` : ''}\n`);
  install();

  const cache = values['no-cold'] ? undefined : new ShaderCache();
  const progress: Told | undefined = process.stderr.isTTY
    ? (text) => process.stderr.write(`\r\x1b[K${text}`)
    : undefined;
  const failures: string[] = [];
  const results: PeerResult[] = [];
  try {
    for (const model of MODELS.filter((own) => subjects.includes(own))) {
      const all = await race(model, rounds, { entrants, cache, progress, failures });
      results.push(...trainingResults(model, all));
      progress?.('');
      console.log(`${formatModel(model, results)}\n`);
    }
    if (subjects.includes('operations')) {
      const own = await raceKernels(values.sizes, rounds, { entrants, cache, progress, failures });
      results.push(...own);
      progress?.('');
      console.log(`${formatPeerKernels(own)}\n`);
    }
  } finally {
    cache?.destroy();
  }
  const warnings = [...peerWarnings(results), ...failures];
  for (const warning of warnings) console.log(`${warning}\n`);
  const report: PeerReport = {
    schema: SCHEMA,
    command: 'peers',
    ...machine,
    rounds,
    warnings: [...(machine.software ? [SOFTWARE_WARNING] : []), ...warnings],
    results,
  };
  const code = finish(report, destination);
  return failures.length > 0 || results.some(({ agrees }) => !agrees) ? 1 : code;
}

interface Race {
  readonly entrants: readonly Entrant[];
  readonly cache?: ShaderCache;
  readonly progress?: Told;
  /** What went wrong, to be told at the end. */
  readonly failures: string[];
}

/** Everybody in turn, round after round. Who fails once is out; wgrad must not. */
async function takeTurns<S extends object>(
  entrants: readonly Entrant[],
  rounds: number,
  { failures, progress }: Race,
  turn: (entrant: Entrant, round: number) => Promise<S & { version: string }>,
): Promise<Rounds<S>[]> {
  const samples = new Map<Entrant, (S & { version: string })[]>(entrants.map((entrant) => [entrant, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [entrant, own] of samples) {
      progress?.(`round ${round + 1} of ${rounds}: ${entrant.name}`);
      try {
        own.push(await turn(entrant, round));
      } catch (error) {
        if (entrant.framework === 'wgrad') throw error;
        failures.push((error as Error).message);
        samples.delete(entrant);
      }
    }
  }
  return [...samples].map(([entrant, own]) => ({ entrant, version: own[0].version, samples: own }));
}

async function race(model: ModelName, rounds: number, options: Race): Promise<Rounds<TrainingSample>[]> {
  const { cache } = options;
  const entrants = options.entrants.filter(({ framework }) => trains(framework, model));
  const cold = new Map<Entrant, number[]>();
  const all = await takeTurns<TrainingSample>(entrants, rounds, options, async (entrant, round) => {
    // What one framework compiles helps no other; a peer that sleeps compiles the same as one that does not.
    const isFirst = round === 0 && (entrant.framework === 'wgrad' || !entrant.asleep);
    if (cache && isFirst) {
      cold.set(entrant, [(await ask<{ firstMs: number }>(entrant, 'first', model, cache)).firstMs]);
    }
    return ask<TrainingSample>(entrant, 'training', model, cache);
  });
  return all.map((own) => ({ ...own, coldMs: cold.get(own.entrant) }));
}

async function raceKernels(sizes: string, rounds: number, options: Race): Promise<PeerResult[]> {
  const all = await takeTurns<Record<string, KernelSample>>(
    options.entrants,
    rounds,
    options,
    (entrant) => ask(entrant, 'kernels', sizes, options.cache) as never,
  );
  return kernelResults(kernelSpecs(sizes.split(',').filter(Boolean).map(Number)), all);
}

/** The peers' packages, at the first run. */
function install(): void {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  if (existsSync(`${folder}node_modules`)) return;
  console.log('Installing the peers …');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: 'inherit',
  });
}

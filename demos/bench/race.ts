import { trains } from '../../bench/peers/problem.ts';
import type { Framework, ModelName } from '../../bench/peers/problem.ts';
import { trainingResults } from '../../bench/peers/results.ts';
import type { Rounds } from '../../bench/peers/results.ts';
import type { TrainingSample } from '../../bench/peers/sample.ts';
import type { PeerResult } from '../../bench/report/schema.ts';
import { workerPort } from '../shared/port.ts';
import type { PeerMessage, PeerRequest, Settings } from './protocol.ts';

/** A framework that takes longer than this for a training has no second turn at it: the run would take minutes. */
const SLOW_MS = 10_000;

const FRAMEWORKS: readonly Framework[] = ['wgrad', 'jax-js', 'tfjs'];

/** A framework in a worker of its own, which is asked one thing after the other. */
class Runner {
  readonly framework: Framework;
  readonly #worker: Worker;
  #answer: ((message: PeerMessage) => void) | undefined;
  readonly #ask: (request: PeerRequest) => void;

  constructor(framework: Framework) {
    this.framework = framework;
    this.#worker = new Worker(new URL('./peerWorker.ts', import.meta.url), { type: 'module' });
    const crashed = (message: string) => this.#answer?.({ type: 'error', name: 'Error', message });
    const port = workerPort<PeerMessage, PeerRequest>(this.#worker, crashed);
    port.listen((message) => this.#answer?.(message));
    this.#ask = (request) => port.post(request);
  }

  /** @throws Error that the worker reports */
  async ask(request: PeerRequest): Promise<PeerMessage> {
    const answer = await new Promise<PeerMessage>((resolve) => {
      this.#answer = resolve;
      this.#ask(request);
    });
    if (answer.type === 'error') throw new Error(`${this.framework}: ${answer.message}`);
    return answer;
  }

  /** What is being asked is answered with an error. */
  end(): void {
    this.#worker.terminate();
    this.#answer?.({ type: 'error', name: 'AbortError', message: 'stopped' });
  }
}

export interface RaceEvents {
  progress(text: string, share: number): void;
  /** All results so far. */
  results(results: readonly PeerResult[]): void;
  /** What has to be said beside them. */
  note(text: string): void;
}

/** The frameworks in turn, round after round; `signal` ends it. */
export async function race(settings: Settings, events: RaceEvents, signal: AbortSignal): Promise<void> {
  const { models, rounds, stretchMs } = settings;
  const runners = FRAMEWORKS.map((framework) => new Runner(framework));
  const end = () => runners.forEach((runner) => runner.end());
  signal.addEventListener('abort', end);
  const versions = new Map<Framework, string>();
  const samples = new Map<string, TrainingSample[]>();
  const slow = new Set<string>();
  const total = rounds * models.length * runners.length;
  let done = 0;
  try {
    for (const runner of runners) {
      const { framework } = runner;
      events.progress(`Loading ${framework}`, 0);
      const opened = await attempt(() => runner.ask({ type: 'open', framework }), events, signal);
      if (opened?.type === 'opened') versions.set(framework, opened.version);
      if (opened?.type === 'missing') {
        events.note(
          `This copy of the site was built without ${framework}: install bench/peers, then build it again.`,
        );
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const model of models) {
        for (const runner of runners) {
          const { framework } = runner;
          events.progress(`Round ${round + 1} of ${rounds}: ${model}, ${framework}`, done++ / total);
          const key = `${model} ${framework}`;
          if (!versions.has(framework) || !trains(framework, model) || slow.has(key)) continue;
          const began = performance.now();
          const answer = await attempt(() => runner.ask({ type: 'train', model, stretchMs }), events, signal);
          if (answer?.type !== 'sample') continue;
          if (performance.now() - began > SLOW_MS) slow.add(key);
          samples.set(key, [...(samples.get(key) ?? []), answer.sample]);
          events.results(models.flatMap((own) => resultsOf(own, versions, samples)));
        }
      }
    }
  } finally {
    end();
  }
}

/** An answer; undefined, and a note, where there is none. */
async function attempt(
  ask: () => Promise<PeerMessage>,
  events: RaceEvents,
  signal: AbortSignal,
): Promise<PeerMessage | undefined> {
  if (signal.aborted) return undefined;
  try {
    return await ask();
  } catch (error) {
    if (!signal.aborted) events.note((error as Error).message);
    return undefined;
  }
}

function resultsOf(
  model: ModelName,
  versions: ReadonlyMap<Framework, string>,
  samples: ReadonlyMap<string, readonly TrainingSample[]>,
): PeerResult[] {
  const all = FRAMEWORKS.flatMap((framework): Rounds<TrainingSample>[] => {
    const own = samples.get(`${model} ${framework}`);
    // Browsers wait without a busy loop, so all frameworks sleep alike.
    const entrant = { name: framework, framework, asleep: framework === 'wgrad' };
    return own ? [{ entrant, version: versions.get(framework)!, samples: own }] : [];
  });
  return all.length > 0 ? trainingResults(model, all) : [];
}

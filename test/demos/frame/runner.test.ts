import { describe, expect, it, vi } from 'vitest';
import { EnvironmentError } from '../../../src/index.ts';
import type { Device } from '../../../src/index.ts';
import type { FromWorker, Point } from '../../../demos/frame/protocol.ts';
import { Runner } from '../../../demos/frame/worker/runner.ts';
import type { RunnerHooks } from '../../../demos/frame/worker/runner.ts';
import type { RunOptions, Source, Trainee } from '../../../demos/frame/worker/trainee.ts';

const DEVICE = {
  software: false,
  gpu: { queue: { onSubmittedWorkDone: () => Promise.resolve() } },
  race: (promise: Promise<unknown>) => promise,
} as unknown as Device;

/** Counts steps; a run is four of them. `failAt`: the step that throws. */
class Counter implements Trainee<number[]> {
  step = 0;
  looks = 0;
  evaluations: number[] = [];
  taken: Partial<number[]>[] = [];
  failAt = Infinity;
  onStep = () => {};
  readonly batchSize = 5;
  readonly epochs = 2;

  async run(_: number[], options: RunOptions): Promise<void> {
    await options.onReady({ build: { dispatches: [] }, planBytes: 0 } as never);
    const until = (Math.floor(this.step / 4) + 1) * 4;
    while (this.step < until) {
      await options.beforeStep(this.step);
      if (options.signal.aborted) return;
      if (this.step === this.failAt) throw new Error('broken');
      this.onStep();
      options.onSteps([{ step: this.step++, loss: 1 } as Point]);
    }
  }

  take(data: Partial<number[]>): void {
    this.taken.push(data);
  }

  async look(): Promise<void> {
    this.looks++;
  }

  async evaluate(): Promise<Record<string, number>> {
    this.evaluations.push(this.step);
    return { testLoss: 1 };
  }

  save = async () => Uint8Array.of(this.step);
  load = ([step]: Uint8Array) => void (this.step = step);
  destroy = () => {};
}

/** One of its tasks takes until it is let go, and a run that is stopped does not wait for it, as that of `fit`. */
class Slow extends Counter {
  readonly events: string[] = [];
  letGo = () => {};
  #held: Promise<void> | undefined;

  constructor(task: 'evaluate' | 'save') {
    super();
    const plain = this[task].bind(this) as () => Promise<never>;
    this[task] = async () => {
      const result = await plain();
      if (!this.#held) return result;
      this.events.push(`${task} begins`);
      await this.#held;
      this.events.push(`${task} ends`);
      return result;
    };
    const { load } = this;
    this.load = (bytes) => {
      this.events.push('load');
      load(bytes);
    };
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.letGo = () => {
        this.#held = undefined;
        resolve();
      };
    });
  }

  override async run(data: number[], options: RunOptions): Promise<void> {
    const stopped = new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve()));
    await Promise.race([super.run(data, options), stopped]);
  }
}

/** All data at once, unless there are others for a first look. */
const DATA: Source<number[]> = {
  first: undefined,
  all: () => Promise.resolve({ data: [1, 2], facts: { trainSize: 10 } }),
};

async function start<T extends Counter = Counter>(
  trainee = new Counter() as T,
  {
    source = DATA,
    trained = false,
    until = 'ready',
    ...own
  }: { source?: Source<number[]>; trained?: boolean; until?: string } & Partial<RunnerHooks> = {},
) {
  const told: FromWorker[] = [];
  const failures: unknown[] = [];
  const hooks = {
    post: (message: FromWorker) => void told.push(message),
    begin: async () => {},
    onFailure: (error: unknown) => {
      failures.push(error);
      return false;
    },
    isHidden: () => false,
    speed: () => undefined,
    ...own,
  };
  const runner = new Runner<number[], T>(trainee, source, DEVICE, Uint8Array.of(0), trained, hooks);
  runner.start();
  const reaches = (state: string) => vi.waitFor(() => expect(runner.state).toBe(state));
  await reaches(until);
  const positions = () => told.flatMap((message) => (message.type === 'position' ? [message.position] : []));
  return { runner, trainee, told, failures, reaches, positions };
}

describe('a runner', () => {
  it('looks and evaluates before the first step, then waits', async () => {
    const { trainee, positions } = await start();
    expect(trainee).toMatchObject({ step: 0, evaluations: [0] });
    expect(trainee.looks).toBeGreaterThan(0);
    expect(positions().map(({ state }) => state)).toEqual(['compiling', 'ready']);
  });

  it('does one step at a time', async () => {
    const { runner, trainee, reaches, positions } = await start();
    for (const step of [1, 2]) {
      runner.step();
      await reaches('paused');
      await vi.waitFor(() => expect(positions().at(-1)).toMatchObject({ state: 'paused', step }));
      expect(trainee.step).toBe(step);
    }
  });

  it('plays to the end of a run, and on to the end of the next', async () => {
    const { runner, trainee, reaches, positions } = await start();
    runner.play();
    await reaches('finished');
    expect(trainee.step).toBe(4);
    expect(trainee.evaluations.at(-1)).toBe(4);
    expect(positions().at(-1)).toMatchObject({ epoch: 2, epochs: 2, part: 1 });
    runner.play();
    await vi.waitFor(() => expect(trainee.step).toBe(8));
    expect(positions().at(-1)).toMatchObject({ epoch: 4, epochs: 4 });
  });

  it.each([
    ['before each step of a run where someone follows it', false, 3],
    ['nothing in a background tab, where training continues', true, 0],
  ])('draws %s', async (_, hidden, looks) => {
    const { runner, trainee, reaches } = await start(new Counter(), {
      speed: () => 1000,
      isHidden: () => hidden,
    });
    const before = trainee.looks;
    let during = 0;
    trainee.onStep = () => (during = trainee.looks - before);
    runner.play();
    await reaches('finished');
    expect([trainee.step, during]).toEqual([4, looks]);
  });

  it('is paused at once where it is played and paused while it still evaluates', async () => {
    const trainee = new Slow('evaluate');
    const { runner, reaches, positions } = await start(trainee);
    trainee.onStep = () => runner.pause();
    runner.play();
    await reaches('paused');
    trainee.hold();
    runner.play();
    await vi.waitFor(() => expect(trainee.events).toEqual(['evaluate begins']));
    await reaches('paused');
    runner.play();
    expect(runner.state).toBe('running');
    runner.pause();
    expect(runner.state).toBe('paused');
    trainee.letGo();
    await vi.waitFor(() => expect(trainee.events).toEqual(['evaluate begins', 'evaluate ends']));
    const { step } = trainee;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([runner.state, trainee.step]).toEqual(['paused', step]);
    runner.step(); // and goes on by hand
    await vi.waitFor(() => expect(trainee.step).toBe(step + 1));
    await reaches('paused');
    expect(positions().at(-1)).toMatchObject({ state: 'paused' });
  });

  it('begins again from other weights, with everything that was charted gone', async () => {
    const { runner, trainee, told, reaches } = await start();
    runner.step();
    await reaches('paused');
    await runner.restart(Uint8Array.of(0), () => trainee.load(Uint8Array.of(0)), true);
    await reaches('ready');
    expect(trainee.step).toBe(0);
    expect(runner.trained).toBe(true);
    expect(told.some(({ type }) => type === 'cleared')).toBe(true);
    runner.play();
    expect(runner.trained).toBe(false);
    await reaches('finished');
  });

  it.each(['evaluate', 'save'] as const)(
    'begins again only when the %s under way has ended, whose programs the new start uses',
    async (task) => {
      const { runner, trainee, reaches } = await start(new Slow(task));
      trainee.hold();
      const clock = performance.now.bind(performance);
      const later = vi.spyOn(performance, 'now').mockImplementation(() => clock() + 1e6); // everything is due
      runner.play();
      await vi.waitFor(() => expect(trainee.events).toEqual([`${task} begins`]));
      later.mockRestore();
      const restarted = runner.restart(Uint8Array.of(0), () => trainee.load(Uint8Array.of(0)), false);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(trainee.events).toEqual([`${task} begins`]);
      trainee.letGo();
      await restarted;
      expect(trainee.events).toEqual([`${task} begins`, `${task} ends`, 'load']);
      await reaches('ready');
    },
  );

  it('tells of what goes wrong, once, and knows then whether it ran', async () => {
    const { runner, trainee, failures, reaches } = await start();
    trainee.failAt = 2;
    runner.play();
    await reaches('failed');
    expect(failures).toEqual([new Error('broken')]);
    runner.play();
    expect(runner.state).toBe('failed');
  });

  describe('of a trained network', () => {
    const lazy = (all = vi.fn<typeof DATA.all>(DATA.all)) => ({
      first: Promise.resolve({ data: [1], facts: {} }),
      all,
    });

    it('shows and evaluates it on the data of a first look; a step asks for the others', async () => {
      const source = lazy();
      const { runner, trainee, positions, reaches } = await start(new Counter(), { source, trained: true });
      await vi.waitFor(() => expect(trainee).toMatchObject({ taken: [[1]], evaluations: [0] }));
      expect(source.all).not.toHaveBeenCalled();
      runner.step();
      expect(runner.state).toBe('compiling');
      await reaches('paused');
      await vi.waitFor(() => expect(positions().at(-1)).toMatchObject({ state: 'paused', step: 1 }));
      expect(trainee.taken).toEqual([[1], [1, 2]]);
      expect(source.all).toHaveBeenCalledTimes(1);
      expect(runner.trained).toBe(false);
    });

    it('shows it before it can train, and evaluates it when it can', async () => {
      let begin = () => {};
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const options = { source: lazy(), trained: true, begin: () => begun };
      const { trainee } = await start(new Counter(), options);
      expect(trainee).toMatchObject({ taken: [[1]], evaluations: [] });
      expect(trainee.looks).toBeGreaterThan(0);
      begin();
      await vi.waitFor(() => expect(trainee.evaluations).toEqual([0]));
    });

    it('tells where what trains it cannot be loaded', async () => {
      const begin = () => Promise.reject(new Error('not there'));
      const { failures } = await start(new Counter(), {
        source: lazy(),
        trained: true,
        until: 'failed',
        begin,
      });
      expect(failures).toEqual([new Error('not there')]);
    });

    it('shows it with data that are there already, in one look', async () => {
      const latest = { data: [1], facts: {} };
      const source = { ...lazy(), first: Promise.resolve(latest), latest };
      const trainee = new Counter();
      const { runner } = await start(trainee, { source, trained: true });
      expect(trainee).toMatchObject({ taken: [[1]], looks: 1 });
      await runner.look();
      expect(trainee.looks).toBe(2);
    });

    it('draws nothing before it is started', async () => {
      const trainee = new Counter();
      const hooks = {
        post: () => {},
        begin: async () => {},
        onFailure: () => false,
        isHidden: () => false,
        speed: () => undefined,
      };
      const runner = new Runner<number[], Counter>(trainee, lazy(), DEVICE, Uint8Array.of(0), true, hooks);
      await runner.look();
      expect(trainee.looks).toBe(0);
      runner.start();
      await vi.waitFor(() => expect(trainee.looks).toBeGreaterThan(0));
    });

    it('makes after the first look what that does without, once, and looks again; then it begins to train', async () => {
      const events: string[] = [];
      class Growing extends Counter {
        override look = async () => void events.push('look');
        complete = async () => void events.push('complete');
      }
      const latest = { data: [1], facts: {} };
      const source = { ...lazy(), first: Promise.resolve(latest), latest };
      const begin = async () => void events.push('begin');
      const { runner, trainee, reaches } = await start(new Growing(), { source, trained: true, begin });
      await vi.waitFor(() => expect(events).toEqual(['look', 'complete', 'look', 'begin']));
      await runner.restart(Uint8Array.of(0), () => trainee.load(Uint8Array.of(0)), true);
      await reaches('ready');
      expect(events.filter((event) => event === 'complete')).toHaveLength(1);
    });

    it('asks for the others when nobody has asked for a while, and evaluates anew', async () => {
      const source = lazy();
      const { trainee, positions } = await start(new Counter(), { source, trained: true });
      await vi.waitFor(() => expect(trainee.evaluations).toEqual([0, 0]), { timeout: 5000 });
      expect(trainee.taken).toEqual([[1], [1, 2]]);
      expect(new Set(positions().map(({ state }) => state))).toEqual(new Set(['compiling', 'ready']));
    });

    it('trains from scratch without waiting for data that are no longer wanted', async () => {
      const source = lazy(vi.fn<typeof DATA.all>(() => new Promise(() => {})));
      const { runner, trainee, reaches } = await start(new Counter(), { source, trained: true });
      runner.step();
      await vi.waitFor(() => expect(source.all).toHaveBeenCalled());
      runner.source = DATA;
      await runner.restart(Uint8Array.of(0), () => trainee.load(Uint8Array.of(0)), false);
      runner.play();
      await reaches('finished');
    });
  });

  it('loads all data at once where nothing is trained', async () => {
    const all = vi.fn<typeof DATA.all>(DATA.all);
    const { trainee } = await start(new Counter(), {
      source: { first: Promise.resolve({ data: [1], facts: {} }), all },
    });
    expect(all).toHaveBeenCalledTimes(1);
    expect(trainee.taken.at(-1)).toEqual([1, 2]);
  });

  it('stops in the middle of a run', async () => {
    const { runner, trainee } = await start();
    runner.play();
    await runner.destroy();
    const { step } = trainee;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(trainee.step).toBe(step);
  });
});

describe('a trained network whose training does not load', () => {
  const missing = new EnvironmentError('The script that trains this network could not be loaded');

  it('can be looked at until someone trains, who is told', async () => {
    const begin = vi.fn<() => Promise<void>>(async () => {
      throw missing;
    });
    const { runner, trainee, failures, reaches } = await start(new Counter(), { trained: true, begin });
    await vi.waitFor(() => expect(begin).toHaveBeenCalled());
    expect(failures).toEqual([]);
    const { looks } = trainee;
    await runner.look();
    expect(trainee.looks).toBe(looks + 1);
    expect(runner.state).toBe('ready');
    runner.play();
    await reaches('failed');
    expect(failures).toEqual([missing]);
  });

  it('trains once it is there', async () => {
    const begin = vi.fn<() => Promise<void>>(async () => {});
    begin.mockRejectedValueOnce(missing);
    const { runner, trainee, failures, reaches } = await start(new Counter(), { trained: true, begin });
    await vi.waitFor(() => expect(begin).toHaveBeenCalled());
    runner.play();
    await reaches('finished');
    expect(trainee.step).toBe(4);
    expect(failures).toEqual([]);
  });

  it('can be stopped meanwhile', async () => {
    const begin = async () => {
      throw missing;
    };
    const { runner, failures } = await start(new Counter(), { trained: true, begin });
    await runner.destroy();
    expect(failures).toEqual([]);
  });
});

it('tells the page of the step that is trained now, also where it turns back to one compiled before', async () => {
  const programs = new Map<string, object>();
  class Parts extends Counter {
    part = 'both';
    override async run(_: number[], options: RunOptions): Promise<void> {
      while (!options.signal.aborted) {
        const { part } = this;
        if (!programs.has(part)) {
          programs.set(part, { build: { dispatches: [] }, planBytes: programs.size });
          await options.onReady(programs.get(part) as never, part);
        }
        await options.beforeStep(this.step++);
      }
    }
  }
  const { runner, trainee, told, reaches } = await start(new Parts());
  const parts = () => told.flatMap((message) => (message.type === 'program' ? [message.facts.part] : []));
  const learns = async (part: string) => {
    trainee.part = part;
    runner.follow();
    runner.step();
    await reaches('paused');
    await vi.waitFor(() => expect(programs.has(part)).toBe(true));
    expect(runner.program).toBe(programs.get(part));
  };
  await learns('both');
  await learns('generator');
  await learns('both');
  await learns('generator');
  expect(parts()).toEqual(['both', 'generator', 'both', 'generator']);
  await runner.destroy();
});

import { DeviceLostError, EnvironmentError, init } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { part } from '../../../src/part.ts';
import type { Palette } from '../../shared/palette.ts';
import { errorMessage, pagePort } from '../../shared/port.ts';
import { PanelRenderer } from '../../drawing/renderer.ts';
import type { GraphServer } from '../graph/worker/server.ts';
import type { Calls, FromWorker, Tells, ToWorker, Values } from '../protocol.ts';
import { Changes } from './changes.ts';
import type { Wanted } from './changes.ts';
import { once } from './once.ts';
import { PanelList } from './panelList.ts';
import { sessionMaker, setAll } from './session.ts';
import type { Given, Session } from './session.ts';
import { sourceOf } from './source.ts';
import { loadTrained } from './trained.ts';
import type { Checkpoint } from './runner.ts';
import type { Acts, Settings, ValuesOf } from '../settings.ts';
import type { Serving } from './serving.ts';
import type { Source, Trainee } from './trainee.ts';

type Panel = Extract<ToWorker, { type: 'panel' }>;

/** Serves a page: opens the GPU, loads the data, makes the networks, trains them, and does what the page asks for. */
export function serve<S extends Settings, Data, T extends Trainee<Data>, C extends Calls, E extends Tells>(
  page: Serving<S, Data, T, C, E>,
): void {
  const port = pagePort<ToWorker, FromWorker>();
  /** What outlives the loss of a GPU. */
  const panels = new PanelList();
  let values: Values = {};
  /** What a change of each setting does. */
  let acts: Readonly<Record<string, Acts>> = {};
  let palette: Palette;
  let base: string;
  let isHidden = false;
  let source: Source<Data>;
  let session: Session<Data, T> | undefined;
  /** GPUs that were lost: what they still report is ignored. */
  const lost = new WeakSet<Gpu>();

  const make = sessionMaker(page, {
    post: (message, transfer) => port.post(message, transfer),
    values: () => values,
    acts: () => acts,
    source: () => source,
    look: () => void session?.runner.look(),
    fail,
    isHidden: () => isHidden,
  });

  const opened = init().then((gpu) => {
    const { description, software } = gpu.device;
    port.post({ type: 'adapter', description, software });
    return gpu;
  });
  opened.catch(report);

  // One message at a time: another network takes several turns, and what follows is meant for it.
  let queue = Promise.resolve();
  const newest = new Map<string, number>();
  const changes = new Changes();
  const enqueue = (task: () => unknown) => {
    queue = queue.then(async () => {
      const gpu = session?.gpu;
      try {
        await task();
      } catch (error) {
        fail(error, gpu);
      }
    });
  };
  port.listen((message) => {
    if (message.type === 'call' && message.name.startsWith('graph')) return void answerGraph(message);
    if (message.type === 'call') newest.set(message.name, message.id);
    if (message.type === 'set' || message.type === 'reset') changes.wait();
    enqueue(() => handle(message));
  });

  async function handle(message: ToWorker): Promise<void> {
    const runner = session?.runner;
    switch (message.type) {
      case 'start':
        ({ values, acts, palette, base } = message);
        source = load();
        return open(await opened);
      case 'play':
      case 'pause':
      case 'step':
        return runner?.[message.type]();
      case 'set':
        ({ values } = message);
        return change(changes.take(message, acts));
      case 'reset':
        return change(changes.take(message, acts));
      case 'palette':
        ({ palette } = message);
        if (session) session.renderer.palette = palette;
        return show();
      case 'shown':
        return show();
      case 'tab':
        isHidden = message.hidden;
        return show();
      case 'panel':
        panels.set(message);
        return session && addPanel(session, message);
      case 'layout':
        return arrange(message.name, message.layout);
      case 'call':
        return answer(message);
    }
  }

  /** Draws the network as it is, where it is seen. */
  function show(): void {
    if (!isHidden) void session?.runner.look();
  }

  /** What the settings say of the data, from now on. */
  function load(): Source<Data> {
    const progress = (what: string, part: number) => port.post({ type: 'progress', what, part });
    const loading = { values: values as ValuesOf<S>, base, progress };
    return sourceOf(page, loading, (facts) => port.post({ type: 'data', facts }));
  }

  /** Sets everything up on a GPU: at the start, and again where one was lost. */
  async function open(gpu: Gpu, checkpoint?: Checkpoint & { reason: string }): Promise<void> {
    const renderer = new PanelRenderer(gpu.device.gpu, palette);
    panels.addTo(renderer);
    session = await make(gpu, renderer, { bytes: checkpoint?.bytes });
    const { runner } = session;
    if (checkpoint) {
      port.post({ type: 'recovered', step: runner.trainee.step, reason: checkpoint.reason });
    }
    runner.start();
    if (checkpoint?.running) runner.play();
  }

  async function change(wish: Wanted | undefined): Promise<void> {
    if (!wish || !session) return;
    const { names, acts: wanted, reset: again } = wish;
    const { runner } = session;
    const isAfresh = wanted.has('afresh');
    if (wanted.has('data') || isAfresh) runner.source = source = load();
    if (wanted.has('anew') || isAfresh) {
      await renew({});
      if (again?.play) session.runner.play();
      return;
    }
    if (wanted.has('rebuild')) {
      const running = runner.checkpoint.running;
      const scratch = await session.begin(); // first: where it fails, the training goes on
      await runner.stop();
      await renew({ bytes: await runner.trainee.save(), scratch });
      if (again) return reset(again.trained, again.play);
      if (running) session.runner.play();
      return;
    }
    if (again) return reset(again.trained, again.play);
    if (wanted.has('restart') || wanted.has('data')) return reset(runner.trained);
    for (const name of names) {
      if (acts[name] === 'now') await runner.trainee.set?.(name, values[name]);
    }
    runner.follow();
    if (names.includes('speed')) runner.wake();
  }

  /** Another network in place of the one there is. */
  async function renew(weights: Given): Promise<void> {
    const { gpu, renderer, runner } = session!;
    await runner.stop(); // what draws has come to its end
    panels.dropFrom(renderer);
    await runner.destroy();
    if (!weights.bytes) port.post({ type: 'cleared' });
    session = await make(gpu, renderer, weights);
    session.runner.start();
  }

  async function reset(trained: boolean, play = false): Promise<void> {
    if (!session) return;
    const { runner } = session;
    if (runner.state === 'failed') return renew({});
    const url = trained ? page.trained?.(values as ValuesOf<S>) : undefined;
    let scratch: Uint8Array;
    try {
      if (url) session.trained ??= await loadTrained(url);
      scratch = await session.begin();
    } catch (error) {
      return miss('reset', error);
    }
    const { trainee } = runner;
    const load = async () => {
      await trainee.load(scratch);
      if (url) await trainee.load(session!.trained!);
      await setAll(trainee, acts, values);
    };
    await runner.restart(scratch, load, url !== undefined);
    if (play) runner.play();
  }

  async function answer({ id, name, args }: Extract<ToWorker, { type: 'call' }>): Promise<void> {
    const old = page.latest?.includes(name) && newest.get(name) !== id;
    // A call that finds no network is not answered: the page has been told why there is none.
    if (!session || old) return port.post({ type: 'unanswered', id });
    const call = page.calls?.[name];
    if (!call) throw new Error(`The worker has no function '${name}' to call.`);
    try {
      port.post({ type: 'answer', id, value: await call(session.runner.trainee, ...(args as any)) });
    } catch (error) {
      refuse(id, error);
    }
  }

  function refuse(id: number, error: unknown): void {
    port.post({ type: 'unanswered', id });
    miss('call', error);
  }

  /** Something may be missing, a script that does not load: everything else goes on without. @throws all else */
  function miss(of: 'call' | 'reset', error: unknown): void {
    if (!(error instanceof EnvironmentError)) throw error;
    port.post({ type: 'missing', of, message: error.message });
  }

  /** Beside the queue: what the graph of the step is asked for may take a while. */
  const graph = once(async (): Promise<GraphServer> => {
    const { GraphServer: Server } = await part(
      'What serves the graph',
      () => import('../graph/worker/server.ts'),
    );
    return new Server();
  });
  async function answerGraph({ id, name, args }: Extract<ToWorker, { type: 'call' }>): Promise<void> {
    const gpu = session?.gpu;
    try {
      const server = await graph();
      const answer = session && (await server.answer(session, name, args));
      port.post(answer ? { type: 'answer', id, ...answer } : { type: 'unanswered', id });
    } catch (error) {
      try {
        refuse(id, error);
      } catch {
        fail(error, gpu);
      }
    }
  }

  function addPanel({ renderer, runner }: Session<Data, T>, { name, canvas, layout }: Panel): void {
    renderer.add(name, canvas, layout);
    runner.trainee.connect?.(name);
    void runner.look();
  }

  function arrange(name: string, layout: Panel['layout']): void {
    if (!panels.arrange(name, layout)) return;
    session?.renderer.arrange(name, layout);
    show();
  }

  /** A lost GPU is replaced, from the last checkpoint: the answer says so. Everything else is for the page to show. */
  function fail(error: unknown, gpu?: Gpu): boolean {
    if (gpu && lost.has(gpu)) return true;
    if (error instanceof DeviceLostError && gpu && session?.gpu === gpu) {
      lost.add(gpu);
      const { checkpoint } = session.runner;
      session = undefined;
      if (error.reason !== 'destroyed') {
        enqueue(async () => open(await init(), { ...checkpoint, reason: error.reason }));
        return true;
      }
    }
    report(error);
    return false;
  }

  function report(error: unknown): void {
    port.post(errorMessage(error));
  }
}

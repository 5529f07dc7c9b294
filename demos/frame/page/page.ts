import { showAdapter } from './adapter.ts';
import { byId } from '../../shared/dom.ts';
import { createFailures, runLive, showData, showMissing, showRecovered, showRefused } from './live.ts';
import { onSchemeChange, readPalette } from '../../shared/palette.ts';
import { handOver, renewCanvases } from '../../drawing/panels.ts';
import type { PanelMessage, TilePlan } from '../../drawing/panels.ts';
import { workerPort } from '../../shared/port.ts';
import { createStepGraph } from './stepGraph.ts';
import { Address } from './address.ts';
import { bindControls } from './controls.ts';
import { createLeaving } from './leaving.ts';
import { createProgress } from './progress.ts';
import type { ChartPlan, FigurePlan } from './progress.ts';
import type { Calls, FromWorker, Point, Position, ProgramFacts, Tells, ToWorker } from '../protocol.ts';
import type { Settings, ValuesOf } from '../settings.ts';
import { PlayWish } from './playWish.ts';
import { bindShell } from './shell.ts';
import { stateText } from './states.ts';
import type { StateTexts } from './states.ts';
import { stepText } from './stepText.ts';
import { bindTransport } from './transport.ts';

/** What a page is made of, beside its HTML. */
export interface PageOptions<S extends Settings, C extends Calls, E> {
  readonly settings: S;
  /** `() => new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' })`, as Vite wants to see it. */
  readonly worker: () => Worker;
  /** By the names of their places, `<training-chart name="loss">`. */
  readonly charts?: Readonly<Record<string, ChartPlan>>;
  /** By the names in `<training-bar figures="accuracy: Test accuracy">`. */
  readonly figures?: Readonly<Record<string, FigurePlan>>;
  /** What the status line says, where it is not what it says on every page. */
  readonly texts?: StateTexts;
  /** What a training step does, in words: 'gather 64 images, forward, loss, backward, update, record'. */
  readonly stepWords?: (values: ValuesOf<S>, part?: string) => string;
  /** A recorded run for those without WebGPU: its files in the page's folder, without an ending. */
  readonly recording?: string;
  /** Builds what is the page's own; the answer handles what the worker tells. */
  readonly start?: (page: LivePage<S, C>) => Handlers<E>;
}

export type Handlers<E> = {
  readonly [K in keyof E]?: (value: E[K]) => void;
} & {
  readonly position?: (position: Position) => void;
  readonly program?: (facts: ProgramFacts) => void;
  /** Values of training steps, as they go into the charts. */
  readonly points?: (points: readonly Point[]) => void;
  /** Values of an evaluation, likewise. */
  readonly evaluated?: (values: Readonly<Record<string, number>>) => void;
  readonly cleared?: () => void;
  /** Some settings have changed. */
  readonly changed?: (names: readonly string[]) => void;
};

/** What the page's own parts work with. */
export interface LivePage<S extends Settings, C extends Calls> {
  readonly values: ValuesOf<S>;
  /** Changes settings as their controls do. */
  set(changes: Partial<ValuesOf<S>>): void;
  /** Calls a function of the worker. Where there is no network to answer, the promise stays open. */
  call<K extends keyof C & string>(name: K, ...args: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>>;
  /** Hands a canvas to the worker: see `handOver`. `ofNetwork`: each network has its own. */
  handOver(
    name: string,
    canvas: HTMLCanvasElement,
    plan: (width: number) => TilePlan,
    options?: { ofNetwork?: boolean },
  ): () => void;
  readonly transport: { play(): void; pause(): void };
}

/** Starts a page, or says what to do without WebGPU. */
export function startPage<S extends Settings, C extends Calls, E extends Tells>(
  options: PageOptions<S, C, E>,
): void {
  bindShell();
  runLive(() => run(options), without(options));
}

/** Shows the page without WebGPU: a script of its own, for few need it. */
const without =
  ({ recording }: { readonly recording?: string }) =>
  async (reason: string): Promise<void> =>
    (await import('./without.ts')).showWithout(reason, recording);

function run<S extends Settings, C extends Calls, E extends Tells>(options: PageOptions<S, C, E>): void {
  const address = new Address(options.settings);
  const worker = options.worker();
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail('WorkerError', message));
  const progress = createProgress(options);
  const answers = new Map<number, { resolve(value: any): void; reject?(error: Error): void }>();
  let calls = 0;
  /** Calls from before the start: they are answered after it. */
  const early: (() => void)[] = [];
  let now: Position | undefined;
  let begun = false;
  const wish = new PlayWish();
  const leaving = createLeaving(window);
  /** What a button asks for. */
  const press = (message: ToWorker) => {
    wish.sent(message);
    port.post(message);
  };

  function set(changes: Partial<ValuesOf<S>>): void {
    const before = address.values;
    address.set(changes);
    const { values } = address;
    const changed = Object.keys(values).filter((name) => values[name] !== before[name]);
    if (changed.length === 0) return;
    controls.refresh();
    if (begun) port.post({ type: 'set', values, changed });
    const anew = changed.some((name) =>
      ['anew', 'restart', 'data', 'afresh'].includes(options.settings[name].acts),
    );
    if (begun && anew && wish.isOn) port.post({ type: 'play' });
    progress.optimizer(values);
    handlers.changed?.(changed);
  }

  const controls = bindControls(options.settings, () => address.values, set);
  const transport = bindTransport({
    post: press,
    scratch() {
      begins('scratch');
      if (now?.trained) progress.status('Loading what trains the network.');
    },
    trained: () => begins('trained'),
  });
  /** How the page opens from now on. */
  const begins = (start: 'scratch' | 'trained') => set({ start } as Partial<ValuesOf<S>>);
  const fail = createFailures({
    worker,
    giveUp: without(options),
    resetLabel: 'Begin again',
    reset: () => press({ type: 'reset', trained: false }),
    onFailure(message) {
      transport.show({ ...(now ?? NOWHERE), state: 'failed' });
      progress.status(`Stopped: ${message}`);
    },
  });
  const inView = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) port.post({ type: 'shown' });
  });
  function ask(name: string, args: readonly unknown[], answer: NonNullable<ReturnType<typeof answers.get>>) {
    const id = ++calls;
    answers.set(id, answer);
    const post = () => port.post({ type: 'call', id, name, args });
    if (begun) post();
    else early.push(post);
  }

  const page: LivePage<S, C> = {
    get values() {
      return address.values;
    },
    set,
    call: (name, ...args) => new Promise((resolve) => ask(name, args, { resolve })),
    handOver(name, canvas, plan, { ofNetwork = false } = {}) {
      inView.observe(canvas.parentElement!); // the canvas may be replaced
      const post = (message: PanelMessage, transfer?: Transferable[]) =>
        port.post({ ...message, ofNetwork }, transfer);
      return handOver({ post }, name, canvas, plan);
    },
    transport,
  };
  const stepCompiled = createStepGraph(() => ({
    isRecorded: false,
    call: (name, ...args) => new Promise((resolve, reject) => ask(name, args, { resolve, reject })),
    handOver: page.handOver,
  }));
  const handlers = options.start?.(page) ?? ({} as Handlers<E>);

  function handle(message: FromWorker): void {
    switch (message.type) {
      case 'adapter':
        showAdapter(message);
        address.software = message.software;
        showRefused(address.refused);
        controls.refresh();
        begun = true;
        port.post({
          type: 'start',
          values: address.values,
          acts: Object.fromEntries(Object.entries(options.settings).map(([name, { acts }]) => [name, acts])),
          palette: readPalette(),
          base: new URL('../data', location.href).href,
        });
        for (const post of early.splice(0)) post();
        return;
      case 'progress':
        return now && now.state !== 'loading' && now.state !== 'compiling'
          ? undefined
          : progress.doing(message.what, message.part);
      case 'data':
        return showData(message.facts);
      case 'made':
        transport.canTrained = message.canTrained;
        progress.made(message, address.values);
        return;
      case 'program': {
        const { facts } = message;
        const words = options.stepWords?.(address.values, facts.part);
        byId('step-text').textContent = stepText(facts, words);
        stepCompiled();
        return handlers.program?.(facts);
      }
      case 'position':
        return showPosition(message.position);
      case 'points':
        progress.points(message);
        return handlers.points?.(message.points);
      case 'evaluated':
        progress.evaluated(message.point);
        return handlers.evaluated?.(message.point);
      case 'cleared':
        progress.clear();
        isRecorded = false;
        return handlers.cleared?.();
      case 'told':
        return (handlers as Record<string, (value: unknown) => void>)[message.name]?.(message.value);
      case 'answer':
        answers.get(message.id)?.resolve(message.value);
        return void answers.delete(message.id);
      case 'unanswered':
        answers.get(message.id)?.reject?.(new Error(GONE));
        return void answers.delete(message.id);
      case 'recovered':
        renewCanvases();
        return showRecovered(message);
      case 'missing':
        if (message.of === 'reset') {
          wish.drop();
          begins(now?.trained ? 'trained' : 'scratch'); // as it is
          if (now) progress.status(stateText(now, options.texts));
        }
        return showMissing(message.message);
      case 'error':
        return fail(message.name, message.message);
    }
  }

  function showPosition(next: Position): void {
    const before = now?.state ?? 'loading';
    // Curves, and what draws them, come after the first look.
    if (next.trained && next.state === 'ready' && !isRecorded && options.recording) {
      isRecorded = true;
      progress.record(new URL(options.recording, location.href).href);
    }
    now = next;
    wish.reached(next.state);
    leaving.position(next);
    document.body.dataset.state = next.state;
    transport.show(next);
    progress.position(next);
    if (next.state === 'ready' && before === 'compiling' && address.values.play === '1' && !played) {
      played = true;
      press({ type: 'play' });
    }
    if (next.state !== before || next.state === 'paused') {
      progress.status(stateText(next, options.texts));
    }
    handlers.position?.(next);
  }
  let played = false;
  /** The charts show the run that the network comes from. */
  let isRecorded = false;

  port.listen(handle);
  const tellTab = () => port.post({ type: 'tab', hidden: document.hidden });
  if (document.hidden) tellTab();
  document.addEventListener('visibilitychange', tellTab);
  onSchemeChange(() => port.post({ type: 'palette', palette: readPalette() }));
}

/** Why the graph of the step is not answered. */
const GONE =
  'the step that this was asked of is gone: the GPU was lost, or another network was made. Once the next step is compiled, ask again.';

const NOWHERE: Position = {
  state: 'loading',
  step: 0,
  epoch: 0,
  epochs: undefined,
  part: undefined,
  trained: false,
};

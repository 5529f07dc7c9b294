import type { Gpu } from '../../../src/index.ts';
import type { PanelRenderer } from '../../drawing/renderer.ts';
import type { Calls, FromWorker, Tells, Values } from '../protocol.ts';
import type { Acts, Settings, ValuesOf } from '../settings.ts';
import { once } from './once.ts';
import { Runner } from './runner.ts';
import type { Serving } from './serving.ts';
import { loadTrained } from './trained.ts';
import type { Source, Trainee } from './trainee.ts';

/** One GPU, and what was made on it. */
export interface Session<Data, T extends Trainee<Data>> {
  readonly gpu: Gpu;
  readonly renderer: PanelRenderer;
  readonly runner: Runner<Data, T>;
  /** Has the trainee begin, once. The answer is the network before its first step. */
  readonly begin: () => Promise<Uint8Array>;
  /** The trained network as it was brought. */
  trained: Uint8Array | undefined;
}

/** Weights that a network takes over, and those before its first step; without any it makes its own. */
export interface Given {
  readonly bytes?: Uint8Array;
  readonly scratch?: Uint8Array;
}

/** What a session is made in: functions give what is there when they are called. */
export interface Surroundings<Data> {
  readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
  readonly values: () => Values;
  /** What a change of each setting does. */
  readonly acts: () => Readonly<Record<string, Acts>>;
  readonly source: () => Source<Data>;
  /** Draws the network of the present session. */
  readonly look: () => void;
  /** Answers whether another GPU takes over. */
  readonly fail: (error: unknown, gpu: Gpu) => boolean;
  /** The page is in a background tab. */
  readonly isHidden: () => boolean;
}

/** Gives the function that makes a page's network on a GPU, and its runner. */
export function sessionMaker<
  S extends Settings,
  Data,
  T extends Trainee<Data>,
  C extends Calls,
  E extends Tells,
>(page: Serving<S, Data, T, C, E>, here: Surroundings<Data>) {
  return async (gpu: Gpu, renderer: PanelRenderer, { bytes, scratch }: Given): Promise<Session<Data, T>> => {
    const { post, look } = here;
    const values = here.values() as ValuesOf<S>;
    const url = page.trained?.(values);
    const isTrained = !bytes && url && values.start === 'trained' && values.play === '0';
    const coming = isTrained ? loadTrained(url) : undefined;
    coming?.catch(() => {}); // it is awaited below
    const trainee = await page.create({
      gpu,
      values,
      renderer,
      tell: (name, value, transfer) => post({ type: 'told', name, value }, transfer),
      look,
      fail: (error) => void here.fail(error, gpu),
    });
    const trained = await coming;
    if (trained) trainee.weights!.load(trained);
    const begin = once(async () => {
      await trainee.begin?.();
      const now = await trainee.save();
      await setAll(trainee, here.acts(), here.values());
      return scratch ?? (trained ? trainee.weights!.initial(now) : now);
    });
    const first = trained ?? (await begin());
    if (bytes) {
      await trainee.load(bytes);
      await setAll(trainee, here.acts(), here.values());
    }
    const runner = new Runner<Data, T>(trainee, here.source(), gpu.device, bytes ?? first, Boolean(trained), {
      post,
      begin: async () => void (await begin()),
      onFailure: (error) => here.fail(error, gpu),
      isHidden: here.isHidden,
      speed() {
        const { speed } = here.values();
        return speed === undefined || speed === 'full' ? undefined : Number(speed);
      },
    });
    post({ type: 'made', optimizer: trainee.optimizer, canTrained: url !== undefined });
    return { gpu, renderer, runner, begin, trained };
  };
}

/** What the page says counts, not what was saved with the weights, such as their learning rate. */
export async function setAll(
  trainee: Pick<Trainee<never>, 'set'>,
  acts: Readonly<Record<string, Acts>>,
  values: Values,
): Promise<void> {
  for (const [name, own] of Object.entries(acts)) {
    if (own === 'now' || own === 'restart') await trainee.set?.(name, values[name]);
  }
}

import { DeviceLostError, init } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { DCGAN_PRESETS } from '../../src/models/dcgan.ts';
import { loadDigits } from '../shared/loadDigits.ts';
import type { Palette } from '../shared/palette.ts';
import { errorMessage, pagePort } from '../shared/port.ts';
import { TileRenderer } from '../shared/tiles.ts';
import type { PanelLayout } from '../shared/tiles.ts';
import { Critic } from './critic.ts';
import type { Checkpoint, Wishes } from './hooks.ts';
import type { FromWorker, GanSettings, Recipes, ToWorker } from './protocol.ts';
import { Training } from './training.ts';

/** A CPU that plays a GPU trains on no more images per step, unless the address asks for it. */
const SOFTWARE_BATCH = 32;

const port = pagePort<ToWorker, FromWorker>();

/** What outlives the loss of a GPU. */
const panels = new Map<string, { canvas: OffscreenCanvas; layout: PanelLayout }>();
let data: MnistSet;
let palette: Palette;
const wishes: Wishes = { part: 'both', pace: 'full', noise: 0, watched: 0 };

/** One GPU and what was made on it. */
interface Session {
  readonly gpu: Gpu;
  readonly renderer: TileRenderer;
  readonly critic: Critic;
  training: Training;
}
let session: Session | undefined;

const opened = init().then((gpu) => {
  const { description, software } = gpu.device;
  port.post({ type: 'adapter', description, software });
  const recipes = Object.entries(DCGAN_PRESETS).map(([name, recipe]) => {
    const { description: text, parameters, learningRate, batchSize } = recipe;
    const size = software ? Math.min(SOFTWARE_BATCH, batchSize) : batchSize;
    return [name, { description: text, parameters, learningRate, batchSize: size }] as const;
  });
  port.post({ type: 'recipes', recipes: Object.fromEntries(recipes) as Recipes });
  return gpu;
});
opened.catch(report);

// One message at a time: `reset` takes several turns, and what follows it is meant for the new networks.
let queue = Promise.resolve();
port.listen((message) => {
  queue = queue.then(() => {
    const gpu = session?.gpu;
    return handle(message).catch((error) => fail(error, gpu));
  });
});

async function handle(message: ToWorker): Promise<void> {
  const training = session?.training;
  switch (message.type) {
    case 'start':
      return start(message);
    case 'play':
      return training?.play();
    case 'pause':
      return training?.pause();
    case 'step':
      return training?.step();
    case 'reset':
      return reset(message.training);
    case 'rates':
      return training?.setRates(message);
    case 'part':
      wishes.part = message.part;
      return;
    case 'pace':
      wishes.pace = message.pace;
      return training?.wake();
    case 'palette':
      palette = message.palette;
      if (session) session.renderer.palette = palette;
      return training?.redraw();
    case 'panel':
      panels.set(message.name, message);
      session?.renderer.add(message.name, message.canvas, message.layout);
      return training?.redraw(message.name);
    case 'layout':
      panels.get(message.name)!.layout = message.layout;
      session?.renderer.arrange(message.name, message.layout);
      return training?.redraw();
    case 'noise':
      wishes.noise = message.number;
      return training?.changeNoise();
    case 'watch':
      wishes.watched = message.index;
      return training?.watch();
    case 'walk':
      wishes.place = message.place;
      return training?.walk();
    case 'critic':
      // Not awaited: training goes on meanwhile, and so do the page's messages.
      if (session) void trainCritic(session);
      return;
  }
}

async function start({ training, data: settings, ...message }: Extract<ToWorker, { type: 'start' }>) {
  palette = message.palette;
  const gpu = await opened;
  data = await loadDigits(settings, message.dataUrl, ({ loaded, total }) =>
    port.post({ type: 'progress', what: 'Loading MNIST', part: loaded / total }),
  );
  const { train, notice } = data;
  port.post({ type: 'data', synthetic: train.synthetic, notice, trainSize: train.size });
  await open(gpu, training);
}

const hooksOf = (gpu: Gpu) => ({
  post: port.post,
  wishes,
  onFailure: (error: unknown) => void fail(error, gpu),
});

/** Sets everything up on a GPU: at the start, and again where one was lost. */
async function open(gpu: Gpu, settings: GanSettings, checkpoint?: Uint8Array): Promise<Session> {
  const renderer = new TileRenderer(gpu.device.gpu, palette);
  for (const [name, { canvas, layout }] of panels) renderer.add(name, canvas, layout);
  const critic = new Critic(gpu, data.train, port.post);
  const training = await Training.create(gpu, data, { renderer, critic }, settings, hooksOf(gpu), checkpoint);
  session = { gpu, renderer, critic, training };
  if (!gpu.device.software) void trainCritic(session);
  return session;
}

/** Trains the judge of digits beside the networks, and lets it say what it sees. */
async function trainCritic({ gpu, critic }: Pick<Session, 'gpu' | 'critic'>): Promise<void> {
  try {
    await critic.train();
    if (session?.critic === critic) await session.training.classify();
  } catch (error) {
    await fail(error, gpu);
  }
}

async function reset(settings: GanSettings): Promise<void> {
  if (!session) return;
  const { gpu, renderer, critic, training } = session;
  if (await training.restart(settings)) return;
  await training.destroy();
  session.training = await Training.create(gpu, data, { renderer, critic }, settings, hooksOf(gpu));
}

/** GPUs that were lost: what they still report is old news. */
const lost = new WeakSet<Gpu>();

/** A lost GPU is replaced once, from the last checkpoint; everything else is for the page to show. */
async function fail(error: unknown, gpu?: Gpu): Promise<void> {
  if (gpu && lost.has(gpu)) return;
  if (error instanceof DeviceLostError && gpu) {
    lost.add(gpu);
    const checkpoint = session?.gpu === gpu ? session.training.checkpoint : undefined;
    if (session?.gpu === gpu) session = undefined;
    if (checkpoint && error.reason !== 'destroyed') return recover(checkpoint, error).catch(report);
  }
  report(error);
}

async function recover(checkpoint: Checkpoint, error: DeviceLostError): Promise<void> {
  const { training } = await open(await init(), checkpoint.settings, checkpoint.bytes);
  port.post({ type: 'recovered', step: checkpoint.step, reason: error.reason });
  if (checkpoint.running) training.play();
}

function report(error: unknown): void {
  port.post(errorMessage(error));
}

import { DeviceLostError, init } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { MNIST_CNN_PRESETS } from '../../src/models/mnistCnn.ts';
import { loadDigits } from '../shared/loadDigits.ts';
import type { Palette } from '../shared/palette.ts';
import { errorMessage, pagePort } from '../shared/port.ts';
import { TileRenderer } from '../shared/tiles.ts';
import type { PanelLayout } from '../shared/tiles.ts';
import { LessonProgram } from './lessonProgram.ts';
import type { FromWorker, Recipes, ToWorker } from './protocol.ts';
import { Training } from './training.ts';
import type { Checkpoint } from './training.ts';

/** On a CPU that plays a GPU, so many test images are looked at unless the address asks for others. */
const SOFTWARE_TEST_SIZE = 1000;
const PIXELS = 28 * 28;

const port = pagePort<ToWorker, FromWorker>();

/** What outlives the loss of a GPU. */
const panels = new Map<string, { canvas: OffscreenCanvas; layout: PanelLayout }>();
let data: MnistSet;
let palette: Palette;
let chosen = new Uint32Array();

/** One GPU and what was made on it. */
interface Session {
  readonly gpu: Gpu;
  readonly renderer: TileRenderer;
  readonly testImages: GPUBuffer;
  training: Training;
  lesson?: Promise<LessonProgram>;
}
let session: Session | undefined;

const recipes = Object.entries(MNIST_CNN_PRESETS).map(
  ([name, { description, parameters, learningRate, batchSize, epochs }]) =>
    [name, { description, parameters, learningRate, batchSize, epochs }] as const,
);
port.post({ type: 'recipes', recipes: Object.fromEntries(recipes) as Recipes });

// One message at a time: `reset` takes several turns, and what follows it is meant for the new network.
let queue = Promise.resolve();
port.listen((message) => {
  queue = queue.then(() => handle(message)).catch(fail);
});

async function handle(message: ToWorker): Promise<void> {
  const training = session?.training;
  switch (message.type) {
    case 'start':
      palette = message.palette;
      return start(message);
    case 'play':
      return training?.play();
    case 'pause':
      return training?.pause();
    case 'step':
      return training?.step();
    case 'reset':
      return reset(message.training);
    case 'learningRate':
      if (training) training.learningRate = message.value;
      return;
    case 'palette':
      palette = message.palette;
      if (session) session.renderer.palette = palette;
      return training?.redraw();
    case 'panel':
      panels.set(message.name, message);
      return addPanel(message.name);
    case 'layout':
      panels.get(message.name)!.layout = message.layout;
      session?.renderer.arrange(message.name, message.layout);
      return training?.redraw();
    case 'look':
      return look(message.input);
    case 'grid':
      chosen = message.chosen as Uint32Array<ArrayBuffer>;
      showGrid();
      return training?.redraw();
    case 'lesson':
      if (!session) return;
      session.lesson ??= LessonProgram.create(session.gpu);
      return port.post(await (await session.lesson).run(message.image, message.filter));
  }
}

async function start({
  training,
  data: settings,
  dataUrl,
}: Extract<ToWorker, { type: 'start' }>): Promise<void> {
  const gpu = await init();
  const { description, software } = gpu.device;
  port.post({ type: 'adapter', description, software });
  const test = settings.test ?? (software ? SOFTWARE_TEST_SIZE : undefined);
  data = await loadDigits({ ...settings, test }, dataUrl, ({ loaded, total }) =>
    port.post({ type: 'progress', what: 'Loading MNIST', part: loaded / total }),
  );
  port.post({
    type: 'data',
    name: data.train.name,
    synthetic: data.train.synthetic,
    notice: data.notice,
    trainSize: data.train.size,
    testSize: data.test.size,
    labels: new Uint8Array(data.test.y.data),
  });
  await open(gpu, training);
}

/** Sets everything up on a GPU: at the start, and again where one was lost. */
async function open(gpu: Gpu, settings: Checkpoint['settings'], checkpoint?: Uint8Array): Promise<Session> {
  const renderer = new TileRenderer(gpu.device.gpu, palette);
  for (const [name, { canvas, layout }] of panels) renderer.add(name, canvas, layout);
  const pixels = data.test.x.data as Uint8Array<ArrayBuffer>;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const testImages = gpu.device.createBuffer('test images to draw', pixels.byteLength, usage);
  gpu.device.gpu.queue.writeBuffer(testImages, 0, pixels);
  const hooks = { post: port.post, onFailure: fail };
  const training = await Training.create(gpu, data, renderer, settings, hooks, checkpoint);
  session = { gpu, renderer, testImages, training };
  showGrid();
  return session;
}

async function reset(settings: Checkpoint['settings']): Promise<void> {
  if (!session) return;
  const { gpu, renderer, training } = session;
  if (await training.restart(settings)) return;
  await training.destroy();
  // The page makes new canvases for the layers of the new network.
  for (const name of [...panels.keys()].filter((panel) => panel.includes(':'))) {
    panels.delete(name);
    renderer.remove(name);
  }
  const hooks = { post: port.post, onFailure: fail };
  session.training = await Training.create(gpu, data, renderer, settings, hooks);
  await session.training.show(training.image);
}

function addPanel(name: string): Promise<void> | undefined {
  if (!session) return;
  const { canvas, layout } = panels.get(name)!;
  session.renderer.add(name, canvas, layout);
  if (name === 'grid') showGrid();
  return session.training.redraw(name);
}

function showGrid(): void {
  if (!session) return;
  const { renderer, testImages: buffer } = session;
  const bytes = { buffer, offset: 0, bytes: buffer.size };
  renderer.show('grid', { kind: 'images', bytes, width: 28, height: 28, chosen });
}

function look(input: number | Uint8Array): Promise<void> | undefined {
  if (typeof input !== 'number') return session?.training.show({ bytes: input });
  const index = Math.min(input, data.test.size - 1);
  const bytes = (data.test.x.data as Uint8Array).subarray(index * PIXELS, (index + 1) * PIXELS);
  return session?.training.show({ bytes, index });
}

/** A lost GPU is replaced once, from the last checkpoint; everything else is for the page to show. */
async function fail(error: unknown): Promise<void> {
  const failed = session;
  if (error instanceof DeviceLostError) {
    if (!failed) return;
    session = undefined; // further failures of the same GPU find nothing
    const checkpoint = failed.training.checkpoint;
    if (checkpoint && error.reason !== 'destroyed') return recover(failed, checkpoint, error).catch(report);
  }
  report(error);
}

async function recover(failed: Session, checkpoint: Checkpoint, error: DeviceLostError): Promise<void> {
  const { training } = await open(await init(), checkpoint.settings, checkpoint.bytes);
  await training.show(failed.training.image);
  port.post({ type: 'recovered', step: checkpoint.step, reason: error.reason });
  if (checkpoint.running) training.play();
}

function report(error: unknown): void {
  port.post(errorMessage(error));
}

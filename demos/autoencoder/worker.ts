import { DeviceLostError, init } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { AUTOENCODER_PRESETS } from '../../src/models/autoencoder.ts';
import { loadDigits } from '../shared/loadDigits.ts';
import { errorMessage, pagePort } from '../shared/port.ts';
import { ScatterRenderer } from '../shared/scatter.ts';
import { TileRenderer } from '../shared/tiles.ts';
import type { PanelLayout } from '../shared/tiles.ts';
import { MOST_AXES, SHOWN } from './protocol.ts';
import type { FromWorker, PagePalette, ToWorker, TrainingSettings, Wishes } from './protocol.ts';
import { Training } from './training.ts';
import type { Checkpoint } from './training.ts';
import type { Surroundings } from './views.ts';

/** On a CPU that plays a GPU, so many test images are looked at unless the address asks for others. */
const SOFTWARE_TEST_SIZE = 1000;

const port = pagePort<ToWorker, FromWorker>();

/** What outlives the loss of a GPU. */
const panels = new Map<string, { canvas: OffscreenCanvas; layout: PanelLayout }>();
let data: MnistSet;
let palette: PagePalette;
const wishes: Wishes = {
  pace: 'full',
  looks: {
    shown: new Uint32Array(SHOWN),
    pair: [0, 1],
    version: 'sigmoidBce',
    scores: new Float32Array(MOST_AXES),
  },
};

/** One GPU and what was made on it. */
interface Session {
  readonly around: Surroundings;
  training: Training;
}
let session: Session | undefined;

/** Faster than the classroom's, for there is someone who waits: a few hundred steps already tell the versions apart. */
const LEARNING_RATE = 4;

const { bottleneck, batchSize, epochs } = AUTOENCODER_PRESETS.classroom;
port.post({ type: 'recipe', recipe: { bottleneck, learningRate: LEARNING_RATE, batchSize, epochs } });

// One message at a time: `reset` takes several turns, and what follows it is meant for the new networks.
let queue = Promise.resolve();
port.listen((message) => {
  if (message.type === 'looks') wishes.looks = message.looks; // training itself looks at once
  queue = queue.then(() => handle(message)).catch(fail);
});

async function handle(message: ToWorker): Promise<void> {
  const training = session?.training;
  switch (message.type) {
    case 'start':
      palette = message.palette;
      wishes.pace = message.pace;
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
    case 'noise':
      return training?.setNoise(message.value);
    case 'pace':
      wishes.pace = message.pace;
      return training?.wake();
    case 'looks':
      // Of many that came while one was shown, only the last is left to show.
      return wishes.looks === message.looks ? training?.look() : undefined;
    case 'palette':
      palette = message.palette;
      if (!session) return;
      session.around.renderer.palette = palette;
      session.around.scatter.classes = palette.classes;
      return training?.look();
    case 'panel':
      panels.set(message.name, message);
      if (!session) return;
      addPanel(session.around, message.name);
      return training?.look(message.name);
    case 'layout':
      panels.get(message.name)!.layout = message.layout;
      if (message.name === 'map') session?.around.scatter.arrange(message.layout);
      else session?.around.renderer.arrange(message.name, message.layout);
      return training?.look();
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
async function open(gpu: Gpu, settings: TrainingSettings, checkpoint?: Uint8Array): Promise<void> {
  const renderer = new TileRenderer(gpu.device.gpu, palette);
  const scatter = new ScatterRenderer(gpu.device.gpu, palette.classes);
  const upload = (label: string, bytes: Uint8Array) => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
    whole.set(bytes);
    const buffer = gpu.device.createBuffer(label, whole.byteLength, usage);
    gpu.device.gpu.queue.writeBuffer(buffer, 0, whole);
    return buffer;
  };
  const { size, x, y } = data.test;
  const [bytes, labels] = [x.data as Uint8Array, y.data as Uint8Array];
  const pixels = { buffer: upload('test images', bytes), offset: 0, bytes: bytes.byteLength };
  const labelBuffer = upload('labels of the test images', labels);
  const one = upload('one', new Uint8Array(new Float32Array([1]).buffer));
  const around = { gpu, renderer, scatter, images: { pixels, labels, size, bytes, labelBuffer }, one };
  for (const name of panels.keys()) addPanel(around, name);
  const training = await Training.create(around, data, settings, hooks, checkpoint);
  session = { around, training };
}

function addPanel({ renderer, scatter }: Surroundings, name: string): void {
  const { canvas, layout } = panels.get(name)!;
  if (name === 'map') scatter.add(canvas, layout);
  else renderer.add(name, canvas, layout);
}

async function reset(settings: TrainingSettings): Promise<void> {
  if (!session) return;
  const { around, training } = session;
  if (await training.restart(settings)) return;
  await training.destroy();
  session.training = await Training.create(around, data, settings, hooks);
}

/** A lost GPU is replaced once, from the last checkpoint; everything else is for the page to show. */
async function fail(error: unknown): Promise<void> {
  const failed = session;
  if (error instanceof DeviceLostError) {
    if (!failed) return;
    session = undefined; // further failures of the same GPU find nothing
    const { checkpoint } = failed.training;
    if (checkpoint && error.reason !== 'destroyed') return recover(checkpoint, error).catch(report);
  }
  report(error);
}

async function recover(checkpoint: Checkpoint, error: DeviceLostError): Promise<void> {
  await open(await init(), checkpoint.settings, checkpoint.bytes);
  port.post({ type: 'recovered', step: checkpoint.step, reason: error.reason });
  if (checkpoint.running) session?.training.play();
}

function report(error: unknown): void {
  port.post(errorMessage(error));
}

const hooks = { post: port.post, onFailure: fail, wishes };

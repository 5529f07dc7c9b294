import { init } from '../../../src/index.ts';
import { PanelRenderer } from '../../drawing/renderer.ts';
import type { Palette } from '../../shared/palette.ts';
import { errorMessage, pagePort } from '../../shared/port.ts';
import { Lab } from './lab.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

const port = pagePort<ToWorker, FromWorker>();
let opened: ReturnType<typeof open> | undefined;
/** One message at a time; of several runs and edits that wait, only the last one is made. */
let last: Promise<unknown> = Promise.resolve();
let newest = -1;

async function open(palette: Palette) {
  const gpu = await init();
  const { description, software } = gpu.device;
  port.post({ type: 'adapter', description, software });
  const renderer = new PanelRenderer(gpu.device.gpu, palette);
  return { renderer, lab: new Lab(gpu, renderer) };
}

port.listen((message) => {
  if ('id' in message) newest = message.id;
  last = last.then(async () => {
    try {
      await handle(message);
    } catch (error) {
      const id = 'id' in message ? message.id : -1;
      port.post({ ...errorMessage(error), type: 'failure', id });
    }
  });
});

async function handle(message: ToWorker): Promise<void> {
  if ('id' in message && message.id < newest) throw new Error('Another run was asked for after this one.');
  if (message.type === 'palette') {
    if (!opened) return void (await (opened = open(message.palette)));
    const { renderer, lab } = await opened;
    renderer.palette = message.palette;
    return lab.draw();
  }
  const { renderer, lab } = await opened!;
  if (message.type === 'panel') {
    renderer.add(message.name, message.canvas, message.layout);
    lab.show(message.name);
  } else if (message.type === 'layout') {
    renderer.arrange(message.name, message.layout);
    lab.draw();
  } else {
    const answer = message.type === 'run' ? await lab.run(message.wanted) : await lab.edit(message.source);
    port.post({ type: 'answer', id: message.id, answer });
  }
}

import { byId } from '../../shared/dom.ts';
import { onSchemeChange, readPalette } from '../../shared/palette.ts';
import { workerPort } from '../../shared/port.ts';
import type { Port } from '../../shared/port.ts';
import type { Answer, FromWorker, ToWorker, Wanted } from './protocol.ts';

/** The worker with the GPU, which is opened when it is first needed. */
export interface Client {
  readonly port: Port<FromWorker, ToWorker>;
  run(wanted: Wanted): Promise<Answer>;
  edit(source: string): Promise<Answer>;
}

let client: Client | undefined;

export const gpuClient = (): Client => (client ??= create());

function create(): Client {
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    worker.terminate();
    client = undefined; // the next call begins anew
  };
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail(new Error(message)));
  port.listen((message) => {
    if (message.type === 'adapter') {
      byId('adapter').textContent = message.software
        ? `${message.description} (software)`
        : message.description;
      byId('adapter').classList.toggle('software', message.software);
      return;
    }
    const own = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'answer') return own?.resolve(message.answer);
    const error = Object.assign(new Error(message.message), { name: message.name });
    own?.reject(error);
    if (message.id < 0 || /Lost|Adapter/.test(message.name)) fail(error);
  });
  port.post({ type: 'palette', palette: readPalette() });
  onSchemeChange(() => client?.port === port && port.post({ type: 'palette', palette: readPalette() }));
  let count = 0;
  const ask = (make: (id: number) => ToWorker) =>
    new Promise<Answer>((resolve, reject) => {
      const id = count++;
      waiting.set(id, { resolve, reject });
      port.post(make(id));
    });
  return {
    port,
    run: (wanted) => ask((id) => ({ type: 'run', id, wanted })),
    edit: (source) => ask((id) => ({ type: 'edit', id, source })),
  };
}

import { bindShell } from '../../frame/page/shell.ts';
import { errorPanel, webgpuProblem } from '../../frame/page/missing.ts';
import { announce } from '../../shared/announce.ts';
import { byId, create, notice } from '../../shared/dom.ts';
import { workerPort } from '../../shared/port.ts';
import { showKernels } from './kernelList.ts';
import type { Calls, Computer, FromWorker, ToWorker } from './protocol.ts';

/** Calls a function of the lesson's worker; the page shows its errors, and such a call never settles. */
export type Call<C extends Calls> = <K extends keyof C & string>(
  name: K,
  ...args: Parameters<C[K]>
) => Promise<Awaited<ReturnType<C[K]>>>;

/**
 * Runs the page of the lesson of this name: `run` gets the worker's functions at once and draws what needs no numbers.
 * Calls are answered as soon as the lesson's programs are compiled.
 */
export function lesson<C extends Calls>(name: string, run: (call: Call<C>) => void): void {
  bindShell();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });
  const waiting = new Map<number, (value: never) => void>();
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail('Error', message));
  const call = ((name: string, ...args: unknown[]) =>
    new Promise((resolve) => {
      const id = count++;
      waiting.set(id, resolve);
      port.post({ type: 'call', id, name, args });
    })) as Call<C>;
  let count = 0;
  port.post({ type: 'open', without: webgpuProblem() });

  port.listen((message) => {
    if (message.type === 'error') return fail(message.name, message.message);
    if (message.type === 'answer') {
      waiting.get(message.id)?.(message.value as never);
      waiting.delete(message.id);
      return;
    }
    showComputer(message.computer);
    if (message.lost !== undefined) {
      const what = message.computer.without ? 'JavaScript on the CPU' : 'a new one';
      say(`The GPU was lost (${message.lost}). The lesson continues with ${what}, from the same numbers.`);
    } else if (message.computer.without) {
      say(`No WebGPU here, so the same kernels run as JavaScript on your CPU. ${message.computer.without}`);
    }
    showKernels(message.kernels, message.dispatches);
  });
  run(call);
  document.body.dataset.awake = ''; // the knobs are those of the address now

  function fail(name: string, message: string): void {
    if (document.body.dataset.state === 'failed') return; // later errors are consequences of the first
    worker.terminate();
    document.body.dataset.state = 'failed';
    const again = create('button', { type: 'button', className: 'primary' }, 'Load the page again');
    again.addEventListener('click', () => location.reload());
    byId('live').prepend(errorPanel(name, message, [again]));
  }
}

function showComputer({ description, software, without }: Computer): void {
  byId('adapter').textContent = software && !without ? `${description} (software)` : description;
  byId('adapter').classList.toggle('software', software);
}

function say(text: string): void {
  byId('notices').replaceChildren(notice(text, 'warning'));
  announce(text);
}

/** Marks the page as ready: the figure shows numbers. */
export function ready(): void {
  document.body.dataset.state = 'ready';
}

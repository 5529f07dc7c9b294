import { bindShell } from '../../frame/page/shell.ts';
import { byId, create } from '../../shared/dom.ts';
import { errorPanel, missingWebGpu, webgpuProblem } from '../../frame/page/missing.ts';
import { workerPort } from '../../shared/port.ts';
import { showKernels } from './kernelList.ts';
import type { Calls, FromWorker, ToWorker } from './protocol.ts';

/** Calls a function of the lesson's worker; the page shows its errors, and such a call never settles. */
export type Call<C extends Calls> = <K extends keyof C & string>(
  name: K,
  ...args: Parameters<C[K]>
) => Promise<Awaited<ReturnType<C[K]>>>;

/**
 * Runs a lesson's page: `run` is called with the worker's functions as soon as its programs are compiled. Without
 * WebGPU the text stays, and a notice replaces the figure.
 */
export function lesson<C extends Calls>(start: () => Worker, run: (call: Call<C>) => void): void {
  bindShell();
  const problem = webgpuProblem();
  if (problem) return giveUp(problem);
  const worker = start();
  const waiting = new Map<number, (value: never) => void>();
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail('Error', message));
  const call = ((name: string, ...args: unknown[]) =>
    new Promise((resolve) => {
      const id = count++;
      waiting.set(id, resolve);
      port.post({ id, name, args });
    })) as Call<C>;
  let count = 0;

  port.listen((message) => {
    if (message.type === 'error') return fail(message.name, message.message);
    if (message.type === 'answer') {
      waiting.get(message.id)?.(message.value as never);
      waiting.delete(message.id);
      return;
    }
    const { description, software } = message.adapter;
    byId('adapter').textContent = software ? `${description} (software)` : description;
    byId('adapter').classList.toggle('software', software);
    showKernels(message.kernels, message.dispatches);
    run(call);
  });

  function fail(name: string, message: string): void {
    if (document.body.dataset.state === 'failed') return; // later errors are consequences of the first
    worker.terminate();
    if (name === 'AdapterError') return giveUp(message);
    document.body.dataset.state = 'failed';
    const again = create('button', { type: 'button', className: 'primary' }, 'Load the page again');
    again.addEventListener('click', () => location.reload());
    byId('live').prepend(errorPanel(name, message, [again]));
  }
}

function giveUp(reason: string): void {
  document.body.dataset.state = 'missing';
  byId('live').replaceChildren(missingWebGpu(reason));
  byId('adapter').textContent = 'no WebGPU';
  byId('adapter').classList.add('software');
}

/** Marks the page as ready: the figure shows numbers from the GPU. */
export function ready(): void {
  document.body.dataset.state = 'ready';
}

import type { DataFacts } from '../protocol.ts';
import { byId, count, create, notice } from '../../shared/dom.ts';
import { errorPanel, webgpuProblem } from './missing.ts';
import { showNotice } from './notices.ts';

/** Runs a page's live part, or says what to do without WebGPU. */
export function runLive(run: () => void, giveUp: (reason: string) => unknown = replaceLive): void {
  // The controls act as they are changed: Enter in one of them must not load the page again. (Here and not in the HTML: a
  // strict content security policy forbids handlers there.)
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  const problem = webgpuProblem();
  if (problem) giveUp(problem);
  else run();
}

async function replaceLive(reason: string): Promise<void> {
  const { missingWebGpu } = await import('./advice.ts');
  byId('live').replaceWith(missingWebGpu(reason));
  byId('adapter').textContent = 'no WebGPU';
  byId('adapter').classList.add('software');
  for (const link of document.querySelectorAll('.hero .lede a')) link.replaceWith(link.textContent);
}

export interface FailureOptions {
  readonly worker: Worker;
  /** The label of the button that starts again, and its action. */
  readonly resetLabel: string;
  readonly reset: () => void;
  /** Called with each message shown: to stop the controls, and to say so. */
  readonly onFailure: (message: string) => void;
  /** Shows the page without WebGPU. */
  readonly giveUp: (reason: string) => unknown;
}

/** Shows what went wrong where the page's notices are, with a way to continue; without an adapter, what to do about it. */
export function createFailures(options: FailureOptions): (name: string, message: string) => void {
  let panel: HTMLElement | undefined;
  const reset = create('button', { type: 'button', className: 'primary' }, options.resetLabel);
  reset.addEventListener('click', () => {
    panel?.remove();
    options.reset();
  });
  const reload = create('button', { type: 'button' }, 'Load the page again');
  reload.addEventListener('click', () => location.reload());

  return (name, message) => {
    if (name === 'AdapterError') {
      options.worker.terminate();
      return options.giveUp(message);
    }
    panel?.remove();
    panel = errorPanel(name, message, name === 'NumericError' ? [reset, reload] : [reload]);
    showNotice(panel);
    options.onFailure(message);
  };
}

/** Says that training went on after the GPU was lost. */
export function showRecovered({ step, reason }: { step: number; reason: string }): void {
  const what =
    step > 0 ? `Training continues on a new one, from step ${count(step)}` : 'A new one was opened';
  showNotice(notice(`The GPU was lost (${reason}). ${what}.`, 'warning'));
}

/** Says of what the address asked for and cannot have. */
export function showRefused(sentences: readonly string[]): void {
  byId('notices').append(...sentences.map((text) => notice(text, 'warning')));
}

let missing: HTMLElement | undefined;

/** Says that something did not load which the page can do without: once, however often it is asked for. */
export function showMissing(text: string): void {
  missing?.remove();
  missing = notice(text, 'warning');
  showNotice(missing);
}

let dataNotice: HTMLElement | undefined;
let dataText: string | undefined;

/** Says where the data are others than one would expect. */
export function showData({ notice: text, synthetic = false }: DataFacts): void {
  if (text !== dataText) {
    dataText = text;
    dataNotice?.remove();
    dataNotice = text === undefined ? undefined : notice(text, 'warning');
    if (dataNotice) showNotice(dataNotice);
  }
  document.body.dataset.synthetic = String(synthetic); // the panels may be seen now
}

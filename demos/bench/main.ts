import { formatMachine } from '../../bench/report/machine.ts';
import { digits } from '../../bench/report/markdown.ts';
import type { Ceilings, KernelResult, Machine, PeerResult } from '../../bench/report/schema.ts';
import { showAdapter } from '../frame/page/adapter.ts';
import { announce } from '../shared/announce.ts';
import { byId, create, notice } from '../shared/dom.ts';
import { runLive, showRefused } from '../frame/page/live.ts';
import { errorPanel } from '../frame/page/missing.ts';
import { bindShell } from '../frame/page/shell.ts';
import { workerPort } from '../shared/port.ts';
import { drawRoofline } from '../widgets/roofline.ts';
import type { Dot } from '../widgets/roofline.ts';
import { showDetail } from './detail.ts';
import { comparisonOf, jsonOf, markdownOf } from './keep.ts';
import { drawLadder } from './ladder.ts';
import type { KernelMessage, Settings } from './protocol.ts';
import { race } from './race.ts';
import { loadRecorded, showProvenance, showSource } from './recorded.ts';
import { addressOf, keepAddress, readSettings, showAddress } from './settings.ts';
import { drawKernels, drawPeers } from './tables.ts';

/** What the run under way has found so far. */
const found: {
  machine?: Machine;
  ceilings?: Ceilings;
  kernels: KernelResult[];
  peers: readonly PeerResult[];
  warnings: string[];
} = { kernels: [], peers: [], warnings: [] };
/** What the roofline and its table show: a recorded run, until there is one of this machine. */
let roof: { readonly ceilings: Ceilings; readonly results: readonly KernelResult[] } | undefined;
let selected: KernelResult | undefined;
let running: AbortController | undefined;

bindShell();
runLive(() => {
  showAddress(location.search);
  byId('controls').addEventListener('change', keepAddress);
  byId('run').addEventListener('click', () => (running ? running.abort() : void start()));
  byId('copy').addEventListener('click', () => void copy());
  byId('download').addEventListener('click', download);
  byId('compare').addEventListener('change', () => void compareWithFile());
  byId('adapter').textContent = 'WebGPU';
  const { asked, refused } = addressOf(location.search);
  showRefused(refused);
  if (asked.play === '1') void start();
  else void showRecorded();
});

const ofSquares = ({ models }: KernelResult) => models.includes('squares');

/** Fills the page with a run of another machine, so that there is something to read before the reader's own. */
async function showRecorded(): Promise<void> {
  try {
    const { kernels, peers } = await loadRecorded();
    if (running || found.machine) return;
    const { ceilings, results } = kernels;
    roof = { ceilings, results: results.filter((result) => result.chosen && !ofSquares(result)) };
    drawAll();
    drawLadder(
      byId('ladder'),
      ceilings,
      results.filter((result) => ofSquares(result) && result.pass === 'forward'),
    );
    drawPeers(byId('peers'), peers.results);
    showProvenance(kernels);
    showSource('roofline', kernels);
    showSource('ladder', kernels);
    showSource('peers', peers);
  } catch (error) {
    byId('notices').append(notice(`There is no recorded run to show: ${(error as Error).message}`));
  }
}

async function start(): Promise<void> {
  const settings = readSettings(location.search);
  running = new AbortController();
  const { signal } = running;
  Object.assign(found, { kernels: [], peers: [], warnings: [], machine: undefined, ceilings: undefined });
  selected = undefined;
  byId('notices').replaceChildren();
  showRefused(addressOf(location.search).refused);
  byId('peers-note').textContent = '';
  byId('detail').hidden = true;
  setRunning(true);
  say('Opening the GPU', 0);
  const before = performance.now();
  try {
    await runKernelWorker(settings, signal);
    if (settings.peers && settings.models.length > 0) await race(settings, raceEvents(settings), signal);
    const seconds = Math.round((performance.now() - before) / 1000);
    say(signal.aborted ? 'Stopped.' : `Done in ${seconds} seconds: ${found.kernels.length} kernels.`, 1);
  } catch (error) {
    if (signal.aborted) say('Stopped.', 1);
    else fail(error as Error);
  }
  running = undefined;
  setRunning(false);
  announce(byId('status').textContent);
}

function setRunning(on: boolean): void {
  byId('run').textContent = on ? 'Stop' : 'Run';
  document.body.dataset.state = on ? 'running' : 'done';
  const nothing = found.kernels.length === 0;
  for (const id of ['copy', 'download']) byId<HTMLButtonElement>(id).disabled = on || nothing;
}

/** Reports what is running, and how far it is. */
function say(text: string, share: number): void {
  byId('status').textContent = text;
  byId<HTMLProgressElement>('progress').value = share;
}

function fail(error: Error): void {
  say('The run ended with an error.', 1);
  byId('notices').append(errorPanel(error.name, error.message, []));
}

/** The kernels, in a worker of their own; takes the first half of the progress bar if peers follow. */
function runKernelWorker(settings: Settings, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL('./kernelWorker.ts', import.meta.url), { type: 'module' });
  const part = settings.peers ? 0.5 : 1;
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')));
    const port = workerPort<KernelMessage, Settings>(worker, (message) => reject(new Error(message)));
    port.listen((message) => {
      if (message.type === 'machine') showMachine(message.machine, message.description);
      else if (message.type === 'ceilings') found.ceilings = { gflops: message.gflops, gbs: message.gbs };
      else if (message.type === 'progress') say(message.text, part * message.share);
      else if (message.type === 'result') addKernel(message.result);
      else if (message.type === 'error')
        reject(Object.assign(new Error(message.message), { name: message.name }));
      else {
        found.warnings.push(...message.failures, ...message.warnings);
        for (const text of found.warnings) byId('notices').append(notice(text, 'warning'));
        resolve();
      }
    });
    port.post(settings);
  }).finally(() => worker.terminate());
}

function showMachine(machine: Machine, description: string): void {
  found.machine = machine;
  showAdapter({ description, software: machine.software });
  const lines = formatMachine(machine).split('\n');
  byId('machine').replaceChildren(...lines.map((line) => create('li', {}, line.replace(/^- /, ''))));
}

function addKernel(result: KernelResult): void {
  found.kernels.push(result);
  const ceilings = found.ceilings!;
  if (ofSquares(result)) {
    showSource('ladder');
    drawLadder(byId('ladder'), ceilings, found.kernels.filter(ofSquares));
    return;
  }
  showSource('roofline');
  roof = { ceilings, results: found.kernels.filter((own) => !ofSquares(own)) };
  drawAll();
}

/** The roofline and the table: what the models compute. */
function drawAll(): void {
  const { ceilings, results } = roof!;
  drawRoofline(byId('roofline'), ceilings, results.map(dotOf));
  drawKernels(byId('kernels'), results, selected, choose);
}

function choose(result: KernelResult): void {
  const rows = byId('kernels').parentElement!;
  const top = rows.scrollTop;
  const focused = document.activeElement?.closest('#kernels') !== null;
  selected = result;
  drawAll();
  rows.scrollTop = top;
  if (focused)
    byId('kernels').querySelector<HTMLElement>('[aria-pressed="true"]')?.focus({ preventScroll: true });
  void showDetail(result);
}

function raceEvents({ ladder, models }: Settings) {
  const part = ladder || models.length > 0 ? 0.5 : 0;
  return {
    progress: (text: string, share: number) => say(text, part + (1 - part) * share),
    results(results: readonly PeerResult[]) {
      found.peers = results;
      showSource('peers');
      drawPeers(byId('peers'), results);
    },
    note(text: string) {
      found.warnings.push(text);
      byId('peers-note').append(`${text} `);
    },
  };
}

/** The run, where there is one to keep. */
function kept() {
  const { machine, ceilings, ...rest } = found;
  return machine && ceilings ? { machine, ceilings, ...rest } : undefined;
}

async function copy(): Promise<void> {
  const run = kept();
  if (!run) return;
  const text = markdownOf(run);
  try {
    await navigator.clipboard.writeText(text);
    byId('copy').textContent = 'Copied';
    announce('The tables are in the clipboard.');
  } catch {
    // Not allowed to: there to be copied by hand.
    byId('comparison').replaceChildren(create('pre', {}, text));
  }
}

function download(): void {
  const run = kept();
  if (!run) return;
  const address = URL.createObjectURL(new Blob([jsonOf(run)], { type: 'application/json' }));
  const date = run.machine.date.slice(0, 10);
  create('a', { href: address, download: `wgrad-bench-${date}.json` }).click();
  URL.revokeObjectURL(address);
}

async function compareWithFile(): Promise<void> {
  const [file] = byId<HTMLInputElement>('compare').files ?? [];
  if (!file) return;
  const run = kept();
  const text = run ? comparisonOrProblem(run, await file.text(), file.name) : 'Run the benchmark first.';
  byId('comparison').replaceChildren(create('pre', {}, text));
}

function comparisonOrProblem(run: NonNullable<ReturnType<typeof kept>>, text: string, name: string): string {
  try {
    return comparisonOf(run, text, name);
  } catch (error) {
    return (error as Error).message;
  }
}

const kindOf = ({ op }: KernelResult) =>
  op.startsWith('conv') ? 'conv' : op === 'matmul' ? 'matmul' : 'other';

const dotOf = (result: KernelResult): Dot => ({
  ...result,
  kind: kindOf(result),
  title: `${result.op} ${result.shapes}: ${digits(result.gflops)} GFLOP/s`,
  chosen: result === selected,
  choose: () => choose(result),
});

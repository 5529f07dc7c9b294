import { provenance } from '../../bench/report/peerTables.ts';
import { parseReport } from '../../bench/report/schema.ts';
import type { KernelReport, PeerReport, Report } from '../../bench/report/schema.ts';
import { byId, create } from '../shared/dom.ts';

/** What the page shows until the reader's own machine has been measured: the runs behind the tables of the READMEs. */
export interface Recorded {
  readonly kernels: KernelReport;
  readonly peers: PeerReport;
}

export async function loadRecorded(): Promise<Recorded> {
  const [kernels, peers] = await Promise.all([
    load(new URL('../../bench/results/kernels.json', import.meta.url)),
    load(new URL('../../bench/results/peers.json', import.meta.url)),
  ]);
  return { kernels: kernels as KernelReport, peers: withoutBusyLoop(peers as PeerReport) };
}

async function load(url: URL): Promise<Report> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: ${answer.status} ${answer.statusText}`);
  return parseReport(await answer.text(), url.pathname);
}

/**
 * Node's WebGPU waits in a busy loop, which costs frameworks half of their speed and which browsers do not have: what was
 * measured without it says more to readers of a page.
 */
export function withoutBusyLoop(report: PeerReport): PeerReport {
  return { ...report, results: report.results.filter(({ asleep }) => asleep) };
}

/** Parts of the page, each of which says where its figures come from. */
export type Part = 'roofline' | 'ladder' | 'peers';

/** Says beside the heading of a part that its figures are recorded ones; without a report, that they are the reader's own. */
export function showSource(part: Part, recorded?: Report): void {
  const source = byId(`${part}-source`);
  source.textContent = recorded ? `recorded ${recorded.date.slice(0, 10)}` : 'measured here';
  source.classList.toggle('recorded', recorded !== undefined);
  for (const note of document.querySelectorAll<HTMLElement>(`[data-recorded="${part}"]`)) {
    note.hidden = !recorded;
  }
}

/** Says whose figures they are that the page begins with. */
export function showProvenance(report: Report): void {
  const text = `What you see below was recorded. ${provenance(report)} Press Run to measure your own GPU.`;
  byId('machine').replaceChildren(create('li', {}, text));
}

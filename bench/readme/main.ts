/**
 * Writes the tables of README.md and bench/README.md out of the JSON of runs, between the markers that are there.
 *
 *     npm run bench -- readme FILE.json …
 *
 * A report of `peers` goes to README.md, one of `kernels` to bench/README.md, as do both of SwiftShader. A report of the GPT
 * alone has a table of its own in README.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { replaceBlock } from '../report/block.ts';
import { kernelTables } from '../report/kernelTables.ts';
import { peerTables } from '../report/peerTables.ts';
import { parseReport } from '../report/schema.ts';
import type { KernelReport, PeerReport, PeerResult, Report } from '../report/schema.ts';

/** Where the tables of each command stand, from the top of the project, and what they are. */
export const TABLES: Readonly<Record<string, { file: string; write: (report: Report) => string }>> = {
  peers: { file: 'README.md', write: (report) => peerTables(report as PeerReport) },
  'peers-gpt': { file: 'README.md', write: (report) => peerTables(report as PeerReport) },
  kernels: { file: 'bench/README.md', write: (report) => kernelTables(report as KernelReport) },
  'peers-swiftshader': { file: 'bench/README.md', write: (report) => peerTables(report as PeerReport) },
  'kernels-swiftshader': { file: 'bench/README.md', write: (report) => kernelTables(report as KernelReport) },
};

/** The table that a report belongs to: SwiftShader's stand beside those of the adapter that is usual. */
export function tableOf({
  command,
  device,
  results,
}: Pick<Report, 'command' | 'device' | 'results'>): string {
  if (/swiftshader/i.test(device)) return `${command}-swiftshader`;
  const ofText = results.length > 0 && results.every((own) => (own as Partial<PeerResult>).what === 'gpt');
  return ofText ? `${command}-gpt` : command;
}

export async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) throw new Error('name the JSON of a run, which --json FILE writes');
  for (const from of args) {
    const report = parseReport(readFileSync(from, 'utf8'), from);
    const name = tableOf(report);
    const table = TABLES[name];
    if (!table) throw new Error(`${from}: is a report of "${report.command}", for which there are no tables`);
    const file = new URL(`../../${table.file}`, import.meta.url);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, replaceBlock(text, name, table.write(report), table.file));
    console.log(`Wrote the tables of ${name} in ${table.file}.`);
  }
  return 0;
}

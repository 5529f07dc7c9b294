import { formatCeilings, formatKernels } from '../../bench/kernels/report.ts';
import { formatModel } from '../../bench/peers/report.ts';
import { compare, formatChanges, mismatch } from '../../bench/report/compare.ts';
import { formatMachine } from '../../bench/report/machine.ts';
import { formatReport, parseReport, SCHEMA } from '../../bench/report/schema.ts';
import type { Ceilings, KernelResult, Machine, PeerResult, Report } from '../../bench/report/schema.ts';

/** All that a run has found. */
export interface Found {
  readonly machine: Machine;
  readonly ceilings: Ceilings;
  readonly kernels: readonly KernelResult[];
  readonly peers: readonly PeerResult[];
  readonly warnings: readonly string[];
}

const THRESHOLD = 0.1;

/** The run as the file that `npm run bench` writes too. */
function reportOf({ machine, ceilings, kernels, peers, warnings }: Found): Report {
  const report = {
    schema: SCHEMA,
    command: 'page',
    ...machine,
    warnings,
    ceilings,
    results: [...kernels, ...peers],
  };
  return report as Report;
}

export function jsonOf(found: Found): string {
  return formatReport(reportOf(found));
}

export function markdownOf({ machine, ceilings, kernels, peers, warnings }: Found): string {
  const models = [...new Set(peers.map(({ what }) => what))];
  const parts = [
    formatMachine(machine),
    formatCeilings(ceilings),
    formatKernels(kernels),
    ...models.map((model) => formatModel(model, peers)),
    ...warnings,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** This run compared with an older file, as text. @throws Error where the file is not a run */
export function comparisonOf(found: Found, text: string, name: string): string {
  const [before, after] = [parseReport(text, name), reportOf(found)];
  const problem = mismatch({ ...before, command: after.command }, after);
  const changes = formatChanges(compare(before, after, THRESHOLD), THRESHOLD);
  return problem ? `Note: ${problem}.\n\n${changes}` : changes;
}

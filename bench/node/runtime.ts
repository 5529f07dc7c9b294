import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, formatChanges, mismatch } from '../report/compare.ts';
import { formatReport, parseReport } from '../report/schema.ts';
import type { Report } from '../report/schema.ts';

/** `Node 20.19.0, linux x64, 2 × AMD EPYC` */
export function runtimeName(): string {
  const cores = cpus();
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cores.length} × ${cores[0]?.model.trim() ?? 'CPU'}`;
}

/** Of the checkout; `+` at the end: with changes that are not committed. `unknown` outside of git. */
export function commitName(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? '+' : '');
  } catch {
    return 'unknown';
  }
}

/** CPU seconds of the process so far, the driver's threads included. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The share by which a median must be slower to count. */
function thresholdOf(text: string): number {
  const value = Number(text.replace(/%$/, '')) / 100;
  if (text.trim() === '' || !(value >= 0)) {
    throw new Error(`--threshold is "${text}"; it must be a percentage such as 10`);
  }
  return value;
}

/** What to do with a report. */
interface Destination {
  readonly json?: string;
  readonly threshold: number;
  readonly compared?: { readonly file: string; readonly before: Report };
}

/** Reads the options, and the older report, before anything is measured. */
export function destinationOf(options: {
  readonly json?: string;
  readonly compare?: string;
  readonly threshold: string;
}): Destination {
  const { json, compare: file } = options;
  const threshold = thresholdOf(options.threshold);
  if (file === undefined) return { json, threshold };
  return { json, threshold, compared: { file, before: parseReport(readFileSync(file, 'utf8'), file) } };
}

/** Writes the report where wanted and compares it with an older one: 1 where something is slower, else 0. */
export function finish(report: Report, { json, threshold, compared }: Destination): number {
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(json, formatReport(report));
    console.log(`\nWrote ${json}.`);
  }
  if (!compared) return 0;
  const { file, before } = compared;
  const problem = mismatch(before, report);
  if (problem) console.log(`\nNote: ${problem}; the comparison says little.`);
  const changes = compare(before, report, threshold);
  console.log(`\nAgainst ${file} (${before.commit}):\n\n${formatChanges(changes, threshold)}`);
  return changes.some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}

/** The options that every command has for its report. */
export const reportOptions = {
  json: { type: 'string' },
  compare: { type: 'string' },
  threshold: { type: 'string', default: '10' },
} as const;

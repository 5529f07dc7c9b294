import { join, relative, resolve } from 'node:path';
import { lossSvg } from '../../io/lossSvg.ts';
import type { LossSeries } from '../../io/lossSvg.ts';
import { ensureWritableFolder, readFileIfExists, writeFileAtomic } from '../files.ts';
import type { Values } from './trainee.ts';

/** The folder of a run's results. */
export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws EnvironmentError if it cannot be written */
  static async open(path: string): Promise<RunFolder> {
    await ensureWritableFolder(path);
    return new RunFolder(path);
  }

  /** As short as it can be written on a command line. */
  pathOf(name: string): string {
    const path = resolve(this.path, name);
    const short = relative('.', path);
    return short.startsWith('..') ? path : short;
  }

  write(name: string, content: Uint8Array | string): Promise<void> {
    return writeFileAtomic(join(this.path, name), content);
  }
}

/** The content of history.json. */
export interface RunHistory {
  readonly model: string;
  readonly preset: string;
  readonly dataset: string;
  readonly synthetic: boolean;
  readonly adapter: string;
  readonly seed: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly parameters: number;
  readonly stopped: 'running' | 'finished' | 'interrupted';
  readonly test?: Readonly<Record<string, number>>;
  readonly epochs: readonly Values[];
  readonly steps: readonly Values[];
}

/** One entry per line, so that the file can be read, compared and searched. */
export function encodeHistory({ epochs, steps, ...facts }: RunHistory): string {
  const lines = (entries: readonly object[]) =>
    entries.length === 0
      ? '[]'
      : `[\n    ${entries.map((entry) => JSON.stringify(entry)).join(',\n    ')}\n  ]`;
  const head = JSON.stringify(facts, undefined, 2).replace(/\n\}$/, '');
  return `${head},\n  "epochs": ${lines(epochs)},\n  "steps": ${lines(steps)}\n}\n`;
}

/**
 * What the history beside a checkpoint tells of the steps before `step`; nothing if there is no such file, or none
 * that can be used: a chart of a part of the run is better than no run.
 */
export async function readEarlierHistory(
  checkpoint: string,
  step: number,
): Promise<Pick<RunHistory, 'epochs' | 'steps'>> {
  try {
    const bytes = await readFileIfExists(resolve(checkpoint, '..', 'history.json'));
    const history = JSON.parse(new TextDecoder().decode(bytes)) as RunHistory;
    return {
      epochs: history.epochs.filter((entry) => entry.step <= step),
      steps: history.steps.filter((entry) => entry.step < step),
    };
  } catch {
    return { epochs: [], steps: [] };
  }
}

/** The chart: losses on the left axis, accuracies on the right; validation values at the ends of the epochs. */
export function historySvg(history: RunHistory): string {
  const { model, preset, dataset, epochs, steps } = history;
  const names = Object.keys(steps[0] ?? {}).filter((name) => name !== 'epoch' && name !== 'step');
  const series = names.flatMap((name): LossSeries[] => {
    const axis = /accuracy$/i.test(name) ? 'right' : 'left';
    const trained: LossSeries = { name, axis, points: steps.map((entry) => [entry.step + 1, entry[name]]) };
    const key = `validation${name[0].toUpperCase()}${name.slice(1)}`;
    const validated = epochs.filter((entry) => entry[key] !== undefined);
    if (validated.length === 0) return [trained];
    const points = validated.map((entry) => [entry.step, entry[key]] as const);
    return [trained, { name: `validation ${name}`, axis, points }];
  });
  return lossSvg({ title: `${model} ${preset} on ${dataset}`, subtitle: history.adapter, series });
}

import { resolve } from 'node:path';
import { lineChartSvg } from '../../io/lineChart.ts';
import type { LineSeries } from '../../io/lineChart.ts';
import { WgradError } from '../../errors.ts';
import { readFileIfExists } from '../files.ts';
import { HISTORY } from './runFolder.ts';
import type { Values } from './trainee.ts';

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
  readonly stopped: 'running' | 'finished' | 'interrupted' | 'failed';
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

/** The history of the steps before those of a continued run. */
export interface EarlierHistory {
  readonly epochs: readonly Values[];
  readonly steps: readonly Values[];
  /** Why it is incomplete; undefined if it is complete. */
  readonly gap: string | undefined;
}

/**
 * The history of the steps before `step`, from the file beside a checkpoint. A missing or unusable history does not stop
 * the run: the entries that exist count, and `gap` says what is wrong.
 *
 * @param run what the history must be of
 */
export async function readEarlierHistory(
  checkpoint: string,
  step: number,
  run: Pick<RunHistory, 'model' | 'preset' | 'seed'>,
): Promise<EarlierHistory> {
  const path = resolve(checkpoint, '..', HISTORY);
  const none = (gap: string) => ({ epochs: [], steps: [], gap });
  let history: RunHistory;
  try {
    const bytes = await readFileIfExists(path);
    if (!bytes) return none(`There is no ${path}`);
    history = JSON.parse(new TextDecoder().decode(bytes)) as RunHistory;
    if (!history.steps.every(isEntry) || !history.epochs.every(isEntry)) return none(`${path} is damaged`);
  } catch (error) {
    return none(error instanceof WgradError ? error.message : `${path} is damaged`);
  }
  const { model, preset, seed } = history;
  if (model !== run.model || preset !== run.preset || seed !== run.seed)
    return none(`${path} is of another run`);
  const steps = history.steps.filter((entry) => entry.step < step);
  const complete = steps.length === step && steps.every((entry, i) => entry.step === i);
  return {
    epochs: history.epochs.filter((entry) => entry.step <= step),
    steps,
    gap: complete ? undefined : `${path} does not cover all earlier steps`,
  };
}

const isEntry = (entry: Values | null): boolean =>
  entry !== null && Object.values(entry).every((value) => typeof value === 'number' || value === null);

/** The chart: losses on the left axis, accuracies on the right; validation values at the ends of the epochs. */
export function historySvg(history: RunHistory): string {
  const { model, preset, dataset, epochs, steps } = history;
  const names = Object.keys(steps[0] ?? {}).filter((name) => name !== 'epoch' && name !== 'step');
  const series = names.flatMap((name): LineSeries[] => {
    const axis = /accuracy$/i.test(name) ? 'right' : 'left';
    const trained: LineSeries = { name, axis, points: steps.map((entry) => [entry.step + 1, entry[name]]) };
    const key = `validation${name[0].toUpperCase()}${name.slice(1)}`;
    const validated = epochs.filter((entry) => entry[key] !== undefined);
    if (validated.length === 0) return [trained];
    const points = validated.map((entry) => [entry.step, entry[key]] as const);
    return [trained, { name: `validation ${name}`, axis, points }];
  });
  return lineChartSvg({ title: `${model} ${preset} on ${dataset}`, subtitle: history.adapter, series });
}

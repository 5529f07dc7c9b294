import { digits, markdownTable } from './markdown.ts';
import type { Machine, Measure, PeerReport, PeerResult } from './schema.ts';

/** The models as they are called in a table. */
const NAMES: Readonly<Record<string, string>> = {
  quick: 'small CNN (8@5×5, 16@5×5, dense 10)',
  keras: 'Keras’s MNIST CNN (32@3×3, 64@3×3, dense 10)',
  autoencoder: 'autoencoder 784-128-64-128-784',
  dcgan: 'DCGAN of width 16, both networks',
  gpt: 'GPT, 2 blocks of 64, 32 characters',
};
/** Samples of a step, where not 64. */
const BATCHES: Readonly<Record<string, number>> = { gpt: 32 };

/** A row of each model, and what stands in it. */
const ROWS: readonly { readonly text: string; readonly measure: Measure; readonly by: 'ms' | 'cpuMs' }[] = [
  { text: 'a step, ms', measure: 'step', by: 'ms' },
  { text: 'its CPU time, ms', measure: 'step', by: 'cpuMs' },
  { text: 'a step of the training loop, ms', measure: 'loop', by: 'ms' },
  { text: 'first step without a shader cache, ms', measure: 'first step, cold', by: 'ms' },
];

/** The framework, and whether it sleeps while it waits where it would not by itself. */
export const entrantName = ({ framework, asleep }: PeerResult): string =>
  asleep && framework !== 'wgrad' ? `${framework}, asleep` : framework;

/** A value beside wgrad's: `70.1 (5.5×)`, `–` where there is none. */
function cell(own: PeerResult | undefined, wgrad: PeerResult | undefined, by: 'ms' | 'cpuMs'): string {
  const [value, reference] = [own?.[by]?.median, wgrad?.[by]?.median];
  if (!own || value === undefined) return '–';
  const mark = own.agrees ? '' : ' (!)';
  return own === wgrad || !reference
    ? digits(value)
    : `${digits(value)} (${ratio(value / reference)})${mark}`;
}

/** Characters a second of a training loop. */
const speed = (loop: PeerResult | undefined): string =>
  loop?.tokens ? digits((1000 * loop.tokens) / loop.ms.median) : '–';

export const ratio = (value: number): string => `${value < 9.95 ? value.toFixed(1) : Math.round(value)}×`;

/** The tables of a run against the peers, for a README. */
export function peerTables(report: PeerReport): string {
  const { results, rounds } = report;
  const columns = [...new Set(results.map(entrantName))];
  const version = (column: string) => results.find((result) => entrantName(result) === column)!.version;
  const titles = columns.map((column) =>
    column.includes('asleep') ? column : `${column} ${version(column)}`.trim(),
  );
  const models = Object.keys(NAMES).filter((model) => results.some(({ what }) => what === model));
  const rows = models.flatMap((model) => {
    const at = (measure: Measure, column: string) =>
      results.find((own) => own.what === model && own.measure === measure && entrantName(own) === column);
    const measured = ROWS.flatMap(({ text, measure, by }, i) => {
      const cells = columns.map((column) => cell(at(measure, column), at(measure, 'wgrad'), by));
      return cells.every((text) => text === '–')
        ? []
        : [[i === 0 ? `${NAMES[model]}: ${text}` : `· ${text}`, ...cells]];
    });
    const speeds = columns.map((column) => speed(at('loop', column)));
    return speeds.every((text) => text === '–')
      ? measured
      : [...measured, ['· characters a second', ...speeds]];
  });
  const right = 'r'.repeat(columns.length);
  const batches = [...new Set(models.map((model) => BATCHES[model] ?? 64))].join(' / ');
  const tables = [markdownTable([`batch ${batches}`.trim(), ...titles], rows, `l${right}`)];
  const kernels = kernelRows(results, columns);
  if (kernels.length > 0)
    tables.push(
      markdownTable(
        ['single kernels, time as a multiple of wgrad’s (geometric mean)', ...titles],
        kernels,
        `l${right}`,
      ),
    );
  const differs = results.some(({ agrees }) => !agrees) ? ' (!) computes something else than wgrad.' : '';
  return [
    ...tables,
    `${provenance(report)} ${rounds > 1 ? `Medians over ${rounds} rounds.` : 'One round.'}${differs}`,
  ].join('\n\n');
}

const CLASSES: readonly (readonly [string, (what: string) => boolean])[] = [
  ['matrix products', (what) => what.startsWith('matmul')],
  ['convolutions', (what) => what.endsWith('forward')],
  ['their input gradients', (what) => what.endsWith('input gradient')],
  ['their filter gradients', (what) => what.endsWith('filter gradient')],
];

function kernelRows(results: readonly PeerResult[], columns: readonly string[]): string[][] {
  const kernels = results.filter(({ measure }) => measure === 'kernel');
  return CLASSES.flatMap(([title, belongs]) => {
    const own = kernels.filter(({ what }) => belongs(what));
    const wgrad = new Map(
      own.filter(({ framework }) => framework === 'wgrad').map((result) => [result.what, result]),
    );
    if (wgrad.size === 0) return [];
    const mean = (column: string) => {
      const ratios = own
        .filter((result) => entrantName(result) === column && wgrad.has(result.what))
        .map(({ what, ms }) => ms.median / wgrad.get(what)!.ms.median);
      return ratios.length === 0 ? '–' : column === 'wgrad' ? '1' : ratio(geometricMean(ratios));
    };
    return [[`${title} (${wgrad.size} shapes)`, ...columns.map(mean)]];
  });
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Where the figures of a table come from. */
export function provenance({ device, driver, software, runtime, commit, date }: Machine): string {
  const name = driver === 'not told' ? device : driver;
  return `Measured on ${name}${software ? ' (software: the CPU computes)' : ''}, ${runtime}, wgrad ${commit}, ${date.slice(0, 10)}.`;
}

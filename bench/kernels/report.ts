import { digits, markdownTable, percent, withQuartiles } from '../report/markdown.ts';
import type { Ceilings, KernelResult } from '../report/schema.ts';
import { median, NOISY, relativeSpread } from '../report/stats.ts';
import type { CeilingTimings } from './ceilings.ts';

/** A group of rows under one heading. */
const GROUPS: readonly (readonly [string, (result: KernelResult) => boolean])[] = [
  ['Convolutions', ({ op }) => op.startsWith('conv')],
  ['Matrix products of the models', ({ op, models }) => op === 'matmul' && !isSquares(models)],
  ['Square matrix products', ({ models }) => isSquares(models)],
  ['Everything else', () => true],
];

const isSquares = (models: readonly string[]) => models.includes('squares');
const HEADER = ['what', 'pass', 'in', 'variant', 'ms (quartiles)', 'GFLOP/s', 'GB/s', 'of ceiling', 'CPU ms'];

/** The results as Markdown, a table per group; `*` marks the variant that wgrad takes by itself. */
export function formatKernels(results: readonly KernelResult[]): string {
  const left = new Set(results);
  return GROUPS.flatMap(([title, belongs]) => {
    const own = [...left].filter(belongs);
    for (const result of own) left.delete(result);
    return own.length > 0 ? [`### ${title}\n\n${markdownTable(HEADER, own.map(row), 'llllrrrrr')}`] : [];
  }).join('\n\n');
}

function row(result: KernelResult): string[] {
  const { op, shapes, pass, models, variant, chosen, ms, gflops, gbs, ofCeiling, bound, cpuMs } = result;
  return [
    shortened(`${op} ${shapes}`),
    pass,
    models.join(', '),
    chosen ? `${variant} *` : variant,
    withQuartiles(ms) + (relativeSpread(ms) > NOISY ? ' ~' : ''),
    result.flops > 0 ? digits(gflops) : '–',
    digits(gbs),
    `${percent(ofCeiling)} ${bound}`,
    cpuMs === undefined ? '–' : digits(cpuMs),
  ];
}

/** Long chains of fused functions say little in a table. */
function shortened(text: string, most = 90): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

export function formatCeilings({ gflops, gbs }: Ceilings): string {
  return `Ceilings, measured in this run: ${digits(gflops)} GFLOP/s of multiply-adds from registers, ${digits(gbs)} GB/s of a copy (read + written).`;
}

/** What makes these figures less than certain. */
export function warningsOf(
  results: readonly KernelResult[],
  { arithmetic, memory }: CeilingTimings,
  software: boolean,
): string[] {
  const warnings: string[] = [];
  const noisy = results.filter(({ ms }) => relativeSpread(ms) > NOISY);
  if (noisy.length > 0) {
    warnings.push(
      `Noise: ${noisy.length} of ${results.length} rows, marked ~, scatter by more than ${percent(NOISY)} between their quartiles; close other programs, or go by the CPU times.`,
    );
  }
  const long = results.filter(({ ms, cpuMs }) => cpuMs !== undefined && ms.median > 0.5);
  if (software && long.length > 0 && median(long.map(({ ms, cpuMs }) => cpuMs! / ms.median)) < 1.4) {
    warnings.push(
      'One core: the driver’s threads took turns on a single core for most of the run, as the CPU times show; the same kernels take up to half as long when the system spreads them.',
    );
  }
  if ([arithmetic, memory].some(({ ms }) => relativeSpread(ms) > NOISY)) {
    warnings.push('Noise: the ceilings themselves scatter; shares of them are rough.');
  }
  return warnings;
}

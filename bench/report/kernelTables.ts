import { digits, markdownTable, percent } from './markdown.ts';
import { geometricMean, provenance } from './peerTables.ts';
import type { KernelReport, KernelResult } from './schema.ts';

/** The chosen kernels of a run, those that take the most time first, and how the rungs of each class compare. */
export function kernelTables(report: KernelReport): string {
  const { results, ceilings } = report;
  const chosen = results.filter((result) => result.chosen && !result.models.includes('squares'));
  const slowest = chosen.toSorted((a, b) => b.ms.median - a.ms.median).slice(0, 20);
  const rows = slowest.map((result) => [
    result.op,
    result.shapes.split(';')[0],
    result.models.join(', '),
    result.variant,
    digits(result.ms.median),
    result.flops > 0 ? digits(result.gflops) : '–',
    digits(result.gbs),
    `${percent(result.ofCeiling)} ${result.bound}`,
  ]);
  const header = ['op', 'shapes', 'in', 'variant', 'ms', 'GFLOP/s', 'GB/s', 'of the nearer ceiling'];
  const squares = results.filter(({ chosen: own, models }) => own && models.includes('squares'));
  const variants = variantRows(results);
  return [
    `Ceilings of the run: ${digits(ceilings.gflops)} GFLOP/s (multiply-adds from registers), ${digits(ceilings.gbs)} GB/s (a copy, read + written).`,
    `The ${slowest.length} kernels of the training steps that take longest, as chosen:`,
    markdownTable(header, rows, 'llllrrrr'),
    ...(squares.length > 0
      ? [
          'Square products, as chosen:',
          markdownTable(
            ['product', 'pass', 'variant', 'ms', 'GFLOP/s', 'of the ceiling'],
            squares.map(squareRow),
            'lllrrr',
          ),
        ]
      : []),
    ...(variants.length > 0
      ? [
          'Other variants, time as a multiple of the chosen one’s (geometric mean over the shapes):',
          markdownTable(['op', 'variant', 'shapes', 'time'], variants, 'llrr'),
        ]
      : []),
    provenance(report),
  ].join('\n\n');
}

function squareRow({ shapes, pass, variant, ms, gflops, ofCeiling }: KernelResult): string[] {
  return [shapes, pass, variant, digits(ms.median), digits(gflops), percent(ofCeiling)];
}

/** How every variant of an op does against the chosen one of the same shapes. */
function variantRows(results: readonly KernelResult[]): string[][] {
  const chosen = new Map(
    results.filter((result) => result.chosen).map((own) => [`${own.op} ${own.shapes}`, own]),
  );
  const ratios = new Map<string, number[]>();
  for (const { op, shapes, variant, chosen: own, ms } of results) {
    const reference = chosen.get(`${op} ${shapes}`);
    if (own || !reference) continue;
    const key = `${op}|${variant}`;
    ratios.set(key, [...(ratios.get(key) ?? []), ms.median / reference.ms.median]);
  }
  return [...ratios].map(([key, values]) => {
    const [op, variant] = key.split('|');
    return [op, variant, String(values.length), `${digits(geometricMean(values))}×`];
  });
}

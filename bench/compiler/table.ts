import type { Statistics } from './radv.ts';

/** A kernel with what a GPU's compiler counts of it. */
export interface Counted {
  readonly name: string;
  readonly models: readonly string[];
  /** First line of its code: what was specialised. */
  readonly specialized: string;
  readonly statistics: Statistics;
}

/** Registers that had to go to memory; those for scalars go to lanes of vector registers first. */
export const spilled = ({ statistics }: Counted) =>
  statistics['Spilled VGPRs'] > 0 || statistics['Spilled SGPRs'] > 0 || statistics['Scratch size'] > 0;

/**
 * Columns: RADV's names, and whether the largest or the least of a file's kernels is told. Subgroups are counted as if
 * all had 32 lanes.
 */
const COLUMNS: readonly [title: string, key: string, worst: 'most' | 'least'][] = [
  ['vector registers', 'VGPRs', 'most'],
  ['spilled', 'Spilled VGPRs', 'most'],
  ['waves', 'Subgroups per SIMD', 'least'],
  ['LDS bytes', 'LDS size', 'most'],
  ['instructions', 'Instructions', 'most'],
  ['VALU', 'VALU', 'most'],
  ['memory', 'VMEM', 'most'],
  ['code bytes', 'Code size', 'most'],
];

/** Markdown: a row per kernel file with its worst figures, or per kernel; those with the most registers first. */
export function table(gpu: string, kernels: readonly Counted[], each: boolean): string {
  const names = [...new Set(kernels.map(({ name }) => name))];
  const rows = each
    ? kernels.map((kernel) => ({ label: label(kernel), of: [kernel] }))
    : names.map((own) => ({ label: own, of: kernels.filter(({ name }) => name === own) }));
  const cells = rows.map(({ label, of }) => ({
    label,
    kernels: of.length,
    figures: COLUMNS.map(([, key, worst]) => {
      const all = of.map(({ statistics }) => statistics[key]);
      return worst === 'most' ? Math.max(...all) : Math.min(...all);
    }),
  }));
  cells.sort((a, b) => b.figures[0] - a.figures[0] || b.figures.at(-1)! - a.figures.at(-1)!);
  const heads = ['kernel', ...(each ? [] : ['kernels']), ...COLUMNS.map(([title]) => title)];
  return [
    `${gpu}, ${kernels.length} kernels`,
    '',
    line(heads),
    line(heads.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...cells.map(({ label, kernels, figures }) => line([label, ...(each ? [] : [kernels]), ...figures])),
  ].join('\n');
}

const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;

/** Its file, its models and what was specialised, without what says little. */
function label({ name, models, specialized }: Counted): string {
  const changes = specialized.replace(/^.*?specialised: /, '');
  return `${name} (${models.join(', ')}): ${changes}`;
}

import { digits, markdownTable, percent, withQuartiles } from '../report/markdown.ts';
import { entrantName } from '../report/peerTables.ts';
import type { Measure, PeerResult } from '../report/schema.ts';
import { NOISY, relativeSpread } from '../report/stats.ts';
import { batchSizeOf } from './problem.ts';

const times = (own: PeerResult, wgrad: PeerResult | undefined, by: 'ms' | 'cpuMs' = 'ms') => {
  const [a, b] = [own[by]?.median, wgrad?.[by]?.median];
  return a === undefined || b === undefined || b === 0 ? '–' : `${digits(a / b)}×`;
};

const HEADER =
  'framework|step, ms (quartiles)|× wgrad|CPU ms|× wgrad|loop, ms|× wgrad|CPU ms|first step, ms|cold, ms|dispatches|submits|bytes up|bytes down|learns the same'.split(
    '|',
  );

const CALLS = ['dispatches', 'submits', 'uploadedBytes', 'readBytes'] as const;

/** The frameworks at one model. */
export function formatModel(model: string, results: readonly PeerResult[]): string {
  const own = results.filter(({ what }) => what === model);
  const of = (measure: Measure, name: string) =>
    own.find((result) => result.measure === measure && entrantName(result) === name);
  const tokens = own.find((result) => result.tokens)?.tokens;
  const rows = own
    .filter(({ measure }) => measure === 'step')
    .map((step) => {
      const name = entrantName(step);
      const [loop, first, cold] = (['loop', 'first step', 'first step, cold'] as const).map((m) =>
        of(m, name),
      );
      const wgrad = (measure: Measure) => of(measure, 'wgrad');
      return [
        name,
        withQuartiles(step.ms),
        times(step, wgrad('step')),
        step.cpuMs ? digits(step.cpuMs.median) : '–',
        times(step, wgrad('step'), 'cpuMs'),
        loop ? digits(loop.ms.median) : '–',
        loop ? times(loop, wgrad('loop')) : '–',
        loop?.cpuMs ? digits(loop.cpuMs.median) : '–',
        first ? digits(first.ms.median) : '–',
        cold ? digits(cold.ms.median) : '–',
        ...CALLS.map((name) => step.calls?.[name].toLocaleString('en-US') ?? '–'),
        step.agrees ? 'yes' : 'NO',
        ...(tokens ? [loop ? digits((1000 * tokens) / loop.ms.median) : '–'] : []),
      ];
    });
  const header = tokens ? [...HEADER, 'loop, characters/s'] : HEADER;
  return `### ${model}, batch ${batchSizeOf(model)}\n\n${markdownTable(header, rows, `lrrrrrrrrrrrrrl${tokens ? 'r' : ''}`)}`;
}

/** The frameworks at single kernels, a row for each. */
export function formatPeerKernels(results: readonly PeerResult[]): string {
  const own = results.filter(({ measure }) => measure === 'kernel');
  const names = [...new Set(own.map(entrantName))];
  const rows = [...new Set(own.map(({ what }) => what))].map((what) => {
    const all = own.filter((result) => result.what === what);
    const wgrad = all.find(({ framework }) => framework === 'wgrad');
    const cells = names.map((name) => {
      const result = all.find((one) => entrantName(one) === name);
      if (!result) return '–';
      const mark = result.agrees ? '' : ' WRONG';
      const ratio = result === wgrad ? '' : ` (${times(result, wgrad)})`;
      return `${digits(result.ms.median)}${ratio}${mark}`;
    });
    const speed = wgrad?.flops ? digits(wgrad.flops / wgrad.ms.median / 1e6) : '–';
    return [what, ...cells, speed];
  });
  const header = ['kernel, ms (× wgrad)', ...names, 'wgrad, GFLOP/s'];
  return `### Single kernels\n\n${markdownTable(header, rows, `l${'r'.repeat(names.length + 1)}`)}`;
}

export function peerWarnings(results: readonly PeerResult[]): string[] {
  const noisy = results.filter(({ ms }) => relativeSpread(ms) > NOISY);
  const wrong = results.filter(
    ({ agrees, measure }) => !agrees && (measure === 'step' || measure === 'kernel'),
  );
  return [
    ...(noisy.length > 0
      ? [
          `Noise: the rounds of ${noisy.length} of ${results.length} figures scatter by more than ${percent(NOISY)} between their quartiles; close other programs, add rounds, or go by the CPU times.`,
        ]
      : []),
    ...wrong.map(({ id }) => `${id}: computes something else than wgrad does; its times mean nothing.`),
  ];
}

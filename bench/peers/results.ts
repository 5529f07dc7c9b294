import type { PeerResult } from '../report/schema.ts';
import { spreadOf } from '../report/stats.ts';
import type { Entrant } from './contestants.ts';
import { kernelFlops, kernelName, tokensOf } from './problem.ts';
import type { KernelSpec, ModelName } from './problem.ts';
import type { KernelSample, TrainingSample } from './sample.ts';

/** Samples of one entrant, one for each round. */
export interface Rounds<S> {
  readonly entrant: Entrant;
  readonly version: string;
  readonly samples: readonly S[];
  /** Of a first step without a shader cache. */
  readonly coldMs?: readonly number[];
}

/** Losses after the same steps from the same weights on the same data differ by no more, as a share. */
const SAME_LOSS = 1e-3;
/** Sums over a kernel's result differ by no more, as a share. */
const SAME_TOTAL = 1e-4;

export function sameLosses(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((loss, i) => close(loss, b[i], SAME_LOSS));
}

const close = (a: number, b: number, share: number) => Math.abs(a - b) <= share * Math.abs(b);

const spreadOfAll = <S>(samples: readonly S[], value: (sample: S) => number | undefined) => {
  const values = samples.map(value).filter((own) => own !== undefined);
  return values.length > 0 ? spreadOf(values) : undefined;
};

/** What the rounds say of a model: a result for each entrant and measure. */
export function trainingResults(model: ModelName, all: readonly Rounds<TrainingSample>[]): PeerResult[] {
  const reference = all[0].samples[0].losses;
  const tokens = tokensOf(model);
  return all.flatMap(({ entrant, version, samples, coldMs }) => {
    const agrees = samples.every(({ losses }) => sameLosses(losses, reference));
    const { framework, asleep, name } = entrant;
    const result = (
      measure: PeerResult['measure'],
      ms: readonly number[],
      more: Partial<PeerResult>,
    ): PeerResult => ({
      id: `${model} ${measure} | ${name}`,
      what: model,
      measure,
      framework,
      version,
      asleep,
      ms: spreadOf(ms),
      agrees,
      ...(tokens && { tokens }),
      ...more,
    });
    const stepCpu = spreadOfAll(samples, ({ stepCpuMs }) => stepCpuMs);
    const loopCpu = spreadOfAll(samples, ({ loopCpuMs }) => loopCpuMs);
    return [
      result(
        'step',
        samples.map(({ stepMs }) => stepMs),
        { cpuMs: stepCpu, calls: samples[0].calls },
      ),
      result(
        'loop',
        samples.map(({ loopMs }) => loopMs),
        { cpuMs: loopCpu },
      ),
      result(
        'first step',
        samples.map(({ firstMs }) => firstMs),
        {},
      ),
      ...(coldMs ? [result('first step, cold', coldMs, {})] : []),
    ];
  });
}

/** What the rounds say of the kernels. */
export function kernelResults(
  specs: readonly KernelSpec[],
  all: readonly Rounds<Readonly<Record<string, KernelSample>>>[],
): PeerResult[] {
  return specs.flatMap((spec) => {
    const what = kernelName(spec);
    const reference = all[0].samples[0][what].total;
    return all.map(({ entrant, version, samples }): PeerResult => {
      const own = samples.map((sample) => sample[what]);
      return {
        id: `${what} | ${entrant.name}`,
        what,
        measure: 'kernel',
        framework: entrant.framework,
        version,
        asleep: entrant.asleep,
        ms: spreadOf(own.map(({ ms }) => ms)),
        cpuMs: spreadOfAll(own, ({ cpuMs }) => cpuMs),
        calls: own[0].calls,
        agrees: own.every(({ total }) => close(total, reference, SAME_TOTAL)),
        flops: kernelFlops(spec),
      };
    });
  });
}

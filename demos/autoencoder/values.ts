import type { Evaluation, StepValues } from '../../src/index.ts';
import { VERSION_NAMES } from '../../src/models/autoencoderVersions.ts';
import type { ByVersion, VersionValues } from './protocol.ts';

/** The values of a step or of an evaluation, version by version. */
export function byVersion(values: StepValues | Evaluation): ByVersion<VersionValues> {
  const own = (version: string) => ({
    loss: values[`${version}Loss`] as number,
    error: values[`${version}MeanSquaredError`] as number,
  });
  return Object.fromEntries(
    VERSION_NAMES.map((version) => [version, own(version)]),
  ) as ByVersion<VersionValues>;
}

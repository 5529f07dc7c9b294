import { meanSquaredError } from '../nn/losses.ts';
import { model } from '../nn/model.ts';
import type { Model, ModelCompileOptions } from '../nn/model.ts';
import { AUTOENCODER_LOSSES, CLASSROOM_VERSIONS } from './autoencoder.ts';
import { byVersion, versionsNetwork } from './versionsNetwork.ts';
import type { AutoencoderVersion, AutoencoderVersionsOptions, Version } from './versionsNetwork.ts';

export { VERSION_NAMES, versionsData } from './versionsNetwork.ts';
export type { AutoencoderVersion, AutoencoderVersionsOptions } from './versionsNetwork.ts';

/** The three versions of the classroom in one model. */
export interface AutoencoderVersions {
  /** [28, 28, 1] → three times [28, 28, 1], in the order of the names. */
  readonly model: Model;
  readonly versions: Readonly<Record<AutoencoderVersion, Version>>;
  /** What `model.compile` needs besides the optimizer: the loss of each version, and for all the squared error. */
  readonly objective: Pick<ModelCompileOptions, 'loss' | 'metrics'>;
}

/**
 * The three versions of the classroom side by side: linear output and MSE, sigmoid and MSE, sigmoid and BCE. They begin
 * with the same weights and see the same batches. They share no parameter, so one step of the whole, in one submit, is for
 * each exactly a step of its own.
 *
 * A step records `linearMseLoss` and so on, and `linearMseMeanSquaredError` and so on, by which they can be compared.
 *
 * @throws ArgumentError if an option is out of range
 */
export function autoencoderVersions(options?: AutoencoderVersionsOptions): AutoencoderVersions {
  const { options: whole, versions } = versionsNetwork(options);
  return { model: model(whole), versions, objective: versionsObjective() };
}

/** What `model.compile` needs besides the optimizer. */
export const versionsObjective = (): AutoencoderVersions['objective'] => ({
  loss: byVersion((i) => AUTOENCODER_LOSSES[CLASSROOM_VERSIONS[i].loss]),
  metrics: byVersion(() => meanSquaredError),
});

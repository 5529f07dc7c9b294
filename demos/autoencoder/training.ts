import { adadelta, model } from '../../src/index.ts';
import type { Gpu, Model } from '../../src/index.ts';
import { versionsObjective } from '../../src/models/autoencoderVersions.ts';
import type { VersionsNetwork } from '../../src/models/versionsNetwork.ts';

/** What trains the three networks, in one program. */
export const compile = (gpu: Gpu, { options }: VersionsNetwork, learningRate: number): Promise<Model> =>
  model(options).compile({ gpu, optimizer: adadelta({ learningRate }), ...versionsObjective() });

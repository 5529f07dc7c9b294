import { adam, model } from '../../src/index.ts';
import type { Gpu, Model } from '../../src/index.ts';
import { flowObjective } from '../../src/models/flow.ts';
import type { Flow } from '../../src/models/flow.ts';

/** What trains the flow. */
export const compile = (gpu: Gpu, { options }: Flow, learningRate: number): Promise<Model> =>
  model(options).compile({ gpu, optimizer: adam({ learningRate }), ...flowObjective() });

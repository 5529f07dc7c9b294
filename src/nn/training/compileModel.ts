import type { OptionTable } from '../../options.ts';
import { precisionOptions, requirePrecision, settlePrecision } from '../../runtime/precision.ts';
import type { PrecisionOptions } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Network } from '../network.ts';
import { Objective } from '../objective.ts';
import type { ObjectiveOptions } from '../objective.ts';
import { sgd } from '../optimizers.ts';
import type { Optimizer } from '../optimizers.ts';
import { optimizerOf, withNames } from '../registry.ts';
import type { MaybePromise, OptimizerName } from '../registry.ts';
import type { Compiled } from './compiled.ts';
import { checkScaling } from './fieldChecks.ts';
import { placementOptions } from './placement.ts';
import type { PlacementOptions } from './placement.ts';
import type { TrainingState } from './state.ts';

export interface ModelCompileOptions extends Partial<ObjectiveOptions>, PlacementOptions, PrecisionOptions {
  /**
   * Needed to train; without it, and without a loss, the model predicts. On a model that `loadModel` has made: by default
   * the one that is saved in its file.
   */
  optimizer?: OptimizerName | Optimizer;
  /**
   * Fields of bytes, inputs and targets, become value · scale + offset on the GPU; default 1/255 and 0. Fields of other
   * types are left as they are, and so are class indices and the indices of an embedding.
   */
  inputScale?: number;
  inputOffset?: number;
}

export const modelCompileOptions: OptionTable<ModelCompileOptions> = {
  optimizer: true,
  loss: true,
  lossWeights: true,
  metrics: true,
  weightedMetrics: true,
  checkLoss: true,
  ...placementOptions,
  ...precisionOptions,
  inputScale: true,
  inputOffset: true,
};

/** What `Model.compile` settles before there is a GPU. @returns what makes the rest there; later, if names are to be loaded */
export function compileModel(
  network: Network,
  options: ModelCompileOptions,
  savedOptimizer: (() => Optimizer) | undefined,
): MaybePromise<(gpu: Gpu, state: TrainingState) => Compiled> {
  const { loss, metrics, weightedMetrics, lossWeights, inputScale, inputOffset = 0 } = options;
  checkScaling(network.name, options);
  const { precision, lossScale } = settlePrecision(network.name, options);
  const aims = [loss, metrics, weightedMetrics, lossWeights].some((option) => option !== undefined);
  const { frozenLayers: frozen, trainableVariables } = network; // as they are now
  return withNames(() => {
    const objective = new Objective(network, aims ? (options as ObjectiveOptions) : undefined);
    const chosen = options.optimizer ?? savedOptimizer?.();
    const optimizer = optimizerOf(chosen ?? sgd()); // without one: of no variables
    const trained = chosen === undefined ? [] : trainableVariables;
    const untrainable =
      chosen === undefined
        ? 'it was compiled without an optimizer; call compile({ optimizer, loss }) to train'
        : trained.length === 0
          ? 'no layer has trainable weights, so there is nothing to train'
          : undefined;
    return (gpu, state) => {
      requirePrecision(network.name, precision, gpu.device);
      const minimizer = gpu.minimizer(trained, optimizer, { lossScale });
      const trains = { minimizer, optimizer, untrainable, frozen, precision };
      return { network, gpu, ...trains, objective, inputScale, inputOffset, state };
    };
  });
}

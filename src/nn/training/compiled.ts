import type { Minimizer } from '../../runtime/minimizer.ts';
import type { Precision } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Layer } from '../layers/layer.ts';
import type { Network, Port } from '../network.ts';
import type { Objective } from '../objective.ts';
import type { Optimizer } from '../optimizers.ts';
import type { ByteScaling } from './fieldChecks.ts';
import type { TrainingState } from './state.ts';

/** What `Model.compile` settles: everything that training, evaluation and checkpoints need besides the data. */
export interface Compiled extends ByteScaling {
  readonly network: Network;
  readonly gpu: Gpu;
  /** Of no variables where there is nothing to train, or no optimizer was given. */
  readonly minimizer: Minimizer;
  readonly optimizer: Optimizer;
  /** Of training and evaluation. */
  readonly precision: Precision;
  /** Why there is nothing to train; undefined where there is. */
  readonly untrainable?: string;
  /** The layers that were frozen when the model was compiled. */
  readonly frozen: ReadonlySet<Layer>;
  /** The losses and metrics; none of them where no loss was given. */
  readonly objective: Objective;
  readonly state: TrainingState;
}

/** The outputs that have a loss, in the order of the targets. */
export const trainedOutputs = ({ outputs }: Pick<Network, 'outputs'>, { goals }: Objective): Port[] =>
  goals.map(({ place }) => outputs[place]);

import type { Minimizer } from '../../runtime/minimizer.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Network, Port } from '../network.ts';
import type { Objective } from '../objective.ts';
import type { Optimizer } from '../optimizers.ts';
import type { ByteScaling } from './fieldChecks.ts';
import type { TrainingState } from './state.ts';

/** What `Model.compile` settles: everything that training, evaluation and checkpoints need besides the data. */
export interface Compiled extends ByteScaling {
  readonly network: Network;
  readonly gpu: Gpu;
  readonly minimizer: Minimizer;
  readonly optimizer: Optimizer;
  /** The losses and metrics. */
  readonly objective: Objective;
  readonly state: TrainingState;
}

/** The outputs that have a loss, in the order of the targets. */
export const trainedOutputs = ({ outputs }: Pick<Network, 'outputs'>, { goals }: Objective): Port[] =>
  goals.map(({ place }) => outputs[place]);

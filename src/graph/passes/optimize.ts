import type { Tensor } from '../../ops/core/op.ts';
import { fuseBiasGradients } from './biasGradient.ts';
import { eliminateCommonSubexpressions } from './cse.ts';
import { fold } from './fold.ts';
import { fuseElementwise, fuseEpilogues } from './fuse.ts';
import { joinNodes } from './join.ts';
import { movePoolGradients } from './poolGradient.ts';
import { moveBeforeReshapes } from './reshapes.ts';
import { cropUnreadOutputs } from './unreadOutputs.ts';

export type Pass = (outputs: readonly Tensor[]) => (tensor: Tensor) => Tensor;

/**
 * The passes, in order. Each keeps every output's value; none depends on the device. Dead code needs
 * no pass of its own: what no output depends on is never reached.
 */
const passes: readonly Pass[] = [
  fold,
  eliminateCommonSubexpressions,
  movePoolGradients,
  moveBeforeReshapes,
  fuseBiasGradients,
  fuseElementwise,
  fuseEpilogues,
  cropUnreadOutputs,
  joinNodes,
];

/**
 * Rewrites the graph of `outputs` into an equivalent one with less work; same order of outputs.
 *
 * @param without passes to leave out
 */
export function optimize(outputs: readonly Tensor[], without: readonly Pass[] = []): Tensor[] {
  return passes
    .filter((pass) => !without.includes(pass))
    .reduce((tensors: Tensor[], pass) => tensors.map(pass(tensors)), [...outputs]);
}

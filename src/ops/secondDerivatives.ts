import { ofAttention } from './attention/secondDerivatives.ts';
import type { Equivalent, GradientRule, Op } from './core/op.ts';
import { ofElementwise } from './elementwise/secondDerivatives.ts';
import { ofLosses } from './loss/secondDerivatives.ts';
import { ofNormalization } from './normalization/secondDerivatives.ts';
import { ofPools } from './pooling/secondDerivatives.ts';
import { ofRecurrent } from './recurrent/secondDerivatives.ts';
import { ofReductions } from './reduce/secondDerivatives.ts';

let known: ReadonlyMap<Op, GradientRule | Equivalent> | undefined;

/**
 * Rules of ops that are gradients themselves, where they need some of their own: most are linear in what comes from behind, and
 * have each other's; those of whole sequences have graphs of other ops in their place. Apart from the ops, since few applications differentiate twice.
 */
export const secondDerivatives = (): ReadonlyMap<Op, GradientRule | Equivalent> =>
  (known ??= new Map<Op, GradientRule | Equivalent>([
    ...ofAttention(),
    ...ofElementwise(),
    ...ofLosses(),
    ...ofNormalization(),
    ...ofPools(),
    ...ofRecurrent(),
    ...ofReductions(),
  ]));

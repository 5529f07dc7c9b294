import { settle, settlePlaced } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { constraintOf } from '../constraints.ts';
import type { ConstraintSpec } from '../constraints.ts';
import { activationOf, namedActivation } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { namedInitializer } from '../initializers.ts';
import type { InitializerSpec } from '../initializers.ts';
import { namedRegularizer } from '../regularizers.ts';
import type { RegularizerSpec } from '../regularizers.ts';

/**
 * `settle` for the options of a layer: activation, initializers, regularizers and constraints are checked, and
 * those of wgrad stand by their names or configs, as in `layer.config`.
 */
export function settleLayer<O extends object, const D extends Defaults<O>>(
  type: string,
  given: O | undefined,
  defaults: D & Defaults<O>,
): Settled<O, D> {
  return named(type, settle(type, given, defaults));
}

/** `settlePlaced` for the options of a layer. */
export function settlePlacedLayer<N extends string, V, O extends object, const D extends Defaults<O>>(
  type: string,
  placed: readonly [name: N, value: V],
  given: O | undefined,
  defaults: D & Defaults<O>,
): Settled<O, D> & { readonly [K in N]: V } {
  return named(type, settlePlaced(type, placed, given, defaults));
}

function named<S extends object>(type: string, settled: S): S {
  const entries = Object.entries(settled).map(([option, value]) => {
    if (option === 'activation' || option === 'recurrentActivation') {
      activationOf(value as Activation, type);
      return [option, namedActivation(value as Activation)];
    }
    if (value === undefined) return [option, value];
    if (/initializer$/i.test(option)) return [option, namedInitializer(value as InitializerSpec, type)];
    if (/regularizer$/i.test(option)) return [option, namedRegularizer(value as RegularizerSpec, type)];
    if (/constraint$/i.test(option)) return [option, constraintOf(value as ConstraintSpec, type).config];
    return [option, value];
  });
  return Object.fromEntries(entries) as S;
}

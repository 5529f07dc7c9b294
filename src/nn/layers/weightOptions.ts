import type { ConstraintSpec } from '../constraints.ts';
import type { InitializerSpec } from '../initializers.ts';
import type { RegularizerSpec } from '../regularizers.ts';

/**
 * The options of a layer's weight, named after it as in Keras: `kernelInitializer`, which fills it; `kernelRegularizer`, whose
 * penalty is added to the loss; `kernelConstraint`, which it is kept to after each update. The latter two by default none.
 */
export type WeightOptionsOf<N extends string> = { [K in `${N}Initializer`]?: InitializerSpec } & {
  [K in `${N}Regularizer`]?: RegularizerSpec;
} & { [K in `${N}Constraint`]?: ConstraintSpec };

type WeightDefaults<N extends string, I> = { readonly [K in `${N}Initializer`]: I } & {
  readonly [K in `${N}Regularizer` | `${N}Constraint`]: undefined;
};

/** In a table of options: those of a weight. */
export const weightDefaults = <const N extends string, const I extends InitializerSpec>(
  name: N,
  initializer: I,
): WeightDefaults<N, I> =>
  ({
    [`${name}Initializer`]: initializer,
    [`${name}Regularizer`]: undefined,
    [`${name}Constraint`]: undefined,
  }) as WeightDefaults<N, I>;

/** The options of one weight, as `addWeight` takes them. */
export function weightOf<N extends string>(
  options: { readonly [K in `${N}Initializer`]: InitializerSpec } & {
    readonly [K in `${N}Regularizer`]?: RegularizerSpec | undefined;
  } & { readonly [K in `${N}Constraint`]?: ConstraintSpec | undefined },
  name: N,
): {
  readonly initializer: InitializerSpec;
  readonly regularizer: RegularizerSpec | undefined;
  readonly constraint: ConstraintSpec | undefined;
} {
  const all = options as Readonly<Record<string, unknown>>;
  return {
    initializer: all[`${name}Initializer`] as InitializerSpec,
    regularizer: all[`${name}Regularizer`] as RegularizerSpec | undefined,
    constraint: all[`${name}Constraint`] as ConstraintSpec | undefined,
  };
}

import { ArgumentError } from '../../errors.ts';

/**
 * A kernel variant by its name: `register_tiled` is a kernel with the plan of the family's rule, `register_tiled:64x64x16`
 * that kernel with tiles of these extents (its plan says which they are), and `register_tiled:64x64x16:split4` the
 * same with the sum cut among four workgroups. `:half` at the end says that its tiles hold the operands as f16, rounded
 * to three decimal digits: only the caller chooses that, or mixed precision. Equal names are equal plans.
 */
export interface Variant<R extends string = string> {
  readonly rung: R;
  /** Empty where the rule chooses. */
  readonly tile: readonly number[];
  readonly split?: number;
  readonly half?: boolean;
}

/** The ops that have variants, which a program may force. */
export const OPS_WITH_VARIANTS: readonly string[] = [
  'argmax',
  'argmin',
  'attention',
  'attentionGradient',
  'categoricalAccuracy',
  'conv2d',
  'conv2dGradFilter',
  'conv2dGradFilterBias',
  'conv2dGradInput',
  'conv2dMaxPool',
  'conv2dTranspose',
  'dropout',
  'gatherBatch',
  'gatherGradient',
  'gru',
  'gruGradient',
  'logSoftmax',
  'logSoftmaxGradient',
  'lstm',
  'lstmGradient',
  'matmul',
  'maxPool2dGradient',
  'normalize',
  'normalizeGradientSums',
  'reduceMax',
  'reduceMean',
  'reduceMin',
  'reduceProd',
  'reduceSum',
  'simpleRnn',
  'simpleRnnGradient',
  'softmax',
  'softmaxCrossEntropy',
  'softmaxGradient',
  'sparseSoftmaxCrossEntropy',
  'transpose',
];

/** What the tuner may be given to try for one choice: compiling takes up to a second each. */
export const MOST_CANDIDATES = 12;

export function variantName({ rung, tile, split, half }: Variant): string {
  const parts = [rung, tile.join('x'), split ? `split${split}` : '', half ? 'half' : ''];
  return parts.filter((part) => part !== '').join(':');
}

/** @throws ArgumentError where the name does not have one of these forms */
export function parseVariant<R extends string>(name: string): Variant<R> {
  const [, rung, tile, split, half] = /^(\w+)(?::(\d+(?:x\d+)*))?(?::split(\d+))?(:half)?$/.exec(name) ?? [];
  if (rung === undefined) {
    throw new ArgumentError(
      `"${name}" names no kernel variant; write it as kernel, kernel:64x64x16 or kernel:64x64x16:split4, each with :half after it for tiles of f16`,
    );
  }
  return {
    rung: rung as R,
    tile: tile?.split('x').map(Number) ?? [],
    ...(split !== undefined && { split: Number(split) }),
    ...(half !== undefined && { half: true }),
  };
}

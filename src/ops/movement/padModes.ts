import { ArgumentError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { requireList, requireRank } from '../core/values.ts';
import { extend, extensions } from './extend.ts';
import type { Extension } from './extend.ts';
import { pad as padWith } from './movement.ts';

export interface PadOptions {
  /** Default constant. */
  mode?: 'constant' | Extension;
  /** Of what is added, where that is constant; default 0. May be ±Infinity. */
  value?: number;
  /** So many of them between neighbours along each axis, as lax.pad; default none. */
  interior?: readonly number[];
}

/**
 * Surrounds x: `paddings[axis] = [before, after]`. With `mode`, as NumPy's pad names it, [a b c] by two becomes
 *
 * - `constant`: [0 0 a b c 0 0], or another `value`
 * - `reflect`: [c b a b c b a], without repeating the edge
 * - `symmetric`: [b a a b c c b], repeating it
 * - `edge`: [a a a b c c c]
 *
 * @throws ShapeError where counts are missing or negative, or there is not as much to mirror
 */
export function pad(
  x: Tensor,
  paddings: readonly (readonly [number, number])[],
  options: PadOptions = {},
): Tensor {
  checkOptions('pad', options, { mode: true, value: true, interior: true }, 'x, paddings, ');
  const { mode = 'constant', ...constant } = options;
  if (mode === 'constant') return padWith(x, paddings, constant);
  requireTensor('pad', x);
  if (!extensions.includes(mode)) {
    throw new ArgumentError(
      `pad: the mode is ${describe(mode)}; choose one of constant, ${extensions.join(', ')}`,
    );
  }
  if (Object.values(constant).some((value) => value !== undefined)) {
    throw new ArgumentError(`pad: value and interior belong to the mode constant, and the mode is ${mode}`);
  }
  requireList('pad', 'paddings', paddings, '[[1, 1], [0, 2]]');
  for (const pair of paddings) requireList('pad', 'an entry of paddings', pair, '[1, 1]');
  requireRank('pad', 'paddings', paddings, x);
  padWith(x, paddings); // for its errors
  return extend(x, paddings, mode);
}

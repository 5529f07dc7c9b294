import { gru, lstm, simpleRnn } from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import type { Array64 } from '../../reference/array.ts';
import { recurrent } from '../../reference/recurrent.ts';
import type { Kind } from '../../reference/recurrent.ts';
import type { OpEntry } from '../entry.ts';

/** What of the optional inputs there is, and the settings. */
interface Drawn {
  readonly bias: boolean;
  readonly recurrentBias: boolean;
  readonly mask: boolean;
  readonly initial: number;
  readonly activation: 'tanh' | 'sigmoid' | 'linear';
  readonly goBackwards: boolean;
  readonly unroll: boolean;
}

const OPS = { lstm, gru, simpleRnn };
const GATES = { lstm: 4, gru: 3, simpleRnn: 1 };

/** The inputs behind x, kernel and recurrentKernel by their names. */
function named<T>(rest: readonly T[], { bias, recurrentBias, mask, initial }: Drawn) {
  const list = [...rest];
  const next = (there: boolean) => (there ? list.shift() : undefined);
  const own = { bias: next(bias), recurrentBias: next(recurrentBias), mask: next(mask) };
  return { ...own, initial: initial > 0 ? list : undefined };
}

function entry(kind: Kind): OpEntry {
  return {
    draw(draft) {
      const { rng } = draft;
      const x = draft.within(draft.any({ rank: [3] }), -2, 2);
      const [batch, steps, features] = x.tensor.shape;
      const units = rng.int(1, draft.large ? 40 : 6);
      const columns = GATES[kind] * units;
      const small = 1 / Math.sqrt(units);
      const weights = [
        draft.leaf([features, columns], { low: -1, high: 1 }),
        draft.leaf([units, columns], { low: -small, high: small }),
      ];
      const initial = rng.chance(0.4) ? (kind === 'lstm' ? 2 : 1) : 0;
      const drawn: Drawn = {
        bias: rng.chance(0.7),
        recurrentBias: kind === 'gru' && rng.chance(0.7),
        mask: rng.chance(0.4),
        initial,
        activation: rng.pick(['tanh', 'tanh', 'sigmoid', 'linear']),
        goBackwards: rng.chance(0.4),
        unroll: steps <= 4 && rng.chance(0.3),
      };
      const counts = drawn.mask
        ? [draft.call('greater', { inputs: [draft.leaf([batch, steps], { whole: true }), draft.leaf([], { low: 0, high: 0 })] })] // prettier-ignore
        : [];
      const bias = () => draft.leaf([columns], { low: -1, high: 1 });
      const rest = [
        ...(drawn.bias ? [bias()] : []),
        ...(drawn.recurrentBias ? [bias()] : []),
        ...counts,
        ...Array.from({ length: initial }, () => draft.leaf([batch, units], { low: -1, high: 1 })),
      ];
      return { inputs: [x, ...weights, ...rest], args: [drawn] };
    },
    build([x, kernel, recurrentKernel, ...rest]: readonly Tensor[], [drawn]: readonly Drawn[]) {
      const { activation, goBackwards, unroll } = drawn;
      const { initial, recurrentBias, ...own } = named(rest, drawn);
      return OPS[kind](x, kernel, recurrentKernel, {
        ...own,
        activation,
        goBackwards,
        unroll,
        ...(recurrentBias && { recurrentBias }),
        ...(initial && { initialState: initial }),
      }).outputs;
    },
    twin([x, kernel, recurrentKernel, ...rest]: readonly Array64[], [drawn]: readonly Drawn[]) {
      const inputs = { x, kernel, recurrentKernel, ...named(rest, drawn) };
      const { activation, goBackwards: reversed } = drawn;
      const { hidden, gradient } = recurrent(kind, inputs, { activation, reversed });
      return {
        y: hidden,
        vjp(dy) {
          const d = gradient(dy);
          return [
            d.x,
            d.kernel,
            d.recurrentKernel,
            ...(drawn.bias ? [d.bias] : []),
            ...(drawn.recurrentBias ? [d.recurrentBias] : []),
            ...(drawn.mask ? [undefined] : []),
            ...(drawn.initial > 0 ? d.initial : []),
          ];
        },
      };
    },
  };
}

export const recurrentOps = {
  lstm: entry('lstm'),
  gru: entry('gru'),
  simpleRnn: entry('simpleRnn'),
} satisfies Readonly<Record<Kind, OpEntry>>;

import { random } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import { transpose } from '../../test/reference/movement.ts';
import { recurrent } from '../../test/reference/recurrent.ts';
import type { Kind } from '../../test/reference/recurrent.ts';
import type { Twin } from './twin.ts';

const GATES = { lstm: 4, gru: 3, simpleRnn: 1 };

/** Small enough that states neither vanish nor explode. */
const recurrentKernel = (shape: readonly number[]): Array64 => {
  const spread = 1 / Math.sqrt(Math.min(...shape));
  return random(2, shape, -spread, spread);
};

/** The forward pass that a gradient belongs to, of the transposed weights and the shape of h. */
function forwardOf(kind: Kind, transposed: Array64, [batch, steps, units]: readonly number[]) {
  const x = random(1, [batch, steps, GATES[kind] * units]);
  return recurrent(kind, { x, recurrentKernel: transpose(transposed, [1, 0]) });
}

function twinsOf(kind: Kind): Readonly<Record<string, Twin>> {
  const forward: Twin = {
    compute(_node, [x, weights]) {
      const { hidden, kept } = recurrent(kind, { x, recurrentKernel: weights });
      return kind === 'simpleRnn' ? [hidden] : [hidden, kept];
    },
    feed: ({ inputs }, index) => (index === 1 ? recurrentKernel(inputs[1].shape) : undefined),
  };
  const gradient: Twin = {
    compute(_node, [weights, , dHidden]) {
      const d = forwardOf(kind, weights, dHidden.shape).gradient(dHidden);
      return kind === 'gru' ? [d.x, d.products] : [d.x];
    },
    feed({ inputs }, index) {
      const weights = recurrentKernel(inputs[0].shape);
      if (index === 0) return weights;
      if (index > 1) return undefined;
      const { hidden, kept } = forwardOf(kind, weights, inputs[2].shape);
      return kind === 'simpleRnn' ? hidden : kept;
    },
  };
  return { [kind]: forward, [`${kind}Gradient`]: gradient };
}

/** Whole sequences, and their gradients by the products of the inputs. */
export const twins: Readonly<Record<string, Twin>> = {
  ...twinsOf('lstm'),
  ...twinsOf('gru'),
  ...twinsOf('simpleRnn'),
};

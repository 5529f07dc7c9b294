import { ArgumentError } from '../../errors.ts';
import { rangeOf } from '../../graph/range.ts';
import { againstLogits } from '../meaning.ts';
import type { Network } from '../network.ts';

/**
 * Checks the discriminator's last activation: the losses take logits.
 *
 * @throws ArgumentError if it cannot give numbers of either sign
 */
export function checkDiscriminator(name: string, discriminator: Network): void {
  const found = againstLogits(rangeOf(discriminator.trace()[0]));
  if (!found) return;
  throw new ArgumentError(
    `${name}: the loss ${found} of the discriminator. If this is intended, compile with checkLoss: false`,
  );
}

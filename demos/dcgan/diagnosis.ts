import { percent } from '../shared/dom.ts';
import type { StepPoint } from './protocol.ts';

/** Below this entropy of the digits' shares, in nats, the modes count as collapsed: 1.5 is that of 4.5 equal shares. */
export const COLLAPSE_ENTROPY = 1.5;
/** An untrained generator makes nothing but blots, all alike: it has to have had so many updates. */
export const COLLAPSE_UPDATES = 150;

/** Accuracies that say that one of the two is far ahead. */
const FAR_AHEAD = 0.97;
const FOOLED = 0.25;
/** Steps until the mean of the accuracies means something. */
const EARLY = 30;
const MEMORY = 40;

export function isCollapsed({ entropy, generatorUpdates }: { entropy: number; generatorUpdates: number }) {
  return entropy < COLLAPSE_ENTROPY && generatorUpdates >= COLLAPSE_UPDATES;
}

/** Who is ahead, from the accuracies of the last steps, in a sentence. */
export class Diagnosis {
  #real = 0;
  #fake = 0;
  #steps = 0;

  clear(): void {
    this.#steps = this.#real = this.#fake = 0;
  }

  add({ realAccuracy, fakeAccuracy }: StepPoint): void {
    const share = 1 / Math.min(++this.#steps, MEMORY);
    this.#real += (realAccuracy - this.#real) * share;
    this.#fake += (fakeAccuracy - this.#fake) * share;
  }

  /** Empty where there is nothing to say yet. */
  get text(): string {
    if (this.#steps < EARLY) return '';
    const [real, fake] = [this.#real, this.#fake];
    const known = `(it knows ${percent(real, 0)} of the real and ${percent(fake, 0)} of the generated)`;
    if (real > FAR_AHEAD && fake > FAR_AHEAD) {
      return `The discriminator is far ahead ${known}: the generator gets little to learn from.`;
    }
    if (fake < FOOLED)
      return `The generator is far ahead ${known}: the discriminator is fooled by nearly all it makes.`;
    return `Neither is far ahead ${known}.`;
  }
}

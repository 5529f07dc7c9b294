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

/** Who is ahead, by the accuracies of the last steps. */
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

  /** Who is far ahead; '' where it is too early to say. */
  get lead(): 'discriminator' | 'generator' | 'neither' | '' {
    if (this.#steps < EARLY) return '';
    if (this.#real > FAR_AHEAD && this.#fake > FAR_AHEAD) return 'discriminator';
    return this.#fake < FOOLED ? 'generator' : 'neither';
  }

  get text(): string {
    const known = `Lately the discriminator is right about ${percent(this.#real, 0)} of the real and ${percent(this.#fake, 0)} of the generated images`;
    const texts = {
      '': '',
      discriminator: `${known}. It is far ahead: the generator gets little to learn from.`,
      generator: `${known}. The generator is far ahead: nearly all it makes is taken for real.`,
      neither: `${known}: neither is far ahead.`,
    };
    return texts[this.lead];
  }
}

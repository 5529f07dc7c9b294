import type { Point } from '../frame/protocol.ts';
import { announce } from '../shared/announce.ts';
import { byId, percent } from '../shared/dom.ts';

/** Below this entropy of the digits' shares, in nats, the modes count as collapsed: 1.5 is that of 4.5 equal shares. */
const COLLAPSE_ENTROPY = 1.5;
/**
 * An untrained generator makes nothing but blots, all alike. Its modes collapse when there were some before; or when it has
 * had so many updates and still makes one thing only.
 */
export const COLLAPSE_UPDATES = 500;

/** Whether the modes have collapsed, as one looks at the samples again and again. */
export class Collapse {
  #wasDiverse = false;

  clear(): void {
    this.#wasDiverse = false;
  }

  add({ entropy, generatorUpdates }: { entropy: number; generatorUpdates: number }): boolean {
    const isNarrow = entropy < COLLAPSE_ENTROPY;
    if (!isNarrow && generatorUpdates > EARLY) this.#wasDiverse = true;
    return isNarrow && (this.#wasDiverse || generatorUpdates >= COLLAPSE_UPDATES);
  }
}

/** Accuracies that say that one of the two is far ahead. */
const FAR_AHEAD = 0.97;
const FOOLED = 0.25;
/** Steps until the mean of the accuracies means something. */
const EARLY = 30;
const MEMORY = 40;

/** Who is ahead, by the accuracies of the last steps. */
export class Diagnosis {
  #real = 0;
  #fake = 0;
  #steps = 0;

  clear(): void {
    this.#steps = this.#real = this.#fake = 0;
  }

  add({ realAccuracy, fakeAccuracy }: Readonly<Record<'realAccuracy' | 'fakeAccuracy', number>>): void {
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
    const known = `In the last steps the discriminator was right on ${percent(this.#real, 0)} of the real images and ${percent(this.#fake, 0)} of the generated ones`;
    const texts = {
      '': '',
      discriminator: `${known}. It is far ahead: its gradient teaches the generator little.`,
      generator: `${known}. The generator is far ahead: the discriminator takes nearly all its images for real.`,
      neither: `${known}. Neither network is far ahead.`,
    };
    return texts[this.lead];
  }
}

/** Says in the element #diagnosis who is ahead; aloud only when that changes. */
export function createDiagnosis() {
  const diagnosis = new Diagnosis();
  const line = byId('diagnosis');
  function show(): void {
    const { lead, text } = diagnosis;
    if (line.dataset.lead !== lead && lead) announce(text);
    line.dataset.lead = lead;
    line.textContent = text;
  }
  return {
    points(points: readonly Point[]): void {
      for (const { realAccuracy, fakeAccuracy } of points) diagnosis.add({ realAccuracy, fakeAccuracy });
      show();
    },
    clear(): void {
      diagnosis.clear();
      show();
    },
  };
}

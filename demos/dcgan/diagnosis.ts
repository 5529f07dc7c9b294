import type { Point } from '../frame/protocol.ts';
import { announce } from '../shared/announce.ts';
import { byId, percent } from '../shared/dom.ts';

/** Below this entropy of the digits' shares, in nats, the modes count as collapsed: 1.5 is that of 4.5 equal shares. */
const COLLAPSE_ENTROPY = 1.5;
/**
 * An untrained generator makes only blots, all alike. Its modes collapse when it made several digits before, or when it has
 * had many updates and still makes only one.
 */
export const COLLAPSE_UPDATES = 500;
/** Updates before the samples, and steps before the mean of the accuracies, are meaningful. */
const EARLY = 30;

/** Whether the modes have collapsed, from repeated looks at the samples. */
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

/** Accuracies at which one of the two is far ahead. */
const FAR_AHEAD = 0.97;
const FOOLED = 0.25;
const MEMORY = 40;
const VERDICTS = {
  discriminator: 'It is far ahead: the generator learns little from its gradient.',
  generator: 'The generator is far ahead: the discriminator takes nearly all its images for real.',
  neither: 'Neither network is far ahead.',
};

/** Which network is ahead, by the accuracies of the last steps. */
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

  /** The network that is far ahead; undefined while it is too early to say. */
  get lead(): keyof typeof VERDICTS | undefined {
    if (this.#steps < EARLY) return undefined;
    if (this.#real > FAR_AHEAD && this.#fake > FAR_AHEAD) return 'discriminator';
    return this.#fake < FOOLED ? 'generator' : 'neither';
  }

  get text(): string {
    if (!this.lead) return '';
    const [real, fake] = [this.#real, this.#fake].map((share) => percent(share, 0));
    return `In the last steps the discriminator was right on ${real} of the real images and ${fake} of the generated ones. ${VERDICTS[this.lead]}`;
  }
}

/** Writes to the element #diagnosis which network is ahead; screen readers read it only when that changes. */
export function createDiagnosis() {
  const diagnosis = new Diagnosis();
  let said: string | undefined;
  function show(): void {
    const { lead, text } = diagnosis;
    byId('diagnosis').textContent = text;
    if (lead && lead !== said) announce(text);
    said = lead;
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

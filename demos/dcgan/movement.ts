import type { Gan } from '../../src/index.ts';
import type { ByNetwork } from './protocol.ts';

/** How far the weights of both networks have moved from one look to the next. Reads all of them back. */
export class Movement {
  readonly #gan: Gan;
  #before: Record<keyof ByNetwork, Float32Array[]> | undefined;

  constructor(gan: Gan) {
    this.#gan = gan;
  }

  forget(): void {
    this.#before = undefined;
  }

  /** Root mean square of the differences since the last look; undefined at the first. */
  async look(): Promise<ByNetwork | undefined> {
    const { variables } = this.#gan.compiled.gpu;
    const read = async (role: keyof ByNetwork) => [
      ...(await variables.readAll(this.#gan[role].trainableVariables)).values(),
    ];
    const now = { generator: await read('generator'), discriminator: await read('discriminator') };
    const before = this.#before;
    this.#before = now;
    if (!before) return undefined;
    return {
      generator: distance(before.generator, now.generator),
      discriminator: distance(before.discriminator, now.discriminator),
    };
  }
}

function distance(before: readonly Float32Array[], now: readonly Float32Array[]): number {
  let sum = 0;
  let size = 0;
  now.forEach((values, which) => {
    size += values.length;
    for (let i = 0; i < values.length; i++) sum += (values[i] - before[which][i]) ** 2;
  });
  return Math.sqrt(sum / Math.max(size, 1));
}

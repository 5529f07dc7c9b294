import { dataset } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { Gan } from '../../src/nn/gan/index.ts';
import type { GanCompileOptions, GanOptions } from '../../src/nn/gan/index.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { testGpu } from '../helpers/evaluate.ts';

/** Points on an arc, the smallest thing that a generator can imitate. */
export function arc(size: number): Dataset {
  const x = new Float32Array(2 * size);
  for (let i = 0; i < size; i++) {
    const angle = 1 + 1.5 * Math.sin(i * 12.9898);
    x[2 * i] = 0.7 * Math.cos(angle);
    x[2 * i + 1] = 0.7 * Math.sin(angle);
  }
  return dataset({ name: `arc ${size}`, x, y: new Uint8Array(size), inputShape: [2] });
}

export interface TinyOptions extends Partial<GanOptions> {
  /** Of the discriminator, to have something random in it. */
  dropout?: number;
}

/** G: 2 → 4 → 2, D: 2 → 5 → 1. */
export function tinyGan({ dropout: rate = 0, ...options }: TinyOptions = {}): Gan {
  return new Gan({
    generator: sequential(
      [dense({ units: 4, activation: 'tanh' }), dense({ units: 2, activation: 'tanh' })],
      {
        inputShape: [2],
        name: 'tiny generator',
        seed: 10,
      },
    ),
    discriminator: sequential(
      [dense({ units: 5, activation: 'tanh' }), ...(rate > 0 ? [dropout(rate)] : []), dense({ units: 1 })],
      { inputShape: [2], name: 'tiny discriminator', seed: 11 },
    ),
    name: 'tiny',
    seed: 3,
    ...options,
  });
}

export async function compiledTinyGan({
  dropout: rate,
  generator,
  discriminator,
  name = 'tiny',
  seed = 3,
  imageRange,
  prepare,
  ...options
}: TinyOptions & GanCompileOptions = {}): Promise<Gan> {
  const networks = { ...(generator && { generator }), ...(discriminator && { discriminator }) };
  const gan = tinyGan({ dropout: rate, ...networks, name, seed, imageRange, prepare });
  return gan.compile({ gpu: await testGpu(), ...options });
}

/** The weights of one of the networks, or of both, one after the other. */
export async function weightsOf(gan: Gan, part: 'generator' | 'discriminator' | 'both' = 'both') {
  const { gpu } = gan.compiled;
  const variables = part === 'both' ? gan.variables : gan[part].variables;
  const values = await gpu.variables.readAll(variables);
  return variables.flatMap((variable) => [...values.get(variable)!]);
}

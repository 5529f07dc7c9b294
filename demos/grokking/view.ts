import { ops } from '../../src/index.ts';
import type { Gpu, Network, Program, Tensor } from '../../src/index.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { frequenciesOf } from './protocol.ts';
import type { Reading } from './protocol.ts';

/**
 * Compiles what is shown of a network for addition modulo p.
 *
 * Inputs: `pair` [1], the place a · p + b of a pair, and `wanted` [1, frequencies], above 1 at a frequency whose circle is wanted.
 * Outputs: `table` [p², 1], for each pair the probability of the right sum, less 1 where another is likelier; `embedding`
 * [p, width]; `waves` [frequencies, width], the amplitude √(C² + S²) of each frequency in each of these; and `reading`, one after the other: the probabilities of the answers to the pair, the shares of the frequencies,
 * and the places on a circle.
 *
 * The Fourier components of the embedding E along the numbers are C_k = Σ_a E_a cos(2π k a / p) and S_k, with the sine (Nanda
 * et al. 2023). By Parseval the share of frequency k is 2 (|C_k|² + |S_k|²) / (p Σ_a |E_a|²). The place of a on circle k is
 * (E_a · C_k / |C_k|, E_a · S_k / |S_k|).
 */
export function compileView(gpu: Gpu, network: Network, prime: number): Promise<Program> {
  const frequencies = frequenciesOf(prime);
  const numbers = network.layers.find(({ name }) => name === 'numbers')!.variables[0];
  const width = numbers.shape[1];
  const all = Array.from({ length: prime * prime }, (_, i) => [Math.floor(i / prime), i % prime] as const);
  const pairs = Int32Array.from(all.flat());
  const sums = Int32Array.from(all, ([a, b]) => (a + b) % prime);
  const waves = Float32Array.from({ length: 2 * frequencies * prime }, (_, i) => {
    const [row, a] = [Math.floor(i / prime), i % prime];
    const angle = (2 * Math.PI * ((row % frequencies) + 1) * a) / prime;
    return row < frequencies ? Math.cos(angle) : Math.sin(angle);
  });
  const pair = ops.input('pair', [1], 'i32');
  const wanted = ops.input('wanted', [1, frequencies]);
  return gpu.compile(
    () => {
      const right = ops.constant(sums, [prime * prime, 1]);
      const logits = network.call(ops.constant(pairs, [prime * prime, 2]));
      const best = ops.reduceMax(logits, { axes: [1], keepDims: true });
      const probabilities = ops.softmax(logits);
      const share = ops.takeAlongAxis(probabilities, right);
      const isWrong = ops.less(ops.takeAlongAxis(logits, right), best);

      const embedding = ops.read(numbers);
      const components = ops.matmul(ops.constant(waves, [2 * frequencies, prime]), embedding);
      const squares = ops.square(components);
      const half = (from: number) => ops.slice(squares, [from, 0], [frequencies, width]);
      const power = ops.add(half(0), half(frequencies));
      const amplitudes = ops.sqrt(power);
      const powers = ops.reshape(ops.reduceSum(power, { axes: [1] }), [1, frequencies]);
      const total = ops.reduceSum(ops.square(embedding));
      const shares = ops.divide(ops.multiply(powers, 2 / prime), ops.maximum(total, 1e-20));
      const score = ops.add(shares, wanted);
      const chosen = ops.equal(score, ops.reduceMax(score));
      const axis = (from: number): Tensor => {
        const own = ops.matmul(chosen, ops.slice(components, [from, 0], [frequencies, width]));
        return ops.divide(own, ops.maximum(ops.sqrt(ops.reduceSum(ops.square(own))), 1e-20));
      };
      const axes = ops.concat([axis(0), axis(frequencies)], 0);
      const places = ops.matmul(embedding, ops.transpose(axes));
      const flat = (x: Tensor) => ops.reshape(x, [-1]);
      return {
        table: ops.subtract(share, isWrong),
        'largest:table': ops.fill([1], 1),
        embedding,
        'largest:embedding': ops.reduceMax(ops.abs(embedding)),
        waves: amplitudes,
        'largest:waves': ops.reduceMax(amplitudes),
        reading: ops.concat([flat(ops.gather(probabilities, pair)), flat(shares), flat(places)], 0),
      };
    },
    { label: 'view' },
  );
}

/** The panels of such a program. */
export function viewSources(view: Program, prime: number): [panel: string, source: TensorSource][] {
  const { shape } = view.build.outputs.embedding;
  const of = (name: string, height: number, width: number, more: Partial<TensorSource>) => {
    const strides = { tileStride: height * width, rowStride: width, columnStride: 1 };
    const [values, largest] = [name, `largest:${name}`].map((output) => view.location(output));
    const source = { kind: 'tensor', values, largest, width, height, count: 1, ...strides, ...more } as const;
    return [name, source] as [string, TensorSource];
  };
  const [, width] = shape;
  return [
    of('table', prime, prime, { verdicts: true }),
    of('embedding', prime, width, {}),
    // A column for each frequency.
    of('waves', width, frequenciesOf(prime), { picture: true, rowStride: 1, columnStride: width }),
  ];
}

/** What `reading` says. */
export function readingOf(
  values: Float32Array,
  prime: number,
  { a, b, wanted }: { a: number; b: number; wanted: number },
): Reading {
  const frequencies = frequenciesOf(prime);
  const shares = values.slice(prime, prime + frequencies);
  const strongest = shares.reduce((best, share, i) => (share > shares[best] ? i : best), 0) + 1;
  return {
    a,
    b,
    answers: values.slice(0, prime),
    shares,
    frequency: wanted || strongest,
    places: values.slice(prime + frequencies),
  };
}

/** The share of the embedding that lies in its three strongest circles. */
export const orderOf = (shares: Float32Array): number =>
  shares
    .toSorted((a, b) => b - a)
    .subarray(0, 3)
    .reduce((sum, share) => sum + share, 0);

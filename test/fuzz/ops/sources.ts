import { sampleAt } from '../../../src/data/permutation.ts';
import * as ops from '../../../src/ops/index.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { full, map, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as random from '../../reference/random.ts';
import type { RandomKey } from '../../reference/random.ts';
import type { Drawing, OpEntry } from '../entry.ts';

/** Every case runs with this seed. */
export const PROGRAM_SEED = 2 ** 35 + 99;

const key = (stream: number): RandomKey => ({ seed: PROGRAM_SEED, stream, step: 0 });
const stream = (draft: Drawing) => ({ stream: draft.rng.int(0, 1000) });

type Draw = (shape: readonly number[], key: RandomKey, ...parameters: number[]) => Array64;

function source(twin: Draw, parameters: (draft: Drawing) => number[]): OpEntry {
  return {
    draw: (draft) => ({
      inputs: [],
      args: [draft.shape(draft.rng.int(0, 4), 300), ...parameters(draft), stream(draft)],
    }),
    twin: (_, [shape, ...rest]) => ({ y: twin(shape, key(rest.at(-1).stream), ...rest.slice(0, -1)) }),
  };
}

/** Rows of the batch of the first step. */
function batchOf(
  samples: Array64,
  options: {
    batchSize: number;
    size?: number;
    shuffle?: boolean;
    salt?: number;
    scale?: number;
    offset?: number;
  },
): Array64 {
  // prettier-ignore
  const { batchSize, shuffle, salt, scale = 1, offset = 0 } = options;
  const size = options.size ?? samples.shape[0];
  const sample = sizeOf(samples.shape.slice(1));
  const at = (row: number) => sampleAt(0, row, { size, batchSize, shuffle, salt, seed: PROGRAM_SEED });
  const shape = [batchSize, ...samples.shape.slice(1)];
  return map(full(shape, 0), (_, i) => scale * samples.data[at(Math.floor(i / sample)) * sample + (i % sample)] + offset); // prettier-ignore
}

function batchOptions(draft: Drawing, samples: number) {
  const { rng } = draft;
  return {
    batchSize: rng.int(1, Math.min(samples + 3, 70)),
    ...(rng.chance(0.3) && { size: rng.int(1, samples) }),
    ...(rng.chance(0.5) && { shuffle: rng.chance(0.3) }),
    ...(rng.chance(0.3) && { salt: rng.int(0, 99) }),
    ...(rng.chance(0.4) && { scale: 0.25, offset: rng.pick([-0.5, 0]) }),
  };
}

function gathering(labelled: boolean): OpEntry {
  return {
    draw(draft) {
      const { rng } = draft;
      const dtype = rng.pick<DType>(['f32', 'u8']);
      const samples = draft.size(70);
      const shape = [samples, ...rng.pick([[], [1], [3], [4], [5, 5, 1], [4, 4, 3], [65]])];
      const data = draft.leaf(shape, { dtype, low: dtype === 'u8' ? 0 : -2, high: dtype === 'u8' ? 9 : 2 });
      const labels = () => draft.leaf([samples], { dtype: rng.pick<DType>(['u8', 'i32']), low: 0, high: 9 });
      return { inputs: [data, ...(labelled ? [labels()] : [])], args: [batchOptions(draft, samples), rng.int(0, 1)] }; // prettier-ignore
    },
    build([data, labels], [options, which]) {
      if (!labelled) return ops.gatherBatch({ source: data, ...options });
      return ops.gatherLabelledBatch({ source: data, labels, ...options })[which === 1 ? 1 : 0];
    },
    twin: ([data, labels], [options, which]) => ({
      y:
        labelled && which === 1
          ? batchOf(labels, { ...options, scale: 1, offset: 0 })
          : batchOf(data, options),
    }),
    blocks: true,
  };
}

export const sourceOps = {
  randomUniform: source(random.uniform, ({ rng }) =>
    rng.pick([
      [0, 1],
      [-1, 1],
      [0, 3],
    ]),
  ),
  randomNormal: source(random.normal, ({ rng }) =>
    rng.pick([
      [0, 1],
      [0, 0.5],
      [1, 2],
    ]),
  ),
  randomTruncatedNormal: source(random.truncatedNormal, ({ rng }) => rng.pick([[0, 1], [1, 0.5]])), // prettier-ignore
  dropout: {
    draw: (draft) => ({ inputs: [draft.any()], args: [draft.rng.pick([0.5, 0.25, 0.9, 0]), stream(draft)] }),
    twin([x], [rate, { stream: own }]) {
      const mask = rate === 0 ? full(x.shape, 1) : random.dropoutMask(x.shape, key(own), rate);
      const masked = (of: Array64) => map(of, (value, i) => value * mask.data[i]);
      return { y: masked(x), vjp: (dy) => [masked(dy)] };
    },
  },
  gatherBatch: gathering(false),
  gatherLabelledBatch: gathering(true),
} satisfies Record<string, OpEntry>;

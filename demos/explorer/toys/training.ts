import { accumulate, retain } from '../../../src/nn/optimizers/accumulation.ts';
import { programState, Variable } from '../../../src/ops/core/leaves.ts';
import type { VariableConstraint } from '../../../src/ops/core/leaves.ts';
import type { Dispatch, Effect } from '../../../src/ops/core/op.ts';
import { withSideEffects } from '../../../src/ops/core/sideEffects.ts';
import { advanceDispatch } from '../../../src/ops/dataset/advance.ts';
import { recordDispatches } from '../../../src/ops/dataset/effects.ts';
import { gatherAugmented } from '../../../src/ops/dataset/gatherAugmented.ts';
import { gatherBatch, gatherLabelledBatch } from '../../../src/ops/dataset/gatherBatch.ts';
import { followStatistics, normalizeWith } from '../../../src/ops/normalization/moving.ts';
import { constrainDispatch } from '../../../src/ops/optimizer/constrain.ts';
import { NO_FAULT } from '../../../src/ops/optimizer/faults.ts';
import { acceptDispatch } from '../../../src/ops/optimizer/accept.ts';
import { unscale } from '../../../src/ops/optimizer/lossScale.ts';
import { verdictDispatch } from '../../../src/ops/optimizer/verdict.ts';
import { withStreams } from '../../../src/ops/random/random.ts';
import { effects, line, lowered, resource, targets, tensor } from './toy.ts';
import type { Toy } from './toy.ts';

/** One dispatch that changes lasting memory. */
const single = (kernel: string, title: string, make: () => Dispatch, more: Partial<Toy> = {}): Toy => ({
  kernel,
  title,
  lower: () => effects([], ({ dispatch }) => dispatch(make())),
  ...more,
});

const state = resource('state', [8], 'u32');
const guard = resource('guard', [4], 'u32');
const gradients = resource('gradients', [4, 4]);
const ranges = { gradients, length: 16 };
/** One step was done, and it was made. */
const MADE = [1, 0, 0, 0, 0, 0, 0, 0];
const SAMPLES = [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33, 41, 42, 43];

function constrained(kernel: string, title: string, constraint: VariableConstraint, size: number): Toy {
  const shape = [4, 3];
  const make = () => constrainDispatch({ constraint, shape, values: resource('w', shape), offset: 0, state });
  return single(`optimizer/${kernel}`, title, make, {
    values: { state: MADE, w: [3, -1, 0.5, 4, 2, -0.25, 0, 2, 0.5, -1, 0, 0.5] },
    small: line(size),
  });
}

/** Of 64 lanes, the one that has found a gradient that is infinite. */
const LANES = Array.from({ length: 64 }, (_, i) => (i === 6 ? 1 : 0));

/** One of the kernels that make gradients of a scaled loss those of the loss. */
function scaled(part: string, title: string, size: number, more: Partial<Toy>): Toy {
  const all = () =>
    effects([], (context) =>
      unscale([resource('gradients', [size / 4, 4])], resource('scaling', [4]), context),
    );
  return {
    kernel: `optimizer/${part}`,
    title,
    lower: () => all().filter(({ kernel }) => kernel.name === `optimizer/${part}`),
    ...more,
  };
}

function moving(): Effect {
  const [mean, variance] = ['moving mean', 'moving variance'].map(
    (name) => new Variable({ name, shape: [4], initialize: (data) => data.fill(0) }),
  );
  let own: Effect | undefined;
  withSideEffects(
    (effect) => (own = effect),
    () => followStatistics({ mean, variance }, tensor('mean', [4]), tensor('variance', [4]), 0.9),
  );
  return own!;
}

/** What a training does beside forward and backward: batches, records, the verdict on a step. */
export const toys: readonly Toy[] = [
  {
    kernel: 'dataset/gather',
    title: 'a batch of two from five shuffled samples of three numbers, with their labels',
    lower: () =>
      lowered(
        gatherLabelledBatch({
          source: tensor('samples', [5, 3]),
          labels: tensor('classes', [5], 'i32'),
          batchSize: 2,
        }),
      ),
    values: { samples: SAMPLES, classes: [0, 1, 2, 3, 4] },
    small: { constants: { WORKGROUP_SIZE: 4 }, workgroups: [2, 1, 1] },
  },
  {
    kernel: 'dataset/gather_bytes',
    title: 'a batch of two from five shuffled samples of four bytes, a 255th of each',
    lower: () =>
      lowered(gatherBatch({ source: tensor('bytes', [5, 4], 'u8'), batchSize: 2, scale: 1 / 255 })),
    // four bytes to a word: sample i is i · 51 four times
    values: { bytes: [0, 0x33333333, 0x66666666, 0x99999999, 0xcccccccc] },
    small: { constants: { WORKGROUP_SIZE: 4 }, workgroups: [2, 1, 1] },
  },
  {
    kernel: 'dataset/gather_augmented',
    title: 'two images of 4 × 4, shuffled, each moved and perhaps mirrored at random',
    lower: () =>
      lowered(
        withStreams(() =>
          gatherAugmented({
            source: tensor('images', [3, 4, 4, 1]),
            batchSize: 2,
            augment: { shift: 0.25, flipHorizontal: true },
          }),
        ),
      ),
    values: { images: [0, 0, 2, 2, 0, 1, 0, 2, 2, 1, 0, 0, 2, 2, 3, 0] },
    small: { constants: { WORKGROUP_SIZE: 4 }, workgroups: [2, 1, 1] },
  },
  {
    kernel: 'dataset/record',
    title: 'the sum of the losses of eight samples, into the ring of the latest steps',
    lower: () =>
      effects([], ({ dispatch }) => {
        const [own] = recordDispatches({
          metrics: [tensor('loss', [8])],
          ring: resource('ring', [2, 5], 'u32'),
          state,
          target: targets.gpu,
        });
        dispatch(own);
      }),
    values: { loss: [0.5, 1, 0.25, 2, 0.75, 1.5, 0.5, 0.25] },
    small: { constants: { WORKGROUP_SIZE: 4, LEVELS: 2 }, workgroups: [1, 1, 1] },
  },
  single('dataset/advance', 'the end of a step that was made', () => advanceDispatch(state, guard)),
  {
    kernel: 'normalization/moving_statistics',
    title: 'moving mean and variance of four channels, a tenth of the way to those of a batch',
    lower: () => {
      const own = moving();
      return effects(own.inputs, (context) => own.lower(context, own.inputs));
    },
    values: { 'moving mean': [0, 1, -1, 2], 'moving variance': [1, 1, 2, 4] },
    small: { constants: { WORKGROUP_SIZE: 4 }, workgroups: [1, 1, 1] },
  },
  {
    kernel: 'normalization/scale_shift',
    title: 'scale and shift of three channels, from their moving statistics',
    lower: () => {
      const [mean, variance, gamma, beta] = ['mean', 'variance', 'gamma', 'beta'].map((name) =>
        tensor(name, [3]),
      );
      return lowered(normalizeWith(tensor('x', [2, 3]), { mean, variance, gamma, beta }));
    },
    values: { mean: [0, 1, -2], variance: [1, 4, 0.25], gamma: [1, 2, 1], beta: [0, 0.5, -1] },
    small: { constants: { WORKGROUP_SIZE: 3 }, workgroups: [1, 1, 1] },
  },
  single(
    'optimizer/accumulate',
    'the gradients of this step and the sum of those before it',
    () => accumulate(ranges, resource('accumulated', [4, 4])),
    {
      values: { gradients: [0.5, -0.25, 1, 0, -2, 0.125, 0.75, -1], accumulated: [1, 2, -1, 0.5] },
      small: line(4, 2),
    },
  ),
  single(
    'optimizer/retain',
    'a slot becomes what was proposed for it',
    () =>
      retain(
        ranges,
        { state, proposed: resource('proposed', [4, 4]), values: resource('slot', [4, 4]) },
        { STEPS: 1 },
      ),
    { values: { state: MADE, proposed: [1, 2, 3, 4, 5, 6, 7, 8] }, small: line(4, 2) },
  ),
  scaled(
    'overflow_partials',
    'whether 256 gradients are finite: none is not, but one was in the step before',
    256,
    {
      values: { gradients: [0.5, -2, 1, 0, 3], 'toy.overflow': LANES },
    },
  ),
  scaled('overflow', 'whether an update is skipped: one of 64 lanes has found an infinity', 16, {
    values: { 'toy.overflow': LANES, scaling: [32_768, 5, 0, 0] },
  }),
  scaled('unscale', 'sixteen gradients of a loss that was scaled by 4', 16, {
    values: { gradients: [2, -1, 4, 0, -8, 0.5, 3, -4], scaling: [4, 5, 0, 0] },
    small: line(4, 2),
  }),
  single(
    'optimizer/accept',
    'moving statistics become what was proposed for them',
    () =>
      acceptDispatch({
        proposed: resource('proposed', [16]),
        values: resource('statistics', [8]),
        guard,
        offset: 8,
      }),
    { values: { proposed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] }, small: line(2, 2) },
  ),
  single(
    'optimizer/verdict',
    'a step with one fault among 16 parameters is not made',
    () =>
      verdictDispatch({
        faults: resource('faults', [16], 'u32'),
        program: programState(),
        state: programState(),
        guard,
        first: true,
        target: targets.gpu,
      }),
    // the fault of the gradient with the number 6: the kind 1 in the two highest bits
    { values: { faults: Array.from({ length: 16 }, (_, i) => (i === 6 ? 2 ** 30 + 1 : NO_FAULT)) } },
  ),
  constrained(
    'constrain_norm',
    'columns of a 4 × 3 matrix, none longer than 2',
    { kind: 'norm', low: 0, high: 2, rate: 1, axes: [0] },
    3,
  ),
  constrained('constrain_sign', '4 × 3 numbers, none below 0', { kind: 'nonNegative' }, 12),
];

import type { Measurements } from './measurements.ts';

/**
 * Measured choices that come with wgrad, by class of adapter (see `adapterClass`): those of the models' training steps at
 * their batch sizes that `npm run tune -- --defaults` found at least 10% faster than the rule's. Only what was measured
 * stands here, and no GPU was at hand. An entry whose kernels have changed since is passed over.
 */
export const DEFAULTS: Readonly<Record<string, Measurements>> = {
  lavapipe: {
    choices: {
      'conv2d f32[64,12,12,8] f32[5,5,8,16] {"dilation":[1,1],"groups":1,"padding":"valid","stride":[1,1]} +channel':
        {
          variant: 'broadcast:4x4',
          microseconds: 925.2994444444444,
          rule: 'broadcast',
          ruleMicroseconds: 1171.053,
          sources: 'e7552d6d',
          fingerprint: '165008f7',
        },
      'conv2dGradFilterBias f32[64,28,28,1] f32[64,24,24,8] {"dilation":[1,1],"groups":1,"kernel":[5,5],"padding":"valid","stride":[1,1]}':
        {
          variant: 'broadcast:5x8x0',
          microseconds: 576.5693333333334,
          rule: 'broadcast',
          ruleMicroseconds: 670.964875,
          sources: '57f40642',
          fingerprint: 'bdeda5b0',
        },
    },
  },
};

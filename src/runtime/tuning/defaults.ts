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
          microseconds: 515.6931111111112,
          rule: 'broadcast',
          ruleMicroseconds: 606.5020666666667,
          sources: '9a6605ae',
          fingerprint: '165008f7',
        },
    },
  },
};

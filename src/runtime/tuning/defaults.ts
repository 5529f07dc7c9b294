import type { Measurements } from './measurements.ts';

/**
 * Measured choices that come with wgrad, by class of adapter (see `adapterClass`): those of the models' training steps at
 * their batch sizes that `npm run tune -- --defaults` found at least 10% faster than the rule's. Only measured choices are
 * listed, and no physical GPU was available. An entry whose kernels have changed since is ignored.
 */
export const DEFAULTS: Readonly<Record<string, Measurements>> = {
  lavapipe: {
    choices: {
      'conv2d f32[64,12,12,8] f32[5,5,8,16] {"dilation":[1,1],"groups":1,"padding":"valid","stride":[1,1]} +channel':
        {
          variant: 'broadcast:4x4',
          microseconds: 495.0108,
          rule: 'broadcast',
          ruleMicroseconds: 596.5401111111111,
          sources: 'edfc683b',
          fingerprint: '153474fe',
        },
      'conv2dGradFilterBias f32[64,12,12,8] f32[64,8,8,16] {"dilation":[1,1],"groups":1,"kernel":[5,5],"padding":"valid","stride":[1,1]}':
        {
          variant: 'broadcast:8x8x1',
          microseconds: 610.6377777777777,
          rule: 'broadcast',
          ruleMicroseconds: 689.264625,
          sources: '4fcfb019',
          fingerprint: 'c52bf860',
        },
      'conv2dGradFilterBias f32[64,28,28,1] f32[64,24,24,8] {"dilation":[1,1],"groups":1,"kernel":[5,5],"padding":"valid","stride":[1,1]}':
        {
          variant: 'broadcast:5x8x0',
          microseconds: 538.0407777777777,
          rule: 'broadcast',
          ruleMicroseconds: 624.3482222222223,
          sources: '7c7bf652',
          fingerprint: '5e95bcc6',
        },
    },
  },
};

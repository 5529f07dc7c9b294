import type { Measurements } from './measurements.ts';

/**
 * Measured choices that come with wgrad, by class of adapter (see `adapterClass`): those of the models' training steps at
 * their batch sizes that `npm run tune -- --defaults` found at least 10% faster than the rule's. Only what was measured
 * stands here, and no GPU was at hand. An entry whose kernels have changed since is passed over.
 */
export const DEFAULTS: Readonly<Record<string, Measurements>> = {};

import type { Measurements } from './measurements.ts';

/**
 * Measured choices that come with wgrad, by class of adapter (see `adapterClass`), as `npm run tune -- --defaults` writes
 * them. Only what was measured stands here: wgrad was developed on software adapters, and no GPU was at hand.
 */
export const DEFAULTS: Readonly<Record<string, Measurements>> = {};

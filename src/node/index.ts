/** What wgrad offers in Node only: finding an adapter through Dawn, and the cache on disk. */
export { findAdapter } from './adapter.ts';
export type { AdapterKind, AdapterOptions, FoundAdapter } from './adapter.ts';
export { cacheFolder } from './cache.ts';

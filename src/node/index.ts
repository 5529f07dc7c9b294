import { init as initOn } from '../runtime/session.ts';
import type { Gpu } from '../runtime/session.ts';
import { findAdapter } from './adapter.ts';
import type { AdapterOptions } from './adapter.ts';

/* What wgrad offers in Node besides everything else: Dawn's adapters, and the cache on disk. */

export { findAdapter };
export type { AdapterKind, AdapterOptions, FoundAdapter } from './adapter.ts';
export { cacheFolder } from './cache.ts';

/**
 * `init` for Node: opens the best adapter there is, or the kind that is asked for. To learn which it is, and to use a
 * device of your own, call `findAdapter` and give its adapter to the `init` of the main entry.
 *
 * @throws {AdapterError} when there is no adapter of that kind, with the fix
 */
export async function init(options: AdapterOptions = {}): Promise<Gpu> {
  const { adapter } = await findAdapter(options);
  return initOn({ adapter });
}

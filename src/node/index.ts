import { openGpu } from '../runtime/session.ts';
import type { Gpu } from '../runtime/session.ts';
import { checkOptions } from '../options.ts';
import { adapterOptions, findAdapter } from './adapter.ts';
import type { AdapterOptions } from './adapter.ts';

/** What wgrad offers in Node only: a GPU through Dawn, data sets and the cache on disk. */
export { findAdapter } from './adapter.ts';
export type { AdapterKind, AdapterOptions, FoundAdapter } from './adapter.ts';
export { cacheFolder } from './cache.ts';
export { folderCheckpoints } from './folderCheckpoints.ts';
export { loadMnistNode } from './mnist.ts';
export type { LoadMnistNodeOptions, MnistFolders } from './mnist.ts';

/**
 * Opens the GPU in Node: the best adapter there is, on the CPU if need be. See `findAdapter`, which also tells in
 * words what it found.
 *
 * @param options.adapter forces a kind; default: the environment variable WGRAD_ADAPTER, else the best there is
 * @throws {AdapterError} when there is no adapter of that kind, with the fix
 * @throws {ArgumentError} when the kind is unknown
 */
export async function initNode(options: AdapterOptions = {}): Promise<Gpu> {
  checkOptions('initNode', options, adapterOptions);
  const { gpu, adapter, kind } = await findAdapter(options);
  const software = kind !== 'gpu';
  const warmUp =
    kind === 'lavapipe' ? { adapter: sharesCode() ? () => gpu.requestAdapter() : undefined } : undefined;
  return openGpu({ gpu, adapter, software, warmUp }, () => initNode(options));
}

/** Whether Mesa keeps compiled code on disk, where one device finds what another one has compiled. */
const sharesCode = () => !/^(1|true|yes|y)$/i.test(process.env.MESA_SHADER_CACHE_DISABLE ?? '');

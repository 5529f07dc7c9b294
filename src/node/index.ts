import { openGpu } from '../runtime/session.ts';
import type { Gpu } from '../runtime/session.ts';
import { tuneOptions, TuningSettings } from '../runtime/tuning/tuning.ts';
import type { TuneOptions } from '../runtime/tuning/tuning.ts';
import { checkOptions } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { tuningFile } from './tuningFile.ts';
import { adapterOptions, findAdapter } from './adapter.ts';
import type { AdapterOptions } from './adapter.ts';

/** The parts of wgrad for Node only: a GPU through Dawn, data sets and the cache on disk. */
export { findAdapter } from './adapter.ts';
export type { AdapterKind, AdapterOptions, FoundAdapter } from './adapter.ts';
export { cacheFolder } from './cache.ts';
export { tuningFile } from './tuningFile.ts';
export { folderCheckpoints } from './folderCheckpoints.ts';
export { loadMnistNode } from './mnist.ts';
export type { DataFolders, DataFolders as MnistFolders } from './dataFolders.ts';
export type { LoadMnistNodeOptions } from './mnist.ts';

export interface NodeOptions extends AdapterOptions, TuneOptions {}

const nodeOptions: OptionTable<NodeOptions> = { ...adapterOptions, ...tuneOptions };

/**
 * Opens the GPU in Node: the best adapter, on the CPU if there is no other. See `findAdapter`, which also describes what
 * it found.
 *
 * @param options.adapter forces a kind; default: the environment variable WGRAD_ADAPTER, else the best there is
 * @param options.tune chooses kernels by measurement (see `TuneMode`); what was measured is kept in the cache folder.
 *   Default false
 * @throws {AdapterError} when there is no adapter of that kind, with the fix
 * @throws {ArgumentError} when the kind is unknown
 */
export async function initNode(options: NodeOptions = {}): Promise<Gpu> {
  checkOptions('initNode', options, nodeOptions);
  const { adapter: wanted, ...tune } = options;
  const settings = new TuningSettings('initNode', tune, tuningFile());
  const open = async (): Promise<Gpu> => {
    const { gpu, adapter, kind } = await findAdapter({ adapter: wanted });
    const helper = sharesCode() ? () => gpu.requestAdapter() : undefined;
    const warmUp = kind === 'lavapipe' ? { adapter: helper } : undefined;
    return openGpu({ gpu, adapter, software: kind !== 'gpu', warmUp }, open, settings);
  };
  return open();
}

/** Whether Mesa keeps compiled code on disk, where one device finds what another one has compiled. */
const sharesCode = () => !/^(1|true|yes|y)$/i.test(process.env.MESA_SHADER_CACHE_DISABLE ?? '');

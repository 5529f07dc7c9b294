import { readdirSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdapterError, ArgumentError } from '../errors.ts';
import type { AdapterKind } from './adapterChoice.ts';
import {
  ADAPTER_KINDS,
  answers,
  classify,
  describe,
  explain,
  findDrivers,
  nameOf,
  placesToTry,
  refusal,
} from './adapterChoice.ts';
import { sleepWhileWaiting } from './polling.ts';
import { swiftShaderFolder } from './chromiumPackage.ts';
import { checkOptions } from '../options.ts';
import type { OptionTable } from '../options.ts';

export type { AdapterKind } from './adapterChoice.ts';

export interface AdapterOptions {
  /**
   * Forces one kind; `software` takes any adapter on the CPU. Default: the environment variable WGRAD_ADAPTER, else
   * the best there is: a GPU, lavapipe, SwiftShader.
   */
  adapter?: AdapterKind;
}

/** Timestamps as they are: Dawn rounds them to 65.5 µs for the sake of web pages, most kernels take less. */
const DAWN_OPTIONS = ['disable-dawn-features=timestamp_quantization'];

export const adapterOptions: OptionTable<AdapterOptions> = { adapter: true };

export interface FoundAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  kind: AdapterKind;
  /** One-line description: what computes and, on the CPU, why nothing better was found. */
  description: string;
}

/**
 * Finds a WebGPU adapter in Node, through Dawn (the npm package `webgpu`), and defines WebGPU's globals
 * (GPUBufferUsage, GPUMapMode, …).
 *
 * Without a GPU it sets up a Vulkan driver on the CPU by itself: lavapipe where the system has it, else the
 * SwiftShader inside the npm package @sparticuz/chromium. Drivers are chosen through VK_DRIVER_FILES, which therefore
 * changes in `process.env`. Call it on the main thread: a worker's environment is only a copy.
 *
 * @throws {AdapterError} when there is no adapter of that kind, with the fix
 * @throws {ArgumentError} when the kind is unknown
 */
export async function findAdapter(options: AdapterOptions = {}): Promise<FoundAdapter> {
  checkOptions('findAdapter', options, adapterOptions);
  const wanted = options.adapter ?? ((process.env.WGRAD_ADAPTER || undefined) as AdapterKind | undefined);
  if (wanted !== undefined && !ADAPTER_KINDS.includes(wanted)) {
    throw new ArgumentError(`Unknown adapter '${wanted}': choose one of ${ADAPTER_KINDS.join(', ')}.`);
  }
  const create = await loadDawn();
  const onLinux = process.platform === 'linux';
  if (onLinux) {
    process.env.XDG_RUNTIME_DIR ??= tmpdir(); // lavapipe warns without it
    ensureVulkanLoader();
  }

  const ownDrivers = process.env.VK_DRIVER_FILES;
  const refused: string[] = [];
  for (const place of placesToTry(wanted, onLinux ? findDrivers(process.env, listFolder) : undefined)) {
    const driver = place === 'swiftshader' ? swiftShaderDriver(refused) : place;
    if (!driver) continue;
    setDrivers(place === 'system' ? ownDrivers : driver);
    const gpu = create(DAWN_OPTIONS);
    const adapter = await gpu.requestAdapter({
      powerPreference: 'high-performance',
      forceFallbackAdapter: wanted === 'software' && !onLinux,
    });
    const kind = adapter && classify(adapter.info);
    if (adapter && kind && answers(wanted, kind)) {
      keepAlive(gpu, adapter);
      return { gpu, adapter, kind, description: describe(kind, adapter.info, wanted, refused) };
    }
    if (place !== 'system') refused.push(refusal(place, kind));
    else if (adapter) refused.push(`the system offers ${nameOf(adapter.info)}`);
  }
  setDrivers(ownDrivers);
  throw new AdapterError(explain(wanted, refused));
}

async function loadDawn(): Promise<(options: string[]) => GPU> {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    sleepWhileWaiting(globals as never);
    return create;
  } catch (cause) {
    throw new AdapterError(
      `Dawn, the npm package 'webgpu', does not load on ${process.platform} ${process.arch}: ` +
        `${(cause as Error).message}. Install it with: npm install webgpu.`,
      { cause },
    );
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function swiftShaderDriver(refused: string[]): string | undefined {
  try {
    return join(swiftShaderFolder(), 'vk_swiftshader_icd.json');
  } catch (error) {
    refused.push((error as Error).message.replace(/\.$/, ''));
    return undefined;
  }
}

function setDrivers(files: string | undefined): void {
  if (files === undefined) delete process.env.VK_DRIVER_FILES;
  else process.env.VK_DRIVER_FILES = files;
}

/**
 * Dawn opens the Vulkan loader, libvulkan.so.1, by its bare name. Where the system has none, the one that comes with
 * SwiftShader is opened first: the linker then answers to the name with the library already in memory, and no
 * LD_LIBRARY_PATH has to be set before Node starts.
 */
function ensureVulkanLoader(): void {
  if (openLibrary('libvulkan.so.1')) return;
  try {
    openLibrary(join(swiftShaderFolder(), 'libvulkan.so.1'));
  } catch {
    // Without the package there is no loader: Dawn then finds no adapter, and that error says what to install.
  }
}

/**
 * Opens a shared library for good and says whether that worked. process.dlopen expects a Node add-on and complains
 * about any other library ("did not self-register") after having opened it; RTLD_NODELETE keeps it in memory.
 */
function openLibrary(path: string): boolean {
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return true;
  } catch (error) {
    return (error as Error).message.includes('did not self-register');
  }
}

/**
 * Dawn crashes at the end of the process when its instance was garbage-collected with work still under way, so
 * instance and adapter live as long as the process.
 */
function keepAlive(...objects: object[]): void {
  const scope = globalThis as { [KEPT]?: object[] };
  (scope[KEPT] ??= []).push(...objects);
}
const KEPT = Symbol.for('wgrad.keptGpuObjects');

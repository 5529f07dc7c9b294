import { join } from 'node:path';

/*
 * The decisions of findAdapter, without any input or output: which drivers to try in which order, the kind of an adapter,
 * and the messages.
 */

/**
 * What computes: a real `gpu`; on the CPU, `lavapipe` (Mesa's Vulkan driver), `swiftshader`, or, as an answer,
 * `software` for any other one such as Windows' WARP. As a wish, `software` means whichever adapter on the CPU.
 */
export type AdapterKind = 'gpu' | 'lavapipe' | 'swiftshader' | 'software';

export const ADAPTER_KINDS: readonly AdapterKind[] = ['gpu', 'lavapipe', 'swiftshader', 'software'];

/** What an adapter tells about itself; every field may be empty. */
export type AdapterIdentity = Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'> & {
  isFallbackAdapter?: boolean;
};

/** Vulkan driver files (ICDs) found on a Linux system. */
export interface VulkanDrivers {
  lavapipe: string[];
  /** Those of a GPU mounted into a container, where the Vulkan loader does not look by itself. */
  mountedGpu: string[];
}

/** Which kind an adapter is. Anything that computes on the CPU is never a `gpu`. */
export function classify(info: AdapterIdentity): AdapterKind {
  const text = [info.vendor, info.architecture, info.device, info.description].join(' ').toLowerCase();
  if (text.includes('swiftshader')) return 'swiftshader';
  if (/llvmpipe|lavapipe/.test(text)) return 'lavapipe';
  if (info.isFallbackAdapter || /\bsoftware\b|basic render|\bwarp\b/.test(text)) return 'software';
  return 'gpu';
}

/** Whether an adapter of `kind` is what was asked for; undefined takes any. */
export function answers(wanted: AdapterKind | undefined, kind: AdapterKind): boolean {
  return wanted === undefined || wanted === kind || (wanted === 'software' && kind !== 'gpu');
}

/**
 * The places to try, best first: `system` (whatever the system offers), a Vulkan driver file, or `swiftshader` (the
 * one from the npm package). `drivers` is undefined where Vulkan drivers are not ours to choose (macOS, Windows).
 */
export function placesToTry(wanted: AdapterKind | undefined, drivers: VulkanDrivers | undefined): string[] {
  if (!drivers) return ['system'];
  const gpu = [...drivers.mountedGpu, 'system'];
  const software = [...drivers.lavapipe, 'swiftshader'];
  switch (wanted) {
    case undefined:
      return [...gpu, ...software];
    case 'gpu':
      return gpu;
    case 'lavapipe':
      return drivers.lavapipe;
    case 'swiftshader':
      return ['swiftshader'];
    case 'software':
      return software;
  }
}

/**
 * The driver files that the user's environment or the system's folders name.
 *
 * @param list the names in a folder; empty when there is no such folder
 */
export function findDrivers(env: NodeJS.ProcessEnv, list: (folder: string) => string[]): VulkanDrivers {
  const paths = (variable: string | undefined) => (variable ?? '').split(':').filter(Boolean);
  const filesIn = (folder: string) =>
    list(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => join(folder, file));
  const userData = env.XDG_DATA_HOME || (env.HOME && join(env.HOME, '.local/share'));
  const roots = [userData, '/etc', '/usr/local/share', ...paths(env.XDG_DATA_DIRS), '/usr/share'];
  const found = [
    ...paths(env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES),
    ...roots.flatMap((root) => (root ? filesIn(join(root, 'vulkan/icd.d')) : [])),
  ];
  const lavapipe = found.filter((file) => /(^|\/)lvp_icd[^/]*\.json$/.test(file));
  return { lavapipe: [...new Set(lavapipe)], mountedGpu: filesIn('/usr/local/nvidia/share/vulkan/icd.d') };
}

const TITLES = { lavapipe: 'lavapipe', swiftshader: 'SwiftShader', software: 'Software adapter' };

/** The adapter's own name for itself. */
export function nameOf(info: AdapterIdentity): string {
  return (
    info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(' ') || 'unnamed'
  );
}

/** One-line description: what computes and, on the CPU, why nothing better was found. */
export function describe(
  kind: AdapterKind,
  info: AdapterIdentity,
  wanted: AdapterKind | undefined,
  refused: readonly string[],
): string {
  if (kind === 'gpu')
    return `GPU (${[nameOf(info), info.vendor, info.architecture].filter(Boolean).join(', ')})`;
  const why = [wanted ? 'as asked' : 'no GPU was found', ...refused].join('; ');
  return `${TITLES[kind]} on the CPU (${nameOf(info)}): ${why}`;
}

/** Why a driver file gave nothing. */
export function refusal(driver: string, got: AdapterKind | null): string {
  if (got) return `${driver} is of the kind '${got}'`;
  const hint = driver.includes('lvp_icd') ? ' (Mesa older than 23 lacks a feature that WebGPU needs)' : '';
  return `Dawn refuses ${driver}${hint}`;
}

const FIXES = {
  gpu: 'Install the GPU’s Vulkan driver and see that VK_DRIVER_FILES names no other; or choose --adapter software.',
  lavapipe:
    'Install Mesa’s lavapipe, 23 or newer (Debian, Ubuntu: mesa-vulkan-drivers); or choose --adapter swiftshader.',
  swiftshader: 'It comes in the npm package @sparticuz/chromium, for Linux on x86-64.',
  software:
    'Install Mesa’s lavapipe, 23 or newer (Debian, Ubuntu: mesa-vulkan-drivers), or the npm package @sparticuz/chromium.',
  any: 'Install a GPU driver, or Mesa’s lavapipe, 23 or newer (Debian, Ubuntu: mesa-vulkan-drivers), or the npm package @sparticuz/chromium.',
};

/** The message of the error when nothing was found. */
export function explain(wanted: AdapterKind | undefined, refused: readonly string[]): string {
  const what = wanted ? `No WebGPU adapter of the kind '${wanted}'` : 'No WebGPU adapter';
  return `${[what, ...refused].join('; ')}. ${FIXES[wanted ?? 'any']}`;
}

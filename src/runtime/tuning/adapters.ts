import type { Device } from '../../device/device.ts';

/**
 * A device, its driver and what runs the kernels, for what was measured there: another driver or browser may compile
 * them otherwise. Browsers do not tell the driver; their own version stands for it.
 */
export function adapterKey({ adapterInfo, software, subgroupSize }: Device): string {
  const { vendor, architecture, device, description } = adapterInfo;
  const agent = globalThis.navigator?.userAgent;
  return [
    ...[vendor, architecture, device, description].filter(Boolean),
    software ? 'software' : 'gpu',
    `subgroups ${subgroupSize ?? 'none'}`,
    ...(agent ? [agent] : []),
  ].join(' | ');
}

/** What shipped measurements are sorted by: `lavapipe`, `swiftshader`, or the vendor of a GPU. */
export function adapterClass({ adapterInfo, description, software }: Device): string {
  if (!software) return adapterInfo.vendor || 'unknown';
  return /llvmpipe|lavapipe/i.test(description)
    ? 'lavapipe'
    : /swiftshader/i.test(description)
      ? 'swiftshader'
      : 'software';
}

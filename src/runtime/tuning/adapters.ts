import type { Device } from '../../device/device.ts';

/**
 * Names a device, its driver and the program that runs the kernels, as the key of measurements: another driver or browser
 * may compile kernels differently. Browsers do not reveal the driver, so their own version is used.
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

/** The key of shipped measurements: `lavapipe`, `swiftshader`, or the vendor of a GPU. */
export function adapterClass({ adapterInfo, description, software }: Device): string {
  if (!software) return adapterInfo.vendor || 'unknown';
  return /llvmpipe|lavapipe/i.test(description)
    ? 'lavapipe'
    : /swiftshader/i.test(description)
      ? 'swiftshader'
      : 'software';
}

import type { Device } from '../../device/device.ts';

export async function measureResidentWorkgroups(_device: Device): Promise<number | undefined> {
  return undefined;
}

import type { Device } from '../../src/device/device.ts';
import type { Machine } from './schema.ts';

/** What the device says of itself. */
export function machineOf(device: Device, runtime: string, commit: string): Machine {
  const { vendor, architecture, device: name, description } = device.gpu.adapterInfo;
  const limits: Record<string, number> = {};
  // They are getters of the prototype: Object.keys finds none.
  for (const key in device.limits) {
    const value = device.limits[key as keyof GPUSupportedLimits] as unknown;
    if (typeof value === 'number') limits[key] = value;
  }
  return {
    device: name || device.description,
    adapter: [vendor, architecture].filter(Boolean).join(' ') || 'unnamed',
    driver: description || 'not told',
    software: device.software,
    runtime,
    commit,
    date: new Date().toISOString(),
    features: [...device.features].toSorted(),
    limits,
  };
}

/** Limits that kernels are chosen by. */
const SHOWN_LIMITS = [
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
];

/** The block that begins every printed report. */
export function formatMachine(machine: Machine): string {
  const limits = SHOWN_LIMITS.filter((name) => name in machine.limits);
  return [
    `- Device: ${machine.device} (${machine.adapter})`,
    `- Driver: ${machine.driver}`,
    `- Runtime: ${machine.runtime}`,
    `- wgrad: ${machine.commit}, ${machine.date.slice(0, 16).replace('T', ' ')} UTC`,
    `- Features: ${machine.features.join(', ') || 'none'}`,
    `- Limits: ${limits.map((name) => `${name} ${machine.limits[name].toLocaleString('en-US')}`).join(', ')}`,
  ].join('\n');
}

export const SOFTWARE_WARNING =
  'This adapter is software: the CPU computes. Times say nothing about a GPU, and other programs share the cores.';

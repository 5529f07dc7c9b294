/** A range of a GPU buffer. Offsets are multiples of 256, so that any range can be bound. */
export interface Location {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** WebGPU's largest minStorageBufferOffsetAlignment. */
export const ALIGNMENT = 256;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

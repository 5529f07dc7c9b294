import type { DataField, Dataset } from '../data/dataset.ts';
import type { Device } from '../device/device.ts';
import { LimitError } from '../errors.ts';
import { input } from '../ops/leaves.ts';
import type { Tensor } from '../ops/tensor.ts';
import type { Location } from './location.ts';

/** One field of a data set on the GPU: an input tensor [N, ...sample] and the buffer behind it. */
export interface DeviceField {
  readonly tensor: Tensor;
  readonly location: Location;
}

/** A data set uploaded once: bytes stay bytes, batches are gathered from them by a kernel. */
export class DeviceDataset {
  readonly dataset: Dataset;
  readonly x: DeviceField;
  readonly y: DeviceField;

  constructor(device: Device, dataset: Dataset) {
    this.dataset = dataset;
    this.x = upload(device, `${dataset.name} x`, dataset.x, dataset.size);
    try {
      this.y = upload(device, `${dataset.name} y`, dataset.y, dataset.size);
    } catch (error) {
      this.x.location.buffer.destroy();
      throw error;
    }
  }

  destroy(): void {
    this.x.location.buffer.destroy();
    this.y.location.buffer.destroy();
  }
}

function upload(device: Device, label: string, { data, shape }: DataField, size: number): DeviceField {
  const bytes = Math.max(16, Math.ceil(data.byteLength / 4) * 4);
  const limit = device.limits.maxStorageBufferBindingSize;
  if (bytes > limit) {
    throw new LimitError(
      `${label}: ${bytes} bytes do not fit one binding of this device, which takes ${limit}; use fewer samples (take), or bytes (Uint8Array) instead of floats`,
    );
  }
  const buffer = device.createBuffer(label, bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  const whole = data.byteLength - (data.byteLength % 4);
  device.gpu.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, whole);
  if (whole < data.byteLength) {
    const tail = new Uint8Array(4);
    tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
    device.gpu.queue.writeBuffer(buffer, whole, tail);
  }
  const dtype = data instanceof Uint8Array ? 'u8' : data instanceof Int32Array ? 'i32' : 'f32';
  return { tensor: input(label, [size, ...shape], dtype), location: { buffer, offset: 0, bytes } };
}

import type { Gpu } from '../../src/index.ts';
import type { Range } from './kind.ts';

/** Images of a data set on the GPU, with their classes. */
export interface DataImages {
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly size: number;
  /** u8 [size, …shape] */
  readonly pixels: Range;
  /** u8 [size] */
  readonly classes: Range;
  readonly labels: Uint8Array;
  /** The bytes of an image. */
  bytesOf(image: number): Uint8Array;
  destroy(): void;
}

/** Puts images and their classes into buffers of the GPU. */
export function uploadImages(
  gpu: Gpu,
  bytes: Uint8Array,
  labels: Uint8Array,
  shape: DataImages['shape'],
): DataImages {
  const size = labels.length;
  const length = bytes.length / size;
  const [pixels, classes] = [upload(gpu, 'images', bytes), upload(gpu, 'classes of the images', labels)];
  return {
    shape,
    size,
    pixels,
    classes,
    labels,
    bytesOf: (image) => bytes.subarray(image * length, (image + 1) * length),
    destroy() {
      pixels.buffer.destroy();
      classes.buffer.destroy();
    },
  };
}

/** A buffer of whole words that begins with these bytes. */
function upload({ device }: Gpu, label: string, bytes: Uint8Array): Range {
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  whole.set(bytes);
  const buffer = device.createBuffer(
    label,
    whole.byteLength,
    GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  );
  device.gpu.queue.writeBuffer(buffer, 0, whole);
  return { buffer, offset: 0, bytes: bytes.byteLength };
}

import type { Gpu } from '../../src/index.ts';
import type { Mapped, Place } from './codes.ts';
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

/** Numbers of `count` test images, one of each class if possible: the first of each, the second of each, … */
export function oneOfEach(labels: Uint8Array, count: number, set: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, digit) => {
    const own = Array.from(labels.keys()).filter((image) => labels[image] === digit);
    return own.length > 0 ? own[set % own.length] : (set * count + digit) % labels.length;
  });
}

/** The image whose point is nearest to a place; points are the first two of `stride` numbers, one after the other. */
export function nearestImage(
  { labels, bytesOf }: DataImages,
  points: Float32Array,
  stride: number,
  [x, y]: Place,
): Mapped {
  const placeOf = (image: number) => [points[image * stride], points[image * stride + 1]] as const;
  const distance = (image: number) => Math.hypot(placeOf(image)[0] - x, placeOf(image)[1] - y);
  let image = 0;
  for (let other = 1; other < points.length / stride; other++) {
    if (distance(other) < distance(image)) image = other;
  }
  return { image, place: placeOf(image), label: labels[image], pixels: bytesOf(image).slice() };
}

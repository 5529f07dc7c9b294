import { ArgumentError, ShapeError } from '../errors.ts';
import { crc32 } from './crc32.ts';

/** An image of bytes 0…255, row by row from the top, grey (1 channel) or RGB (3 channels interleaved). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array | Uint8ClampedArray;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const MAX_SIDE = 2 ** 24;

/**
 * Encodes an image as a PNG file (ISO/IEC 15948): signature, IHDR, one IDAT, IEND, 8 bits per sample,
 * no row filter, deflated by the platform's `CompressionStream`.
 *
 * @throws ArgumentError if a side is not a whole number from 1 to 2^24, or channels not 1 or 3
 * @throws ShapeError if `data.length` is not width × height × channels
 */
export async function encodePng(image: Image): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, channels, data } = image;
  const isSide = (side: number) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE;
  if (!isSide(width) || !isSide(height)) {
    throw new ArgumentError(`encodePng: ${width} × ${height} must be whole numbers from 1 to ${MAX_SIDE}.`);
  }
  if (channels !== 1 && channels !== 3) {
    throw new ArgumentError(`encodePng: ${String(channels)} channels, expected 1 (grey) or 3 (RGB).`);
  }
  if (data.length !== width * height * channels) {
    throw new ShapeError(
      `encodePng: ${width} × ${height} × ${channels} needs ${width * height * channels} bytes, got ${data.length}.`,
    );
  }

  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits per sample
  header[9] = channels === 1 ? 0 : 2; // colour type

  // Every row is preceded by its filter type; 0 is none.
  const stride = width * channels;
  const rows = new Uint8Array(height * (stride + 1));
  for (let row = 0; row < height; row++) {
    rows.set(data.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1);
  }
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', new Uint8Array(await new Response(packed).arrayBuffer())),
    chunk('IEND', new Uint8Array(0)),
  ];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Lays equal images out in a grid, row by row, with `gap` pixels of black between them.
 *
 * @param data the images one after another, each height × width × channels
 * @param columns images per row; default: about as many as rows
 * @throws ArgumentError if `data` holds no image or `columns` is not a whole number of 1 or more
 * @throws ShapeError if `data` is not a whole number of images
 */
export function imageGrid(options: Image & { columns?: number; gap?: number }): Image {
  const { width, height, channels, data, gap = 1 } = options;
  const size = width * height * channels;
  const count = data.length / size;
  if (!Number.isInteger(count)) {
    throw new ShapeError(
      `imageGrid: ${data.length} bytes are not a whole number of ${height} × ${width} × ${channels} images.`,
    );
  }
  const columns = Math.min(options.columns ?? Math.ceil(Math.sqrt(count)), count);
  if (!Number.isInteger(columns) || columns < 1) {
    throw new ArgumentError(
      `imageGrid: ${count} images in ${options.columns} columns, expected 1 or more of both.`,
    );
  }
  const gridWidth = columns * (width + gap) - gap;
  const gridHeight = Math.ceil(count / columns) * (height + gap) - gap;
  const grid = new Uint8Array(gridWidth * gridHeight * channels);
  for (let image = 0; image < count; image++) {
    const left = (image % columns) * (width + gap);
    const top = Math.floor(image / columns) * (height + gap);
    for (let row = 0; row < height; row++) {
      const from = image * size + row * width * channels;
      grid.set(data.subarray(from, from + width * channels), ((top + row) * gridWidth + left) * channels);
    }
  }
  return { width: gridWidth, height: gridHeight, channels, data: grid };
}

/** Length, type, content, CRC-32 of type and content. */
function chunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}

/** Draws a picture in a render pass that covers it. */
export type Paint = (pass: GPURenderPassEncoder) => void;

/** A canvas that is drawn into from GPU memory. */
export interface Surface {
  readonly format: GPUTextureFormat;
  resize(width: number, height: number): void;
  /** Adds a pass to the encoder, which has to be submitted in the same task. */
  draw(encoder: GPUCommandEncoder, paint: Paint): void;
  /** Frees what it holds; the canvas keeps its last picture, and may get another surface. */
  destroy(): void;
}

export type Canvas = OffscreenCanvas | HTMLCanvasElement;

/**
 * Firefox repaints a worker's WebGPU canvas by a snapshot whenever something near it on the page changes. The snapshot
 * overtakes messages that free command encoders and takes their ids, which ends the whole browser (Firefox 153: "Cannot
 * remove a vacant resource"). Only the browser's name identifies it.
 */
const CANVASES_CRASH = /\bFirefox\//.test(navigator.userAgent);

export const surfaceFormat = (): GPUTextureFormat =>
  CANVASES_CRASH ? 'rgba8unorm' : navigator.gpu.getPreferredCanvasFormat();

export function createSurface(device: GPUDevice, canvas: Canvas): Surface {
  return CANVASES_CRASH ? new PixelSurface(device, canvas) : new CanvasSurface(device, canvas);
}

/** Draws into the canvas itself: nothing leaves the GPU. */
class CanvasSurface implements Surface {
  readonly format = surfaceFormat();
  readonly #canvas: Canvas;
  readonly #context: GPUCanvasContext;

  constructor(device: GPUDevice, canvas: Canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('webgpu') as GPUCanvasContext;
    this.#context.configure({ device, format: this.format, alphaMode: 'premultiplied' });
  }

  resize(width: number, height: number): void {
    Object.assign(this.#canvas, { width, height });
  }

  draw(encoder: GPUCommandEncoder, paint: Paint): void {
    addPass(encoder, this.#context.getCurrentTexture(), paint);
  }

  destroy(): void {}
}

/** A copy of a picture that is on its way to the CPU. */
interface Copy {
  readonly buffer: GPUBuffer;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws into a texture, which is read back asynchronously, and put into the canvas when it has come:
 * what such a browser does itself when it shows a WebGPU canvas.
 */
class PixelSurface implements Surface {
  readonly format = surfaceFormat();
  readonly #device: GPUDevice;
  readonly #canvas: Canvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  #texture: GPUTexture | undefined;
  /** Copies that wait for their next use; of the texture's size. */
  #free: Copy[] = [];

  constructor(device: GPUDevice, canvas: Canvas) {
    this.#device = device;
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  }

  /** The canvas keeps its picture and its size until the next one has come. */
  resize(width: number, height: number): void {
    if (this.#texture?.width === width && this.#texture.height === height) return;
    this.destroy();
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    const { format } = this;
    this.#texture = this.#device.createTexture({ label: 'panel', size: [width, height], format, usage });
  }

  draw(encoder: GPUCommandEncoder, paint: Paint): void {
    const texture = this.#texture;
    if (!texture) return;
    addPass(encoder, texture, paint);
    const copy = this.#free.pop() ?? this.#createCopy(texture);
    const { buffer, width, height } = copy;
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: bytesPerRow(width) }, [width, height]);
    queueMicrotask(() => void this.#show(copy)); // after the submit
  }

  #createCopy({ width, height }: GPUTexture): Copy {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const size = bytesPerRow(width) * height;
    return { buffer: this.#device.createBuffer({ label: 'pixels of a panel', size, usage }), width, height };
  }

  async #show(copy: Copy): Promise<void> {
    const { buffer, width, height } = copy;
    try {
      await buffer.mapAsync(GPUMapMode.READ);
    } catch {
      return buffer.destroy(); // the GPU was lost, which the work on it reports
    }
    const pixels = straight(new Uint8Array(buffer.getMappedRange()), width, height);
    buffer.unmap();
    if (this.#texture?.width !== width || this.#texture.height !== height) return buffer.destroy();
    this.#free.push(copy);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.putImageData(new ImageData(pixels, width, height), 0, 0);
  }

  destroy(): void {
    for (const { buffer } of this.#free) buffer.destroy();
    this.#free = [];
    this.#texture?.destroy();
    this.#texture = undefined;
  }
}

function addPass(encoder: GPUCommandEncoder, texture: GPUTexture, paint: Paint): void {
  const attachment = {
    view: texture.createView(),
    loadOp: 'clear' as const,
    storeOp: 'store' as const,
    clearValue: [0, 0, 0, 0],
  };
  const pass = encoder.beginRenderPass({ label: 'panel', colorAttachments: [attachment] });
  paint(pass);
  pass.end();
}

/** WebGPU copies whole multiples of 256 bytes. */
const bytesPerRow = (width: number): number => Math.ceil((width * 4) / 256) * 256;

/** Pixels without padding, and with colours that are not multiplied by their opacity, as a 2D canvas takes them. */
function straight(rows: Uint8Array, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const start = y * bytesPerRow(width);
    pixels.set(rows.subarray(start, start + width * 4), y * width * 4);
  }
  for (let i = 0; i < pixels.length; i += 4) {
    const opacity = pixels[i + 3];
    if (opacity === 0 || opacity === 255) continue;
    for (let channel = i; channel < i + 3; channel++) pixels[channel] = (pixels[channel] * 255) / opacity;
  }
  return pixels;
}

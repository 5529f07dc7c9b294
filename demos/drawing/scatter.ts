import source from '../../shaders/draw/scatter.wgsl?raw';
import type { Rgb } from '../shared/palette.ts';
import { createSurface, surfaceFormat } from './surface.ts';
import type { Canvas, Surface } from './surface.ts';
import type { PanelLayout, Range } from './tiles.ts';

/** Points that lie on the GPU. */
export interface Points {
  /** Rows of `stride` numbers, of which the first two are a place. */
  readonly rows: Range;
  readonly stride: number;
  readonly count: number;
  /** Classes, a byte for each point. */
  readonly labels: Range;
  /** What lies at the edge of the canvas. */
  readonly reach: number;
}

interface Panel {
  readonly surface: Surface;
  layout: PanelLayout;
}

const UNIFORM_BYTES = 192;
/** So many points leave each other room as discs of this share of the canvas; more of them are smaller. */
const RADIUS = { points: 1000, share: 0.0065 };
const OPACITY = 0.78;

/** Draws points into one canvas straight from GPU memory: a render pass in a command encoder of the caller's. */
export class ScatterRenderer {
  readonly #device: GPUDevice;
  readonly #pipeline: GPURenderPipeline;
  readonly #uniform: GPUBuffer;
  #classes: readonly Rgb[];
  #panel: Panel | undefined;
  #points: Points | undefined;
  #bindGroup: GPUBindGroup | undefined;

  constructor(device: GPUDevice, classes: readonly Rgb[]) {
    this.#device = device;
    this.#classes = classes;
    const module = device.createShaderModule({ label: 'scatter', code: source });
    const over = { srcFactor: 'one', dstFactor: 'one-minus-src-alpha', operation: 'add' } as const;
    this.#pipeline = device.createRenderPipeline({
      label: 'scatter',
      layout: 'auto',
      vertex: { module },
      fragment: { module, targets: [{ format: surfaceFormat(), blend: { color: over, alpha: over } }] },
    });
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.#uniform = device.createBuffer({ label: 'scatter', size: UNIFORM_BYTES, usage });
  }

  /** Takes a canvas over. */
  add(canvas: Canvas, layout: PanelLayout): void {
    this.#panel?.surface.destroy();
    this.#panel = { surface: createSurface(this.#device, canvas), layout };
    this.arrange(layout);
  }

  arrange(layout: PanelLayout): void {
    if (!this.#panel) return;
    this.#panel.layout = layout;
    this.#panel.surface.resize(layout.width, layout.height);
    this.#upload();
  }

  /** What is shown from now on. */
  show(points: Points): void {
    this.#points = points;
    const resources: GPUBindingResource[] = [points.rows, points.labels].map(({ buffer, offset, bytes }) => ({
      buffer,
      offset,
      size: Math.min(buffer.size - offset, Math.ceil(bytes / 4) * 4),
    }));
    this.#bindGroup = this.#device.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: [...resources, { buffer: this.#uniform }].map((resource, binding) => ({ binding, resource })),
    });
    this.#upload();
  }

  set classes(classes: readonly Rgb[]) {
    this.#classes = classes;
    this.#upload();
  }

  draw(encoder: GPUCommandEncoder): void {
    const [points, bindGroup] = [this.#points, this.#bindGroup];
    if (!points || !bindGroup) return;
    this.#panel?.surface.draw(encoder, (pass) => {
      pass.setPipeline(this.#pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.draw(6, points.count);
    });
  }

  /** Writes the uniform `Plot`. */
  #upload(): void {
    if (!this.#panel || !this.#points) return;
    const { width, height } = this.#panel.layout;
    const { reach, stride, count } = this.#points;
    const share = RADIUS.share * Math.min(1.4, Math.sqrt(RADIUS.points / count));
    const data = new ArrayBuffer(UNIFORM_BYTES);
    new Float32Array(data).set([width, height, reach, Math.max(1, width * share), OPACITY]);
    new Uint32Array(data).set([stride], 5);
    this.#classes.forEach((colour, i) => new Float32Array(data).set([...colour, 1], 8 + 4 * i));
    this.#device.queue.writeBuffer(this.#uniform, 0, data);
  }
}

import type { Palette, Rgb } from '../shared/palette.ts';
import type { Kind, Range, Uniform } from './kind.ts';
import type { PanelLayout } from './panels.ts';
import { lines } from './lines.ts';
import type { LinesSource } from './lines.ts';
import { points } from './scatter.ts';
import type { PointsSource } from './scatter.ts';
import { createSurface, surfaceFormat } from './surface.ts';
import type { Canvas, Surface } from './surface.ts';
import { images, judged, tensor } from './tiles.ts';
import type { TileSource } from './tiles.ts';

/** What a panel shows, and where it lies. */
export type Source = TileSource | PointsSource | LinesSource;

const KINDS = { tensor, judged, images, points, lines };
const kindOf = ({ kind }: Source) => KINDS[kind] as Kind<Source>;

interface Panel {
  readonly surface: Surface;
  readonly uniform: GPUBuffer;
  layout: PanelLayout;
  source?: Source;
  /** What the source had to upload. */
  uploaded?: GPUBuffer;
  bindGroup?: GPUBindGroup;
  stale: boolean;
}

const UNIFORM_BYTES = 192;

/**
 * Draws tensors, data-set images and points into canvases straight from GPU memory, in a worker or on a page. One render
 * pass per panel, added to a command encoder of the caller's, into a surface, without waiting.
 */
export class PanelRenderer {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<Source['kind'], GPURenderPipeline>();
  readonly #panels = new Map<string, Panel>();
  #palette: Palette;

  constructor(device: GPUDevice, palette: Palette) {
    this.#device = device;
    this.#palette = palette;
  }

  /** The pipeline of a kind of pictures, made when the first of them is shown. */
  #pipeline(source: Source): GPURenderPipeline {
    const known = this.#pipelines.get(source.kind);
    if (known) return known;
    const { code, blend } = kindOf(source);
    const label = source.kind;
    const module = this.#device.createShaderModule({ label, code });
    const targets = [{ format: surfaceFormat(), blend }];
    const descriptor = { label, layout: 'auto' as const, vertex: { module }, fragment: { module, targets } };
    const pipeline = this.#device.createRenderPipeline(descriptor);
    this.#pipelines.set(source.kind, pipeline);
    return pipeline;
  }

  /** Takes a canvas over; a panel of the same name is replaced. */
  add(name: string, canvas: Canvas, layout: PanelLayout): void {
    this.remove(name);
    const surface = createSurface(this.#device, canvas);
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const uniform = this.#device.createBuffer({ label: `panel ${name}`, size: UNIFORM_BYTES, usage });
    this.#panels.set(name, { surface, uniform, layout, stale: true });
    this.arrange(name, layout);
  }

  remove(name: string): void {
    const panel = this.#panels.get(name);
    this.#panels.delete(name);
    panel?.surface.destroy();
    panel?.uniform.destroy();
    panel?.uploaded?.destroy();
  }

  arrange(name: string, layout: PanelLayout): void {
    const panel = this.#panels.get(name);
    if (!panel) return;
    panel.surface.resize(layout.width, layout.height);
    panel.layout = layout;
    this.#describe(panel);
  }

  /** What a panel shows from now on. */
  show(name: string, source: Source): void {
    const panel = this.#panels.get(name);
    if (!panel) return;
    panel.source = source;
    panel.uploaded?.destroy();
    panel.uploaded = undefined;
    const upload = (words: Uint32Array): Range => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      const buffer = this.#device.createBuffer({ size: Math.max(4, words.byteLength), usage });
      this.#device.queue.writeBuffer(buffer, 0, words as Uint32Array<ArrayBuffer>);
      panel.uploaded = buffer;
      return { buffer, offset: 0, bytes: words.byteLength };
    };
    const entries = [...kindOf(source).bindings(source, upload).map(binding), { buffer: panel.uniform }];
    panel.bindGroup = this.#device.createBindGroup({
      layout: this.#pipeline(source).getBindGroupLayout(0),
      entries: entries.map((resource, index) => ({ binding: index, resource })),
    });
    this.#describe(panel);
  }

  /** A panel keeps its picture, and what it has shown may be destroyed. */
  hide(name: string): void {
    const panel = this.#panels.get(name);
    if (panel) panel.source = panel.bindGroup = undefined;
  }

  set palette(palette: Palette) {
    this.#palette = palette;
    for (const panel of this.#panels.values()) this.#describe(panel);
  }

  /** Whether `show`, `arrange` or the palette changed a panel since it was last drawn. */
  get stale(): boolean {
    return [...this.#panels.values()].some((panel) => panel.stale && panel.bindGroup);
  }

  /**
   * Adds a pass for each panel whose source may have changed, and for those that are stale.
   *
   * @param names only these panels; default: all
   */
  draw(encoder: GPUCommandEncoder, names?: readonly string[]): void {
    for (const [name, panel] of this.#panels) {
      if (names && !names.includes(name)) continue;
      const { source, bindGroup, surface } = panel;
      if (!source || !bindGroup || (kindOf(source).still && !panel.stale)) continue;
      panel.stale = false;
      surface.draw(encoder, (pass) => {
        pass.setPipeline(this.#pipeline(source));
        pass.setBindGroup(0, bindGroup);
        pass.draw(...kindOf(source).vertices(source));
      });
    }
  }

  /** Writes the uniform of the panel's shader; the panel is to be drawn again. */
  #describe(panel: Panel): void {
    panel.stale = true;
    const { source, layout, uniform } = panel;
    if (!source) return;
    const data = new ArrayBuffer(UNIFORM_BYTES);
    kindOf(source).describe(source, layout, this.#palette, views(data));
    this.#device.queue.writeBuffer(uniform, 0, data);
  }
}

function views(data: ArrayBuffer): Uniform {
  const floats = new Float32Array(data);
  const colours = (first: number, list: readonly Rgb[]) =>
    list.forEach((colour, index) => floats.set([...colour, 1], first + 4 * index));
  return { floats, words: new Uint32Array(data), colours };
}

/** Whole words from a range, as bindings want them. */
function binding({ buffer, offset, bytes }: Range): GPUBufferBinding {
  return { buffer, offset, size: Math.min(buffer.size - offset, Math.max(4, Math.ceil(bytes / 4) * 4)) };
}

import imagesSource from '../../shaders/draw/images.wgsl?raw';
import judgedSource from '../../shaders/draw/judged.wgsl?raw';
import tilesSource from '../../shaders/draw/tiles.wgsl?raw';
import type { Palette, Rgb } from '../shared/palette.ts';
import { createSurface, surfaceFormat } from './surface.ts';
import type { Canvas, Surface } from './surface.ts';

/** A range of a GPU buffer: what `program.location` and `gpu.variables.location` give. */
export interface Range {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** How a tensor is cut into images. Strides are in elements. */
export interface Tiling {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly tileStride: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** The image that is drawn first; default 0. */
  readonly first?: number;
}

/** Images of a tensor: `largest` holds the magnitude that gets the full colour. */
export interface TensorSource extends Tiling {
  readonly kind: 'tensor';
  readonly values: Range;
  readonly largest: Range;
  /** Below 1 lifts small values; default 1. */
  readonly gamma?: number;
  /** Draw from paper to ink, as a picture, instead of in the colours of positive and negative. */
  readonly picture?: boolean;
}

/** Images from 0, paper, to 1, ink, with a bar under each for its probability of being real. */
export interface JudgedSource extends Tiling {
  readonly kind: 'judged';
  readonly values: Range;
  readonly opinions: Range;
}

/** Images of a data set of bytes, by their numbers. */
export interface ImagesSource {
  readonly kind: 'images';
  readonly bytes: Range;
  readonly width: number;
  readonly height: number;
  readonly chosen: Uint32Array;
}

export type TileSource = TensorSource | JudgedSource | ImagesSource;

/** How a panel's canvas is divided, in its own pixels. */
export interface PanelLayout {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly gap: number;
  /** Room under each image for its bar; default 0. */
  readonly foot?: number;
}

interface Panel {
  readonly surface: Surface;
  readonly uniform: GPUBuffer;
  layout: PanelLayout;
  source?: TileSource;
  /** The numbers of the chosen images. */
  chosen?: GPUBuffer;
  bindGroup?: GPUBindGroup;
  stale: boolean;
}

const UNIFORM_BYTES = 128;

/**
 * Draws tensors and data-set images into canvases straight from GPU memory, in a worker or on a page. One render
 * pass per panel, added to a command encoder of the caller's, into a surface: nobody waits.
 */
export class TileRenderer {
  readonly #device: GPUDevice;
  readonly #pipelines: Readonly<Record<TileSource['kind'], GPURenderPipeline>>;
  readonly #panels = new Map<string, Panel>();
  #palette: Palette;

  constructor(device: GPUDevice, palette: Palette) {
    this.#device = device;
    this.#palette = palette;
    this.#pipelines = {
      tensor: this.#pipeline('tiles', tilesSource),
      judged: this.#pipeline('judged', judgedSource),
      images: this.#pipeline('images', imagesSource),
    };
  }

  #pipeline(label: string, code: string): GPURenderPipeline {
    const module = this.#device.createShaderModule({ label, code });
    const targets = [{ format: surfaceFormat() }];
    const descriptor = { label, layout: 'auto' as const, vertex: { module }, fragment: { module, targets } };
    return this.#device.createRenderPipeline(descriptor);
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
    panel?.chosen?.destroy();
  }

  arrange(name: string, layout: PanelLayout): void {
    const panel = this.#panels.get(name);
    if (!panel) return;
    panel.surface.resize(layout.width, layout.height);
    panel.layout = layout;
    panel.stale = true;
    this.#upload(panel);
  }

  /** What a panel shows from now on. */
  show(name: string, source: TileSource): void {
    const panel = this.#panels.get(name);
    if (!panel) return;
    panel.source = source;
    panel.chosen?.destroy();
    panel.chosen = undefined;
    panel.stale = true;
    let entries: GPUBufferBinding[];
    if (source.kind === 'images') {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      panel.chosen = this.#device.createBuffer({ size: Math.max(4, source.chosen.byteLength), usage });
      this.#device.queue.writeBuffer(panel.chosen, 0, source.chosen as Uint32Array<ArrayBuffer>);
      entries = [binding(source.bytes), { buffer: panel.chosen }];
    } else {
      entries = [
        binding(source.values),
        binding(source.kind === 'judged' ? source.opinions : source.largest),
      ];
    }
    panel.bindGroup = this.#device.createBindGroup({
      layout: this.#pipelines[source.kind].getBindGroupLayout(0),
      entries: [...entries, { buffer: panel.uniform }].map((resource, index) => ({
        binding: index,
        resource,
      })),
    });
    this.#upload(panel);
  }

  set palette(palette: Palette) {
    this.#palette = palette;
    for (const panel of this.#panels.values()) {
      panel.stale = true;
      this.#upload(panel);
    }
  }

  /** Whether `show`, `arrange` or the palette changed a panel since it was last drawn. */
  get stale(): boolean {
    return [...this.#panels.values()].some((panel) => panel.stale && panel.bindGroup);
  }

  /**
   * Adds a pass for each panel that shows a tensor, and for those of images that are stale.
   *
   * @param names only these panels; default: all
   */
  draw(encoder: GPUCommandEncoder, names?: readonly string[]): void {
    for (const [name, panel] of this.#panels) {
      if (names && !names.includes(name)) continue;
      const { source, bindGroup, surface } = panel;
      if (!source || !bindGroup || (source.kind === 'images' && !panel.stale)) continue;
      panel.stale = false;
      surface.draw(encoder, (pass) => {
        pass.setPipeline(this.#pipelines[source.kind]);
        pass.setBindGroup(0, bindGroup);
        pass.draw(3);
      });
    }
  }

  /** Writes the uniform `Grid` of the panel's shader. */
  #upload({ source, layout, uniform }: Panel): void {
    if (!source) return;
    const { columns, gap, width, foot = 0 } = layout;
    const tileWidth = (width + gap) / columns - gap;
    const tile = [tileWidth, (tileWidth * source.height) / source.width];
    const data = new ArrayBuffer(UNIFORM_BYTES);
    const floats = new Float32Array(data);
    const words = new Uint32Array(data);
    const { negative, zero, positive, paper, ink, fake, real } = this.#palette;
    const colours = (first: number, list: readonly Rgb[]) =>
      list.forEach((colour, index) => floats.set([...colour, 1], first + 4 * index));
    if (source.kind === 'tensor') {
      const { count, tileStride, rowStride, columnStride, first = 0, gamma = 1, picture } = source;
      floats.set([layout.width, layout.height, ...tile, source.width, source.height, gap, gamma]);
      words.set([columns, count, tileStride, rowStride, columnStride, first], 8);
      floats[14] = foot;
      colours(16, picture ? [paper, paper, ink] : [negative, zero, positive]);
    } else if (source.kind === 'judged') {
      const { count, tileStride, rowStride, columnStride, first = 0 } = source;
      floats.set([...tile, source.width, source.height, gap, foot]);
      words.set([columns, count, tileStride, rowStride, columnStride, first], 6);
      colours(12, [paper, ink, fake, real]);
    } else {
      floats.set([...tile, gap]);
      words.set([columns, source.chosen.length, source.width, source.height], 3);
      colours(8, [paper, ink]);
    }
    this.#device.queue.writeBuffer(uniform, 0, data);
  }
}

/** Whole words from a range, as bindings want them. */
function binding({ buffer, offset, bytes }: Range): GPUBufferBinding {
  return { buffer, offset, size: Math.min(buffer.size - offset, Math.ceil(bytes / 4) * 4) };
}

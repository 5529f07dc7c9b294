import type { PanelHandling } from '../frame/worker/worker.ts';
import type { Palette } from '../shared/palette.ts';
import { ScatterRenderer } from '../drawing/scatter.ts';
import type { PagePalette } from './protocol.ts';

/** Draws the map on the GPU that there is. */
let renderer: ScatterRenderer | undefined;

const classesOf = (palette: Palette) => (palette as PagePalette).classes;

export const mapRenderer = (): ScatterRenderer => renderer!;

/** The panel 'map', which shows points and no tiles. */
export const mapPanel: PanelHandling = {
  open({ device }, palette) {
    renderer = new ScatterRenderer(device.gpu, classesOf(palette));
  },
  add({ name, canvas, layout }) {
    if (name === 'map') renderer!.add(canvas, layout);
    return name === 'map';
  },
  arrange(name, layout) {
    if (name === 'map') renderer?.arrange(layout);
    return name === 'map';
  },
  paint(palette) {
    if (renderer) renderer.classes = classesOf(palette);
  },
};

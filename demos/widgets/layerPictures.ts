import type { LayerInfo } from '../drawing/layerViews.ts';
import type { HandOver, TilePlan } from '../drawing/panels.ts';
import { count, create } from '../shared/dom.ts';
import { imageButtons } from './imageButtons.ts';
import type { ImageButtons } from './imageButtons.ts';
import './layerPictures.css';

export interface LayerPicturesOptions {
  /** Of panels that go with the network: 'filters:<layer>' and 'maps:<layer>'. */
  readonly handOver: HandOver;
  /** Someone has clicked a feature map of a convolution. */
  readonly onChoose: (layer: string, channel: number) => void;
}

/** Fills `place` with the layers of a network, one below the other, and their pictures, which a worker draws. */
export function showLayers(
  place: HTMLElement,
  layers: readonly LayerInfo[],
  options: LayerPicturesOptions,
): void {
  place.classList.add('layers');
  place.replaceChildren(...layers.map((layer) => layerRow(layer, options)));
}

/** One layer: what it is, its filters if they are images, and its feature maps. */
function layerRow(layer: LayerInfo, { handOver, onChoose }: LayerPicturesOptions): HTMLElement {
  const { name, type, outputShape, filters } = layer;
  const shape = outputShape.map(count).join(' × ');
  const isImage = outputShape.length === 3;
  const tiles = outputShape.at(-1)!;
  const facts = [
    layer.description,
    isImage ? shape : `${shape} values`,
    layer.parameters > 0 ? `${count(layer.parameters)} weights` : '',
  ];
  const title = create('h3', {}, name);
  const words = facts.filter(Boolean).map((fact) => create('span', {}, fact));
  const pictures = create('div', { className: 'pictures' });
  const add = (panel: string, caption: string, label: string, over?: ImageButtons) => {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas, ...(over ? [over.cells] : []));
    pictures.append(create('figure', {}, create('figcaption', {}, caption), box));
    handOver(panel, canvas, (width) => {
      const plan = planTiles(tiles, Math.floor(width), isImage ? 64 : 22);
      over?.arrange(plan.columns);
      Object.assign(over?.cells.style ?? {}, { width: `${plan.width}px`, gap: `${plan.gap}px` });
      return plan;
    });
  };
  if (filters) {
    const { height, width } = filters;
    add(`filters:${name}`, `filters, ${height} × ${width}`, `The ${tiles} filters of ${name}`);
  }
  const isSeen = type !== 'flatten' && type !== 'dropout';
  if (isSeen) {
    const isConvolution = type === 'conv2d';
    const maps = isConvolution ? 'feature maps: click one to see how it is computed' : 'feature maps';
    const label = `The ${tiles} ${isImage ? 'feature maps' : 'values'} of ${name} for this image`;
    const over = isConvolution ? mapButtons(name, tiles, (map) => onChoose(name, map)) : undefined;
    add(`maps:${name}`, isImage ? maps : 'units', label, over);
  }
  const text = create('div', { className: 'facts' }, title, ...words);
  return create('article', { className: isSeen ? 'layer' : 'layer unseen' }, text, pictures);
}

/** A button over each feature map. */
function mapButtons(layer: string, maps: number, choose: (channel: number) => void): ImageButtons {
  const over = imageButtons(maps, 1, `Feature maps of ${layer}`, choose);
  over.buttons.forEach((button, channel) => {
    button.title = `How feature map ${channel + 1} of ${layer} is computed`;
    button.ariaLabel = button.title;
  });
  return over;
}

/** As few rows as leave the tiles large enough to read. */
function planTiles(tiles: number, width: number, largest: number): TilePlan {
  const gap = width < 480 ? 3 : 4;
  const smallest = Math.min(largest, tiles > 16 ? 24 : 32);
  const fitting = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const rows = Math.ceil(tiles / fitting);
  const columns = Math.ceil(tiles / rows);
  const tile = Math.min(largest, (width + gap) / columns - gap);
  return { columns, rows, gap, width: columns * (tile + gap) - gap };
}

import type { LayerInfo } from '../drawing/layerViews.ts';
import type { HandOver, TilePlan } from '../drawing/panels.ts';
import { count, create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import './layerPictures.css';

export interface LayerPicturesOptions {
  /** Of panels that go with the network: 'filters:<layer>' and 'maps:<layer>'. */
  readonly handOver: HandOver;
  /** Someone has clicked a feature map of a convolution. */
  readonly onChoose: (layer: LayerInfo, channel: number) => void;
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
  const add = (panel: string, caption: string, label: string, cells?: HTMLElement) => {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas, ...(cells ? [cells] : []));
    pictures.append(create('figure', {}, create('figcaption', {}, caption), box));
    handOver(panel, canvas, (width) => {
      const plan = planTiles(tiles, Math.floor(width), isImage ? 48 : 22);
      if (cells) {
        const columns = `repeat(${plan.columns}, 1fr)`;
        cells.dataset.columns = String(plan.columns);
        Object.assign(cells.style, { width: `${plan.width}px`, gap: `${plan.gap}px` });
        cells.style.gridTemplateColumns = columns;
      }
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
    const cells = isConvolution ? mapButtons(layer, tiles, onChoose) : undefined;
    add(`maps:${name}`, isImage ? maps : 'units', label, cells);
  }
  const text = create('div', { className: 'facts' }, title, ...words);
  return create('article', { className: isSeen ? 'layer' : 'layer unseen' }, text, pictures);
}

/** A button over each feature map. */
function mapButtons(
  layer: LayerInfo,
  maps: number,
  onChoose: (layer: LayerInfo, channel: number) => void,
): HTMLElement {
  const buttons = Array.from({ length: maps }, (_, channel) => {
    const label = `How feature map ${channel + 1} of ${layer.name} is computed`;
    const button = create('button', { type: 'button', title: label, 'aria-label': label });
    button.addEventListener('click', () => onChoose(layer, channel));
    return button;
  });
  const label = `Feature maps of ${layer.name}`;
  const cells = create('div', { className: 'cells', role: 'group', 'aria-label': label }, ...buttons);
  rove(cells, () => Number(cells.dataset.columns ?? 1));
  return cells;
}

/** As few rows as leave the tiles large enough to read. */
function planTiles(tiles: number, width: number, largest: number): TilePlan {
  const gap = width < 480 ? 3 : 4;
  const smallest = Math.min(largest, 24);
  const fitting = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const rows = Math.ceil(tiles / fitting);
  const columns = Math.ceil(tiles / rows);
  const tile = Math.min(largest, (width + gap) / columns - gap);
  return { columns, rows, gap, width: columns * (tile + gap) - gap };
}

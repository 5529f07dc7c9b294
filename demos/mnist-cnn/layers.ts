import { byId, count, create } from '../shared/dom.ts';
import type { TilePlan } from '../drawing/panels.ts';
import { rove } from '../shared/roving.ts';
import type { Live } from './live.ts';
import type { LayerInfo } from './protocol.ts';

/** The layers of a network, one below the other. `onChoose` hears of the feature map of a convolution that is clicked. */
export function showLayers(
  page: Live,
  layers: readonly LayerInfo[],
  onChoose: (layer: LayerInfo, channel: number) => void,
): void {
  byId('layers').replaceChildren(...layers.map((layer) => layerRow(page, layer, onChoose)));
}

/** One layer: what it is, its filters if they are images, and its feature maps. */
function layerRow(
  page: Live,
  layer: LayerInfo,
  onChoose: (layer: LayerInfo, channel: number) => void,
): HTMLElement {
  const { name, type, outputShape, filters } = layer;
  const shape = outputShape.map(count).join(' × ');
  const isImage = outputShape.length === 3;
  const tiles = outputShape.at(-1)!;
  const facts = [
    layer.description,
    isImage ? shape : `${shape} values`,
    layer.parameters > 0 ? `${count(layer.parameters)} weights` : '',
  ];
  const text = create(
    'div',
    { className: 'facts' },
    create('h3', {}, name),
    ...facts.filter(Boolean).map((fact) => create('span', {}, fact)),
  );
  const pictures = create('div', { className: 'pictures' });
  const add = (panel: string, caption: string, label: string, cells?: HTMLElement) => {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas, ...(cells ? [cells] : []));
    pictures.append(create('figure', {}, create('figcaption', {}, caption), box));
    const plan = (width: number) => {
      const planned = planTiles(tiles, Math.floor(width), isImage ? 48 : 22);
      if (cells) {
        cells.dataset.columns = String(planned.columns);
        Object.assign(cells.style, {
          width: `${planned.width}px`,
          gap: `${planned.gap}px`,
          gridTemplateColumns: `repeat(${planned.columns}, 1fr)`,
        });
      }
      return planned;
    };
    page.handOver(panel, canvas, plan, { ofNetwork: true });
  };
  if (filters) {
    add(
      `filters:${name}`,
      `filters, ${filters.height} × ${filters.width}`,
      `The ${tiles} filters of ${name}`,
    );
  }
  const isSeen = type !== 'flatten' && type !== 'dropout';
  if (isSeen) {
    const label = `The ${tiles} ${isImage ? 'feature maps' : 'values'} of ${name} for this image`;
    const isConvolution = type === 'conv2d';
    const caption = isConvolution
      ? 'feature maps: click one to see how it is computed'
      : isImage
        ? 'feature maps'
        : 'units';
    add(`maps:${name}`, caption, label, isConvolution ? mapButtons(layer, tiles, onChoose) : undefined);
  }
  return create('article', { className: isSeen ? 'layer' : 'layer unseen' }, text, pictures);
}

/** A button over each feature map. */
function mapButtons(
  layer: LayerInfo,
  tiles: number,
  onChoose: (layer: LayerInfo, channel: number) => void,
): HTMLElement {
  const buttons = Array.from({ length: tiles }, (_, channel) => {
    const label = `How feature map ${channel + 1} of ${layer.name} is computed`;
    const button = create('button', { type: 'button', title: label, 'aria-label': label });
    button.addEventListener('click', () => onChoose(layer, channel));
    return button;
  });
  const cells = create('div', {
    className: 'cells',
    role: 'group',
    'aria-label': `Feature maps of ${layer.name}`,
  });
  cells.append(...buttons);
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

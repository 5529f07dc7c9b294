import { byId, count, create } from '../shared/dom.ts';
import type { TilePlan } from '../shared/panels.ts';
import type { LayerInfo } from './protocol.ts';
import type { Live } from './live.ts';

/** The layers of a network, one below the other. */
export function showLayers(page: Live, layers: readonly LayerInfo[]): void {
  byId('layers').replaceChildren(...layers.map((layer) => layerRow(page, layer)));
}

/** One layer: what it is, its filters if they are images, and its feature maps. */
function layerRow(page: Live, layer: LayerInfo): HTMLElement {
  const shape = layer.outputShape.map(count).join(' × ');
  const isImage = layer.outputShape.length === 3;
  const facts = [
    layer.description,
    isImage ? shape : `${shape} values`,
    layer.parameters > 0 ? `${count(layer.parameters)} weights` : '',
  ];
  const text = create(
    'div',
    { className: 'facts' },
    create('h3', {}, layer.name),
    ...facts.filter(Boolean).map((fact) => create('span', {}, fact)),
  );
  const pictures = create('div', { className: 'pictures' });
  const tiles = layer.outputShape.at(-1)!;
  const plan = (width: number) => planTiles(tiles, Math.floor(width), isImage ? 48 : 22);
  const add = (name: string, caption: string, label: string) => {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas);
    pictures.append(create('figure', {}, create('figcaption', {}, caption), box));
    page.handOver(name, canvas, plan, { ofNetwork: true });
  };
  if (layer.filters) {
    const { width, height } = layer.filters;
    add(`filters:${layer.name}`, `filters, ${height} × ${width}`, `The ${tiles} filters of ${layer.name}`);
  }
  const isSeen = layer.type !== 'flatten' && layer.type !== 'dropout';
  if (isSeen) {
    const what = isImage ? (layer.filters ? 'what each finds' : 'feature maps') : 'units';
    add(
      `maps:${layer.name}`,
      what,
      `The ${tiles} ${isImage ? 'feature maps' : 'values'} of ${layer.name} for this image`,
    );
  }
  return create('article', { className: isSeen ? 'layer' : 'layer unseen' }, text, pictures);
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

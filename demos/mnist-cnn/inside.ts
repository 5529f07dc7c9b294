import { GLYPHS } from '../../src/data/digitStrokes.ts';
import { announce } from '../shared/announce.ts';
import { rasterizeDigit } from '../shared/digitRaster.ts';
import { byId, count, create, percent } from '../shared/dom.ts';
import { DrawingPad } from '../shared/drawingPad.ts';
import type { Port } from '../shared/port.ts';
import { handOver } from '../shared/panels.ts';
import type { TilePlan } from '../shared/panels.ts';
import type { FromWorker, LayerInfo, ToWorker } from './protocol.ts';
import { state } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** After so long without a new stroke the verdict is said. */
const QUIET_MS = 700;

/** The drawing pad, what the network makes of it, and the layers it goes through. */
export function createInside(port: Port<FromWorker, ToWorker>) {
  let labels: Uint8Array = new Uint8Array();
  let quiet: ReturnType<typeof setTimeout> | undefined;

  /** Shows an image to the network, and says what it takes it for when the reader rests. */
  function look(input: number | Uint8Array): void {
    port.post({ type: 'look', input });
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const [digit, sure] = byId('verdict').children;
      announce(`Read as ${digit.textContent}, ${sure.textContent}`);
    }, QUIET_MS);
  }
  const writings = GLYPHS.map(() => 0);
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const fill = create('span', { className: 'fill' });
    const value = create('span', { className: 'value' });
    const row = create(
      'li',
      {},
      create('span', { className: 'name' }, String(digit)),
      create('span', { className: 'bar' }, fill),
      value,
    );
    return { row, fill, value };
  });
  byId('bars').append(...bars.map(({ row }) => row));

  const pad = new DrawingPad(byId('pad'), {
    onChange: (strokes) => {
      byId('pad-hint').hidden = strokes.length > 0;
      if (strokes.length > 0) look(rasterizeDigit(strokes));
    },
    onDigit: writeSample,
  });

  function writeSample(digit: number): void {
    pad.write(GLYPHS[digit][writings[digit]++ % GLYPHS[digit].length]);
  }

  byId('samples').append(
    ...GLYPHS.map((_, digit) => {
      const button = create('button', { type: 'button', 'aria-label': `Write a ${digit}` }, String(digit));
      button.addEventListener('click', () => writeSample(digit));
      return button;
    }),
  );
  byId('clear').addEventListener('click', () => {
    pad.clear();
    look(state.values.image);
  });
  handOver(port, 'input', byId('input'), (width) => ({ columns: 1, rows: 1, gap: 0, width }));

  return {
    data(message: Of<'data'>): void {
      labels = message.labels;
      port.post({ type: 'look', input: state.values.image });
    },

    /** Sends a test image through the layers. */
    choose(index: number): void {
      pad.clear();
      state.set({ image: index });
      look(index);
    },

    model({ layers }: Of<'model'>): void {
      byId('layers').replaceChildren(...layers.map((layer) => layerRow(port, layer)));
    },

    seen({ input, probabilities }: Of<'seen'>): void {
      const best = probabilities.indexOf(Math.max(...probabilities));
      bars.forEach(({ row, fill, value }, digit) => {
        row.classList.toggle('best', digit === best);
        fill.style.transform = `scaleX(${probabilities[digit]})`;
        value.textContent = percent(probabilities[digit], 0);
      });
      const [digit, sure] = byId('verdict').children;
      digit.textContent = String(best);
      const truth =
        input === undefined ? '' : labels[input] === best ? ', rightly' : `, but it is a ${labels[input]}`;
      sure.textContent = `${percent(probabilities[best], 0)} sure${truth}`;
      byId('verdict').classList.toggle('wrong', input !== undefined && labels[input] !== best);
      byId('seen-caption').textContent = input === undefined ? 'what it sees' : `test image ${input}`;
    },
  };
}

/** One layer: what it is, its filters if they are images, and its feature maps. */
function layerRow(port: Port<FromWorker, ToWorker>, layer: LayerInfo): HTMLElement {
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
  const plan = (width: number) => planTiles(tiles, Math.floor(width), isImage ? 76 : 22);
  const add = (name: string, caption: string, label: string) => {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas);
    pictures.append(create('figure', {}, create('figcaption', {}, caption), box));
    handOver(port, name, canvas, plan);
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
  const smallest = Math.min(largest, width < 480 ? 24 : 30);
  const fitting = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const rows = Math.ceil(tiles / fitting);
  const columns = Math.ceil(tiles / rows);
  const tile = Math.min(largest, (width + gap) / columns - gap);
  return { columns, rows, gap, width: columns * (tile + gap) - gap };
}

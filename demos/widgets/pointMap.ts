import { announce } from '../shared/announce.ts';
import { create } from '../shared/dom.ts';
import { cssVariable, parseHex } from '../shared/palette.ts';
import { single } from '../drawing/panels.ts';
import type { HandOver } from '../drawing/panels.ts';
import type { Mapped, Place } from '../drawing/codes.ts';
import { bindPlacing } from './placing.ts';
import './pointMap.css';

/** After so long at a place, what was found is said. */
const QUIET_MS = 500;

export interface PointMapOptions {
  /** What is on the map: 'Map of codes'. */
  readonly title: string;
  /** What lies at the edge. */
  readonly reach: number;
  readonly handOver: HandOver;
  /** The image whose point is nearest to a place. */
  readonly nearest: (place: Place) => Promise<Mapped | undefined>;
  /** What an image is called: 'a 7, test image 12'. */
  readonly nameOf: (found: Mapped) => string;
  /** Someone chooses a place. */
  readonly onChoose: (place: Place) => void;
}

/**
 * Fills `root` with a map of points, which the worker draws as the panel 'map'. Pointing at it shows the image whose point
 * is nearest; pressing there, or the arrow keys, choose a place. A handle marks it, and a number in a circle each class.
 */
export function createPointMap(root: HTMLElement, options: PointMapOptions) {
  const { title, reach, handOver, nearest, nameOf, onChoose } = options;
  let chosen: Place = [0, 0];
  let pointed: Place | undefined;
  let quiet: ReturnType<typeof setTimeout> | undefined;

  const canvas = create('canvas', { role: 'img', 'aria-label': title });
  const labels = Array.from({ length: 10 }, (_, own) => mark('class-name', own, String(own)));
  const handle = mark('handle');
  const ring = mark('ring');
  const picture = create('canvas');
  const caption = create('figcaption');
  const found = create('figure', { className: 'found' }, picture, caption);
  const marks = create('div', { className: 'marks', 'aria-hidden': 'true' });
  marks.append(...labels, ring, handle, found);
  const map = create('div', {
    className: 'point-map',
    tabIndex: 0,
    role: 'application',
    'aria-label': title,
  });
  map.append(canvas, marks);
  const help = create('p', { className: 'hint keys', id: 'map-keys' });
  help.textContent =
    'Keyboard: the arrows move the mark, and show the nearest image; shift makes larger steps.';
  map.setAttribute('aria-describedby', help.id);
  root.append(map, help);
  for (const each of [...labels, ring, found]) each.hidden = true;
  put(handle, chosen);
  handOver('map', canvas, single);

  /** Puts a mark where a place is on the map: by a transform, as nothing else moves when it does. */
  function put(element: HTMLElement, place: Place): void {
    const [x, y] = toShares(place).map((share) => 100 * Math.max(0, Math.min(1, share)));
    element.style.transform = `translate(${x}cqw, ${y}cqh)`;
  }

  /** From the left and the top, as shares of the map; and back. */
  function toShares([x, y]: Place): Place {
    return [(1 + x / reach) / 2, (1 - y / reach) / 2];
  }
  function fromShares(shares: Place): Place {
    const [x, y] = shares.map((share) => reach * (2 * Math.max(0, Math.min(1, share)) - 1));
    return [x, -y];
  }

  /** Shows the image nearest to a place; `undefined` hides it. */
  async function point(at: Place | undefined): Promise<Mapped | undefined> {
    pointed = at;
    const image = at && (await nearest(at));
    if (pointed !== at) return undefined;
    found.hidden = ring.hidden = !image;
    if (!image) return undefined;
    const [x, y] = image.place;
    paint(picture, image.pixels);
    caption.textContent = nameOf(image);
    put(ring, image.place);
    put(found, image.place);
    ring.style.setProperty('--class', `var(--class-${image.label})`);
    // On the side on which there is room.
    found.style.translate = `${x > 0 ? '-112%' : '12%'} ${y > 0 ? '12%' : '-112%'}`;
    return image;
  }

  bindPlacing(map, {
    place: () => toShares(chosen),
    step: 1 / 32,
    large: 1 / 8,
    async onPlace(shares) {
      chosen = fromShares(shares);
      put(handle, chosen);
      onChoose(chosen);
      const image = await point(chosen);
      clearTimeout(quiet);
      if (image) quiet = setTimeout(() => announce(`Nearest image: ${nameOf(image)}.`), QUIET_MS);
    },
  });
  map.addEventListener('pointermove', ({ clientX, clientY }) => {
    const { left, top, width, height } = map.getBoundingClientRect();
    void point(fromShares([(clientX - left) / width, (clientY - top) / height]));
  });
  // A finger leaves as it is lifted: what it has found stays until it taps elsewhere.
  map.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType !== 'touch') void point(undefined);
  });
  map.addEventListener('blur', () => void point(undefined));

  return {
    /** Puts the handle where the chosen place is, when something else has chosen it. */
    set chosen(place: Place) {
      chosen = place;
      put(handle, place);
    },
    /** The points have moved: the classes lie here now. `text` says what is on the map. */
    moved(centres: readonly Place[], text: string): void {
      labels.forEach((label, own) => {
        label.hidden = false;
        put(label, centres[own]);
      });
      map.querySelector('canvas')!.setAttribute('aria-label', text);
      if (pointed) void point([...pointed]);
    },
  };
}

function mark(className: string, own?: number, text = ''): HTMLElement {
  const element = create('span', { className }, text);
  if (own !== undefined) element.style.setProperty('--class', `var(--class-${own})`);
  return element;
}

/** Ink on nothing, in the colour of the scheme. */
function paint(canvas: HTMLCanvasElement, pixels: Uint8Array): void {
  const side = Math.sqrt(pixels.length);
  const ink = parseHex(cssVariable('--ink')).map((part) => 255 * part);
  const image = new ImageData(side, side);
  pixels.forEach((byte, i) => image.data.set([...ink, byte], 4 * i));
  Object.assign(canvas, { width: side, height: side });
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}

import { announce } from '../shared/announce.ts';
import { create } from '../shared/dom.ts';
import { cssVariable, parseHex } from '../shared/palette.ts';
import { single } from '../drawing/panels.ts';
import type { HandOver } from '../drawing/panels.ts';
import type { Mapped, Place } from '../drawing/codes.ts';
import './pointMap.css';

/** The step of the arrow keys, and with shift, as shares of the map's reach. */
const KEY_STEP = 1 / 16;
const LARGE_STEP = 1 / 4;
/** After so long without a key, what was found is said. */
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

  /** Puts a mark where a place is on the map. */
  function put(element: HTMLElement, [x, y]: Place): void {
    element.style.left = `${50 + (50 * within(x)) / reach}%`;
    element.style.top = `${50 - (50 * within(y)) / reach}%`;
  }

  function within(value: number): number {
    return Math.max(-reach, Math.min(reach, value));
  }

  function placeOf({ clientX, clientY }: PointerEvent): Place {
    const { left, top, width, height } = map.getBoundingClientRect();
    const [across, down] = [(clientX - left) / width, (clientY - top) / height];
    return [within(reach * (2 * across - 1)), within(reach * (1 - 2 * down))];
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

  function choose(place: Place): void {
    chosen = place;
    put(handle, place);
    onChoose(place);
  }

  map.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    map.setPointerCapture(event.pointerId);
    event.preventDefault();
    map.focus({ preventScroll: true });
    choose(placeOf(event));
    void point(placeOf(event));
  });
  map.addEventListener('pointermove', (event) => {
    const at = placeOf(event);
    if (map.hasPointerCapture(event.pointerId)) choose(at);
    void point(at);
  });
  // A finger leaves as it is lifted: what it has found stays until it taps elsewhere.
  map.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType !== 'touch') void point(undefined);
  });
  map.addEventListener('blur', () => void point(undefined));
  map.addEventListener('keydown', async (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = reach * (event.shiftKey ? LARGE_STEP : KEY_STEP);
    const [x, y] = chosen;
    const moves: Record<string, Place> = {
      ArrowLeft: [x - by, y],
      ArrowRight: [x + by, y],
      ArrowUp: [x, y + by],
      ArrowDown: [x, y - by],
      Home: [0, 0],
    };
    const to = moves[event.key];
    if (!to) return;
    event.preventDefault();
    const at = [within(to[0]), within(to[1])] as const;
    choose(at);
    const image = await point(at);
    clearTimeout(quiet);
    if (image) quiet = setTimeout(() => announce(`Nearest image: ${nameOf(image)}.`), QUIET_MS);
  });

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
      canvas.setAttribute('aria-label', text);
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

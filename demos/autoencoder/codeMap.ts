import { announce } from '../shared/announce.ts';
import { byId, count, create } from '../shared/dom.ts';
import { cssVariable, parseHex } from '../shared/palette.ts';
import type { Live } from './live.ts';
import { withArticle } from './looks.ts';
import type { Looks } from './looks.ts';
import { REACH, SIDE } from './protocol.ts';
import type { Mapped, Tells } from './protocol.ts';
import { VERSIONS } from './settings.ts';

/** The step of the arrow keys, in standard deviations. */
const KEY_STEP = 0.2;
/** After so long without a key, what was found is said. */
const QUIET_MS = 500;

/**
 * The map of codes. Pointing at it shows the test image whose dot is nearest; pressing there, or the arrow keys, choose
 * the code that is decoded beside it.
 *
 * @param shape chooses the code, by its first two scores
 */
export function createCodeMap(page: Live, looks: Looks, shape: (x: number, y: number) => void) {
  const map = byId('map');
  const digit = byId('map-digit');
  const picture = byId<HTMLCanvasElement>('map-digit-picture');
  let pointed: readonly [number, number] | undefined;
  let quiet: ReturnType<typeof setTimeout> | undefined;

  page.handOver('map', byId('map-canvas'), (width) => ({ columns: 1, rows: 1, gap: 0, width }));
  const labels = Array.from({ length: 10 }, (_, own) => {
    const label = create('span', { className: 'class-name' }, String(own));
    label.style.setProperty('--class', `var(--class-${own})`);
    return label;
  });
  const handle = create('span', { className: 'handle' });
  const ring = create('span', { className: 'ring', hidden: true });
  digit.before(...labels, ring, handle);

  /** Puts something where two scores are on the map. */
  function place(element: HTMLElement, x: number, y: number): void {
    const inside = (value: number) => Math.max(-1, Math.min(1, value / REACH));
    element.style.left = `${50 + 50 * inside(x)}%`;
    element.style.top = `${50 - 50 * inside(y)}%`;
  }

  function placeOf({ clientX, clientY }: PointerEvent): [number, number] {
    const { left, top, width, height } = map.getBoundingClientRect();
    return [
      limit(REACH * (((clientX - left) / width) * 2 - 1)),
      limit(REACH * (1 - ((clientY - top) / height) * 2)),
    ];
  }

  /** Shows the test image nearest to a place; `undefined` hides it. */
  async function point(at: readonly [number, number] | undefined, isKey = false): Promise<void> {
    pointed = at;
    const found = at && (await page.call('nearest', at));
    if (pointed !== at) return;
    digit.hidden = ring.hidden = !found;
    if (!found) return;
    paint(picture, found.pixels);
    ring.style.setProperty('--class', `var(--class-${found.digit})`);
    const [x, y] = found.place;
    place(ring, x, y);
    place(digit, x, y);
    digit.style.translate = `${x > 0 ? '-112%' : '12%'} ${y > 0 ? '12%' : '-112%'}`;
    byId('map-digit-text').textContent = nameOf(found);
    if (!isKey) return;
    clearTimeout(quiet);
    quiet = setTimeout(() => announce(`Nearest test image: ${nameOf(found)}.`), QUIET_MS);
  }

  map.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    map.setPointerCapture(event.pointerId);
    event.preventDefault();
    map.focus({ preventScroll: true });
    shape(...placeOf(event));
  });
  map.addEventListener('pointermove', (event) => {
    const at = placeOf(event);
    if (map.hasPointerCapture(event.pointerId)) shape(...at);
    void point(at);
  });
  for (const leave of ['pointerleave', 'blur'] as const) {
    map.addEventListener(leave, () => void point(undefined));
  }
  map.addEventListener('keydown', (event) => {
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-KEY_STEP, 0],
      ArrowRight: [KEY_STEP, 0],
      ArrowUp: [0, KEY_STEP],
      ArrowDown: [0, -KEY_STEP],
    };
    const by = moves[event.key];
    if (!by) return;
    event.preventDefault();
    const at = [limit(looks.scores[0] + by[0]), limit(looks.scores[1] + by[1])] as const;
    shape(...at);
    void point(at, true);
  });
  looks.onChange(() => place(handle, looks.scores[0], looks.scores[1]));

  return {
    /** The codes have moved on the map. */
    centres({ version, axes, centres, images }: Tells['centres']): void {
      labels.forEach((label, own) => place(label, centres[own * axes], centres[own * axes + 1]));
      const { title } = VERSIONS.find(({ name }) => name === version)!;
      const what = `Map of the codes that ${title} gives ${count(images)} test images`;
      byId('map-canvas').setAttribute('aria-label', what);
      if (pointed) void point([...pointed]);
    },
  };
}

const limit = (value: number): number => Math.max(-REACH, Math.min(REACH, value));

const nameOf = ({ digit, image }: Mapped): string => `${withArticle(digit)}, test image ${image}`;

/** Ink on nothing, in the colour of the scheme. */
function paint(canvas: HTMLCanvasElement, pixels: Uint8Array): void {
  const ink = parseHex(cssVariable('--ink')).map((part) => 255 * part);
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((byte, i) => image.data.set([...ink, byte], 4 * i));
  Object.assign(canvas, { width: SIDE, height: SIDE });
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}

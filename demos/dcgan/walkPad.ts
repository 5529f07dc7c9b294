import { announce } from '../shared/announce.ts';
import { byId, create, percent } from '../shared/dom.ts';
import type { Live } from './live.ts';
import { MAP, SAMPLES } from './protocol.ts';

const CORNERS = ['top left', 'top right', 'bottom left', 'bottom right'];
const KEY_STEP = 0.02;
const LARGE_STEP = 0.1;
/** After so long at a place it is said, and kept in the address. */
const QUIET_MS = 500;
/** A stroll goes round the map in so many milliseconds. */
const ROUND_MS = 16_000;
const GAP = 2;

/** The map between four samples, the mark on it, and the image at the mark. */
export function createWalkPad(page: Live): { walked(opinion: number): void } {
  const pad = byId('walk-pad');
  const dot = byId('walk-dot');
  const strollButton = byId<HTMLButtonElement>('stroll');
  let { x, y } = page.values;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let seen = false;
  let strolling = 0;
  let opinion = 0;

  page.handOver('map', byId('map'), (width) => ({ columns: MAP, rows: MAP, gap: GAP, width }));
  page.handOver('walk', byId('walk'), (width) => ({ columns: 1, rows: 1, gap: 0, width, foot: 10 }));

  /** The samples in the corners, as people count them. */
  const corners = () => page.values.corners.split('-').map(Number);
  const inputs = CORNERS.map((name, index) => {
    const input = create('input', { type: 'number', min: '1', max: String(SAMPLES), step: '1' });
    input.inputMode = 'numeric';
    input.addEventListener('change', () => {
      if (!input.validity.valid || input.value === '') input.value = String(corners()[index]);
      chooseCorners(inputs.map(({ value }) => Number(value)));
    });
    byId('corners').append(create('label', {}, create('span', {}, name), input));
    return input;
  });

  function chooseCorners(samples: readonly number[]): void {
    page.set({ corners: samples.join('-') });
    inputs.forEach((input, index) => (input.value = String(samples[index])));
    post();
  }

  /** The mark stands in the tile whose image it is: the outermost tiles' middles are the corners. */
  function showMark(): void {
    const along = (value: number) => `${((value * (MAP - 1) + 0.5) / MAP) * 100}%`;
    Object.assign(dot.style, { left: along(x), top: along(y) });
  }

  function post(): void {
    if (seen) void page.call('walk', { corners: corners().map((sample) => sample - 1), x, y });
  }

  function move(toX: number, toY: number): void {
    [x, y] = [toX, toY].map((value) => Math.min(1, Math.max(0, Number(value.toFixed(3)))));
    showMark();
    post();
    clearTimeout(quiet);
    if (strolling) return;
    quiet = setTimeout(() => {
      page.set({ x, y });
      announce(
        `${percent(x, 0)} to the right, ${percent(y, 0)} down: ${percent(opinion, 0)} real to the discriminator`,
      );
    }, QUIET_MS);
  }

  function point({ clientX, clientY }: PointerEvent): void {
    const { left, top, width, height } = pad.getBoundingClientRect();
    const along = (share: number) => (share * MAP - 0.5) / (MAP - 1);
    move(along((clientX - left) / width), along((clientY - top) / height));
  }

  pad.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    rest();
    pad.setPointerCapture(event.pointerId);
    point(event);
  });
  pad.addEventListener('pointermove', (event) => {
    if (pad.hasPointerCapture(event.pointerId)) point(event);
  });
  pad.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? LARGE_STEP : KEY_STEP;
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [x - by, y],
      ArrowRight: [x + by, y],
      ArrowUp: [x, y - by],
      ArrowDown: [x, y + by],
      Home: [0.5, 0.5],
    };
    const to = moves[event.key];
    if (!to) return;
    event.preventDefault();
    rest();
    move(...to);
  });

  /** Goes round the map until someone takes the mark. */
  function stroll(): void {
    const start = performance.now();
    const from = Math.atan2(y - 0.5, x - 0.5);
    const walk = (now: number) => {
      const angle = from + (2 * Math.PI * (now - start)) / ROUND_MS;
      // A rounded square: along the edges, through the corners' neighbourhoods.
      const reach = (value: number) => 0.5 + 0.48 * Math.sign(value) * Math.abs(value) ** 0.6;
      move(reach(Math.cos(angle)), reach(Math.sin(angle)));
      strolling = requestAnimationFrame(walk);
    };
    strolling = requestAnimationFrame(walk);
    strollButton.textContent = 'Stop';
  }

  function rest(): void {
    cancelAnimationFrame(strolling);
    strolling = 0;
    strollButton.textContent = 'Walk around';
  }

  strollButton.addEventListener('click', () => {
    if (!strolling) return stroll();
    rest();
    move(x, y);
  });
  byId('shuffle').addEventListener('click', () => {
    const samples = new Set<number>();
    while (samples.size < 4) samples.add(1 + Math.floor(Math.random() * SAMPLES));
    chooseCorners([...samples]);
  });

  // What nobody looks at is not computed.
  new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting || seen) return;
    seen = true;
    post();
  }).observe(byId('walk-section'));
  inputs.forEach((input, index) => (input.value = String(corners()[index])));
  showMark();

  return {
    walked(probability) {
      opinion = probability;
      byId('walk-opinion').textContent = percent(probability, 0);
    },
  };
}

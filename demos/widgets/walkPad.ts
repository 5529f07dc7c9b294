import { create } from '../shared/dom.ts';
import { bindPlacing } from './placing.ts';
import type { Place } from './placing.ts';
import './walkPad.css';

/** After so long at a place someone is said to rest there. */
const QUIET_MS = 500;
/** A stroll goes round the pad in so many milliseconds. */
const ROUND_MS = 16_000;

export interface WalkPadOptions {
  /** Where the mark stands at first. */
  readonly place: Place;
  /** Tiles on a side of the map below, whose outermost images are the ends: there the mark stands in their middles. */
  readonly tiles: number;
  /** Starts and ends a stroll round the pad. */
  readonly strollButton: HTMLButtonElement;
  /** The mark has come to a place. */
  readonly onMove: (place: Place) => void;
  /** Someone has moved the mark here and left it. */
  readonly onRest: (place: Place) => void;
}

/** Puts a mark on `pad`, which lies over a map, to be moved by pointer and keys, or to stroll by itself. */
export function createWalkPad(pad: HTMLElement, options: WalkPadOptions): void {
  const { tiles, strollButton, onMove, onRest } = options;
  const mark = create('span', { className: 'mark' });
  let { place } = options;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let strolling = 0;

  pad.classList.add('walk-pad');
  pad.append(mark);
  const margin = 0.5 / tiles;
  const onPad = (value: number) => margin + value * (1 - 2 * margin);
  const onMap = (share: number) => (share - margin) / (1 - 2 * margin);

  function show(): void {
    const [left, top] = place.map((value) => `${100 * onPad(value)}%`);
    Object.assign(mark.style, { left, top });
  }

  function move([x, y]: Place): void {
    const within = (value: number) => Math.min(1, Math.max(0, Number(value.toFixed(3))));
    place = [within(x), within(y)];
    show();
    onMove(place);
    clearTimeout(quiet);
    if (!strolling) quiet = setTimeout(() => onRest(place), QUIET_MS);
  }

  function stroll(): void {
    const start = performance.now();
    const from = Math.atan2(place[1] - 0.5, place[0] - 0.5);
    const walk = (now: number) => {
      const angle = from + (2 * Math.PI * (now - start)) / ROUND_MS;
      // A rounded square: along the edges, and close to the corners.
      const reach = (value: number) => 0.5 + 0.48 * Math.sign(value) * Math.abs(value) ** 0.6;
      move([reach(Math.cos(angle)), reach(Math.sin(angle))]);
      strolling = requestAnimationFrame(walk);
    };
    strolling = requestAnimationFrame(walk);
    strollButton.textContent = 'Stop';
  }

  function stop(): void {
    cancelAnimationFrame(strolling);
    strolling = 0;
    strollButton.textContent = 'Walk around';
  }

  bindPlacing(pad, {
    place: () => [onPad(place[0]), onPad(place[1])],
    step: 0.02 * (1 - 2 * margin),
    large: 0.1 * (1 - 2 * margin),
    onPlace([x, y]) {
      stop();
      move([onMap(x), onMap(y)]);
    },
  });
  strollButton.addEventListener('click', () => {
    if (!strolling) return stroll();
    stop();
    move(place);
  });
  stop();
  show();
}

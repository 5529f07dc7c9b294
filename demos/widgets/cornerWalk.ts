import { single } from '../drawing/panels.ts';
import type { CornerPlace } from '../drawing/latentWalk.ts';
import type { HandOver } from '../drawing/panels.ts';
import { announce } from '../shared/announce.ts';
import { create, percent } from '../shared/dom.ts';
import type { Place } from './placing.ts';
import { createWalkPad } from './walkPad.ts';
import './cornerWalk.css';

/** What the page has for a walk. The panels are called `map` and `walk`. */
export interface CornerWalkElements {
  readonly map: HTMLCanvasElement;
  /** Lies over the map, and takes the focus. */
  readonly pad: HTMLElement;
  /** The image at the mark. */
  readonly image: HTMLCanvasElement;
  /** Gets a field for each corner. */
  readonly corners: HTMLElement;
  readonly strollButton: HTMLButtonElement;
  readonly shuffleButton: HTMLButtonElement;
}

export interface CornerWalkOptions {
  readonly handOver: HandOver;
  /** Images on a side of the map. */
  readonly tiles: number;
  /** There are so many samples to choose the corners from. */
  readonly samples: number;
  readonly place: Place;
  /** The samples in the corners, counted from 1: '1-8-57-64'. */
  readonly corners: string;
  readonly onMove: (place: CornerPlace) => void;
  /** Someone has left the mark at a place: what is there to say of the image? */
  readonly onRest: (place: Place) => string;
  readonly onCorners: (corners: string) => void;
}

const CORNERS = ['top left', 'top right', 'bottom left', 'bottom right'];

/** A map of the images between four samples, a mark on it, and the image at the mark. The answer asks for that again. */
export function createCornerWalk(elements: CornerWalkElements, options: CornerWalkOptions): () => void {
  const { handOver, tiles, samples, onMove, onRest, onCorners } = options;
  let { place, corners } = options;

  handOver('map', elements.map, (width) => ({ columns: tiles, rows: tiles, gap: 2, width }));
  handOver('walk', elements.image, (width) => ({ ...single(width), foot: 10 }));

  function post(): void {
    onMove({ corners: corners.split('-').map((sample) => Number(sample) - 1), x: place[0], y: place[1] });
  }

  createWalkPad(elements.pad, {
    place,
    tiles,
    strollButton: elements.strollButton,
    onMove(to) {
      place = to;
      post();
    },
    onRest([x, y]) {
      announce(`${percent(x, 0)} to the right, ${percent(y, 0)} down: ${onRest([x, y])}`);
    },
  });

  const inputs = CORNERS.map((name) => {
    const input = create('input', { type: 'number', min: '1', max: String(samples), inputMode: 'numeric' });
    input.required = true;
    input.addEventListener('change', () => {
      if (input.validity.valid) choose(inputs.map(({ value }) => value));
      else show();
    });
    elements.corners.append(create('label', {}, create('span', {}, name), input));
    return input;
  });
  function choose(chosen: readonly (number | string)[]): void {
    corners = chosen.join('-');
    onCorners(corners);
    show();
    post();
  }
  function show(): void {
    corners.split('-').forEach((sample, i) => (inputs[i].value = sample));
  }
  elements.shuffleButton.addEventListener('click', () => {
    const chosen = new Set<number>();
    while (chosen.size < CORNERS.length) chosen.add(1 + Math.floor(Math.random() * samples));
    choose([...chosen]);
  });
  show();
  return post;
}

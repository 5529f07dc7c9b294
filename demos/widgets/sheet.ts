import type { HandOver } from '../drawing/panels.ts';
import { create } from '../shared/dom.ts';
import { imageButtons } from './imageButtons.ts';
import './sheet.css';

export interface SheetOptions {
  /** The panel that the worker draws. */
  readonly panel: string;
  readonly handOver: HandOver;
  /** What is on it, for those who hear the page: 'Generated digits'. */
  readonly label: string;
  readonly columns: number;
  readonly rows: number;
  /** In CSS pixels: between images, and under each for its bar. */
  readonly gap: number;
  readonly foot?: number;
  readonly choose: (index: number) => void;
}

/** Fills `place` with a grid of images that the worker draws, under buttons that choose one. */
export function createSheet(place: HTMLElement, options: SheetOptions) {
  const { panel, handOver, label, columns, rows, gap, foot, choose } = options;
  const canvas = create('canvas', { 'aria-hidden': 'true' });
  const { cells, buttons } = imageButtons(columns * rows, columns, label, choose);
  cells.style.gap = `${gap}px`;
  place.classList.add('tiles');
  place.append(canvas, cells);
  handOver(panel, canvas, (width) => ({ columns, rows, gap, foot, width }));
  return {
    set chosen(index: number) {
      buttons.forEach((button, i) => (button.ariaPressed = String(i === index)));
    },
    /** Names each image, for those who point at it or hear the page. */
    describe(text: (index: number) => string): void {
      buttons.forEach((button, index) => {
        button.title = text(index);
        button.ariaLabel = button.title;
      });
    },
  };
}

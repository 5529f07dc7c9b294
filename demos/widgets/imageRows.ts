import { create } from '../shared/dom.ts';
import type { HandOver } from '../drawing/panels.ts';
import './imageRows.css';

/** A panel of images, side by side or in a few rows. */
export interface Strip {
  readonly panel: string;
  /** What it shows. */
  readonly label: string;
  readonly count: number;
  /** Images side by side; default: all of them. */
  readonly columns?: number;
  /** Height of an image by its width, read whenever the strip is laid out; default 1. */
  readonly aspect?: () => number;
  /** Buttons over the images. */
  readonly cells?: HTMLElement;
}

export type ImageRows = ReturnType<typeof createImageRows>;

/** Rows of images that a worker draws: `strip` makes a panel, `row` a heading with panels under each other beside it. */
export function createImageRows(handOver: HandOver) {
  const arrangements: (() => void)[] = [];

  function strip({ panel, label, count, columns = count, aspect, cells }: Strip): HTMLElement {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas, ...(cells ? [cells] : []));
    const plan = (width: number) => {
      const gap = width < 480 ? 3 : 8;
      cells?.style.setProperty('gap', `${gap}px`);
      return { columns, rows: Math.ceil(count / columns), gap, width, aspect: aspect?.() };
    };
    arrangements.push(handOver(panel, canvas, plan));
    return box;
  }

  return {
    strip,
    row: (heading: HTMLElement, ...strips: readonly Strip[]): HTMLElement =>
      create(
        'div',
        { className: 'row' },
        heading,
        create('div', { className: 'strips' }, ...strips.map(strip)),
      ),
    /** Lays all strips out again: an aspect has changed. */
    arrange(): void {
      for (const arrange of arrangements) arrange();
    },
  };
}

/** What stands beside a row: its name, and what there is to say or do. */
export function heading(title: string, ...more: readonly (Node | string)[]): HTMLElement {
  return create('div', { className: 'heading' }, create('h3', {}, title), ...more);
}

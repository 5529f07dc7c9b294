import { watchSize } from '../shared/dom.ts';
import type { Port } from '../shared/port.ts';

/** What a page's protocol with its worker has to have, that panels may be handed over. */
export type PanelMessage =
  | { type: 'panel'; name: string; canvas: OffscreenCanvas; layout: PanelLayout }
  | { type: 'layout'; name: string; layout: PanelLayout };

/** While a window is being dragged, canvases keep their size; they follow when it rests. */
const SETTLE_MS = 150;

/** How a panel's canvas is divided, in its own pixels. */
export interface PanelLayout {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly gap: number;
  /** Room under each image for its bar; default 0. */
  readonly foot?: number;
}

/** How a panel's tiles are laid out for a width in CSS pixels. */
export interface TilePlan {
  readonly columns: number;
  readonly rows: number;
  /** In CSS pixels. */
  readonly gap: number;
  /** Of the canvas, in CSS pixels; not above the width that was offered. */
  readonly width: number;
  /** Height of a tile by its width; default 1. */
  readonly aspect?: number;
  /** Room under each tile for a bar, in CSS pixels; default 0. */
  readonly foot?: number;
}

/** `handOver` with a port of its own. */
export type HandOver = (
  name: string,
  canvas: HTMLCanvasElement,
  plan: (width: number) => TilePlan,
) => () => void;

/** One picture that fills its canvas. */
export const single = (width: number): TilePlan => ({ columns: 1, rows: 1, gap: 0, width });

/** For each canvas that was handed over: another in its place. Answers false where it has left the page. */
const renewals = new Set<() => boolean>();

/**
 * Puts other canvases in place of those that were handed over. When the GPU is lost because its process has crashed, Chromium
 * shows nothing any more that is drawn into the old ones.
 */
export function renewCanvases(): void {
  for (const renew of renewals) if (!renew()) renewals.delete(renew);
}

/**
 * Hands a canvas to the worker, which draws tiles of GPU memory into it, and keeps its size in step with the page.
 * `plan` lays the tiles out for the width of the canvas's parent; call the returned function to lay out again.
 */
export function handOver(
  port: Pick<Port<never, PanelMessage>, 'post'>,
  name: string,
  first: HTMLCanvasElement,
  plan: (width: number) => TilePlan,
): () => void {
  let canvas = first;
  let sent = false;
  let width = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arrange = (): void => {
    if (width === 0) return;
    const { columns, rows, gap, width: own, aspect = 1, foot = 0 } = plan(width);
    const tile = (own + gap) / columns - gap;
    const height = rows * (tile * aspect + foot + gap) - gap;
    Object.assign(canvas.style, { width: `${own}px`, height: `${height}px` });
    const pixels = (length: number) => Math.max(1, Math.round(length * devicePixelRatio));
    const layout: PanelLayout = {
      width: pixels(own),
      height: pixels(height),
      columns,
      gap: gap * devicePixelRatio,
      foot: foot * devicePixelRatio,
    };
    if (sent) return port.post({ type: 'layout', name, layout });
    sent = true;
    const offscreen = canvas.transferControlToOffscreen();
    port.post({ type: 'panel', name, canvas: offscreen, layout }, [offscreen]);
  };
  renewals.add(() => {
    if (!canvas.isConnected) return false;
    if (!sent) return true;
    const next = document.createElement('canvas');
    for (const { name: key, value } of canvas.attributes) {
      if (key !== 'style') next.setAttribute(key, value); // a strict policy forbids that one
    }
    canvas.replaceWith(next);
    canvas = next;
    sent = false;
    arrange();
    return true;
  });
  watchSize(canvas.parentElement!, (now) => {
    if (Math.abs(now - width) < 0.5) return;
    width = now;
    if (!sent) return arrange();
    clearTimeout(timer);
    timer = setTimeout(arrange, SETTLE_MS);
  });
  return arrange;
}

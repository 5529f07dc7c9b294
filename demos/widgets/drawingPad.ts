import { smoothStroke } from './digitRaster.ts';
import type { Point, Stroke } from './digitRaster.ts';
import { watchSize } from '../shared/dom.ts';
import { cssVariable, onSchemeChange } from '../shared/palette.ts';

/** Width of the pen and step of the arrow keys, as shares of the pad. */
const PEN = 0.075;
const KEY_STEP = 0.03;
/** How long a sample takes to write itself. */
const WRITING_MS = 450;

export interface DrawingPadOptions {
  /** Called with every change, at most once per frame. */
  onChange: (strokes: readonly Stroke[]) => void;
  /** Someone pressed a digit's key. */
  onDigit?: (digit: number) => void;
}

/**
 * A pad to write on with mouse, finger, pen or keyboard: arrows move the pen, space sets it down or lifts it, delete
 * clears. Strokes are kept in units of the pad, so it may change its size.
 */
export class DrawingPad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #options: DrawingPadOptions;
  #strokes: Point[][] = [];
  #drawing = false;
  /** The keyboard's pen, while it is in use. */
  #pen: { x: number; y: number; down: boolean } | undefined;
  #frame = 0;
  #changed = false;
  #writing = 0;

  constructor(canvas: HTMLCanvasElement, options: DrawingPadOptions) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d')!;
    this.#options = options;
    watchSize(canvas, (width, height) => {
      Object.assign(canvas, { width: width * devicePixelRatio, height: height * devicePixelRatio });
      this.#paint();
    });
    onSchemeChange(() => this.#paint());
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, () => (this.#drawing = false));
    }
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => {
      this.#pen = undefined;
      this.#paint();
    });
  }

  get isEmpty(): boolean {
    return this.#strokes.length === 0;
  }

  clear(): void {
    cancelAnimationFrame(this.#writing);
    this.#strokes = [];
    this.#drawing = false;
    this.#change();
  }

  /** Writes strokes given in a unit box, as a hand would: point by point, unless motion is unwelcome. */
  write(glyph: readonly (readonly (Point & { corner?: boolean })[])[]): void {
    this.clear();
    const strokes = glyph.map((stroke) =>
      smoothStroke(stroke).map(({ x, y }) => ({ x: 0.16 + 0.68 * x, y: 0.14 + 0.72 * y })),
    );
    const total = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    const start = performance.now();
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const draw = (now: number) => {
      let left = still ? total : Math.ceil((total * (now - start)) / WRITING_MS);
      const done = left >= total;
      this.#strokes = strokes
        .map((stroke) => {
          const part = stroke.slice(0, Math.max(0, left));
          left -= stroke.length;
          return part;
        })
        .filter((stroke) => stroke.length > 0);
      this.#change();
      if (!done) this.#writing = requestAnimationFrame(draw);
    };
    this.#writing = requestAnimationFrame(draw);
  }

  #at({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    cancelAnimationFrame(this.#writing);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drawing = true;
    this.#strokes.push([this.#at(event)]);
    this.#change();
  }

  #move(event: PointerEvent): void {
    if (!this.#drawing) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.#strokes.at(-1)!.push(...(events.length > 0 ? events : [event]).map((each) => this.#at(each)));
    this.#change();
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    if (move) this.#movePen(move);
    else if (event.key === ' ') this.#togglePen();
    else if (event.key === 'Delete' || event.key === 'Backspace' || event.key === 'Escape') this.clear();
    else if (/^\d$/.test(event.key)) this.#options.onDigit?.(Number(event.key));
    else return;
    event.preventDefault();
  }

  #movePen([dx, dy]: readonly [number, number]): void {
    const pen = (this.#pen ??= { x: 0.5, y: 0.5, down: false });
    pen.x = Math.min(1, Math.max(0, pen.x + dx * KEY_STEP));
    pen.y = Math.min(1, Math.max(0, pen.y + dy * KEY_STEP));
    if (pen.down) this.#strokes.at(-1)!.push({ x: pen.x, y: pen.y });
    this.#change(pen.down);
  }

  #togglePen(): void {
    const pen = (this.#pen ??= { x: 0.5, y: 0.5, down: false });
    pen.down = !pen.down;
    if (pen.down) this.#strokes.push([{ x: pen.x, y: pen.y }]);
    this.#change(pen.down);
  }

  #change(drawn = true): void {
    this.#changed ||= drawn;
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
      if (this.#changed) this.#options.onChange(this.#strokes);
      this.#changed = false;
    });
  }

  #paint(): void {
    const { width, height } = this.#canvas;
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    Object.assign(context, { lineWidth: PEN * width, lineCap: 'round', lineJoin: 'round' });
    context.strokeStyle = cssVariable('--ink');
    for (const stroke of this.#strokes) {
      context.beginPath();
      context.moveTo(stroke[0].x * width, stroke[0].y * height);
      for (const { x, y } of stroke) context.lineTo(x * width, y * height);
      context.stroke();
    }
    if (!this.#pen) return;
    const { x, y, down } = this.#pen;
    Object.assign(context, { strokeStyle: cssVariable('--ink'), lineWidth: 2 * devicePixelRatio });
    context.beginPath();
    context.arc(x * width, y * height, (PEN * width) / (down ? 2 : 1), 0, 2 * Math.PI);
    context.stroke();
  }
}

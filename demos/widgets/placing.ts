/** A place on a plane: from 0 to 1 to the right and down. */
export type Place = readonly [x: number, y: number];

export interface PlacingOptions {
  /** Where it stands now. */
  readonly place: () => Place;
  /** What an arrow key moves it by, and with shift (default: the same). */
  readonly step: number | (() => Place);
  readonly large?: number;
  readonly onPlace: (place: Place) => void;
}

/** Lets people choose a place on an element that takes the focus: with a pointer, arrow keys, and Home for the middle. */
export function bindPlacing(element: HTMLElement, { place, step, large, onPlace }: PlacingOptions): void {
  const point = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    onPlace([(clientX - left) / width, (clientY - top) / height]);
  };
  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    event.preventDefault();
    element.focus({ preventScroll: true });
    point(event);
  });
  element.addEventListener('pointermove', (event) => {
    if (element.hasPointerCapture(event.pointerId)) point(event);
  });
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = (event.shiftKey && large) || step;
    const [right, down] = typeof by === 'number' ? [by, by] : by();
    const [x, y] = place();
    const moves: Record<string, Place> = {
      ArrowLeft: [x - right, y],
      ArrowRight: [x + right, y],
      ArrowUp: [x, y - down],
      ArrowDown: [x, y + down],
      Home: [0.5, 0.5],
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    onPlace(moves[event.key]);
  });
}

import { create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import type { LaneState } from '../../../src/simulator/index.ts';

export interface LaneMap {
  readonly element: HTMLElement;
  update(lanes: readonly LaneState[], watched: number): void;
}

const STATES = { stopped: 'running', waiting: 'waits at a barrier', ended: 'has ended' } as const;

/** The invocations of a workgroup as they lie in it; one is watched. */
export function laneMap(
  [x, y, z]: readonly [number, number, number],
  onWatch: (lane: number) => void,
): LaneMap {
  const columns = y * z === 1 && x > 16 ? 16 : x;
  const cells = Array.from({ length: x * y * z }, (_, lane) => {
    const cell = create('button', { type: 'button' }, String(lane));
    cell.addEventListener('click', () => onWatch(lane));
    return cell;
  });
  const grid = create(
    'div',
    { className: 'lanes', role: 'group', 'aria-label': 'Invocations of the workgroup' },
    ...cells,
  );
  grid.style.setProperty('--columns', String(columns));
  rove(grid, () => columns);
  return {
    element: grid,
    update(lanes, watched) {
      const own = lanes[watched].place?.line;
      lanes.forEach(({ status, place }, lane) => {
        const cell = cells[lane];
        const isWith = status === 'stopped' && place?.line === own;
        cell.className = [status, isWith && 'with'].filter(Boolean).join(' ');
        cell.ariaPressed = String(lane === watched);
        if (lane === watched) reveal(grid, cell);
        cell.ariaLabel = `Invocation ${lane}: ${STATES[status]}${place ? `, line ${place.line}` : ''}`;
      });
    },
  };
}

/** Scrolls the map, and nothing around it. */
function reveal(grid: HTMLElement, cell: HTMLElement): void {
  const top = cell.offsetTop - grid.offsetTop;
  if (top < grid.scrollTop || top + cell.offsetHeight > grid.scrollTop + grid.clientHeight)
    grid.scrollTop = top - grid.clientHeight / 2;
}

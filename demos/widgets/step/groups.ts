import { create } from '../../shared/dom.ts';

type Group = readonly [x: number, y: number, z: number];

export interface GroupPicker {
  readonly element: HTMLElement;
  show(group: Group): void;
}

/** More are not chosen from a list. */
const LISTED = 64;

/** Chooses a workgroup of a dispatch; undefined where there is only one. */
export function groupPicker(counts: Group, onChoose: (group: Group) => void): GroupPicker | undefined {
  const [nx, ny, nz] = counts;
  if (nx * ny * nz === 1) return undefined;
  return nx * ny * nz <= LISTED ? list(counts, onChoose) : fields(counts, onChoose);
}

function list([nx, ny, nz]: Group, onChoose: (group: Group) => void): GroupPicker {
  const groupAt = (i: number): Group => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
  const nameOf = ([x, y, z]: Group) => (nz > 1 ? `(${x}, ${y}, ${z})` : ny > 1 ? `(${x}, ${y})` : String(x));
  const options = Array.from({ length: nx * ny * nz }, (_, i) =>
    create('option', { value: String(i) }, nameOf(groupAt(i))),
  );
  const select = create('select', {}, ...options);
  select.addEventListener('change', () => onChoose(groupAt(Number(select.value))));
  return {
    element: create('label', {}, create('span', {}, 'Workgroup'), select),
    show: ([x, y, z]) => (select.value = String((z * ny + y) * nx + x)),
  };
}

/** A number for each dimension that has more than one. */
function fields(counts: Group, onChoose: (group: Group) => void): GroupPicker {
  const inputs = counts.map((extent, axis) => {
    const input = create('input', {
      type: 'number',
      min: '0',
      max: String(extent - 1),
      value: '0',
      ariaLabel: `Workgroup ${'xyz'[axis]}, 0 to ${extent - 1}`,
      title: `0 to ${extent - 1}`,
    });
    input.addEventListener('change', () => {
      input.value = String(Math.max(0, Math.min(extent - 1, Math.floor(Number(input.value) || 0))));
      onChoose(inputs.map((own) => Number(own.value)) as unknown as Group);
    });
    return input;
  });
  return {
    element: create(
      'div',
      { className: 'groups', role: 'group', 'aria-label': 'Workgroup' },
      create('span', {}, 'Workgroup'),
      ...inputs.filter((_, axis) => counts[axis] > 1),
      create('span', { className: 'hint' }, `of ${counts.filter((extent) => extent > 1).join(' × ')}`),
    ),
    show: (group) => inputs.forEach((input, axis) => (input.value = String(group[axis]))),
  };
}

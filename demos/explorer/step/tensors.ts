import { create } from '../../shared/dom.ts';
import type { Prepared } from '../toys/simulate.ts';
import { tensorGrid } from './grid.ts';
import type { Mark, TensorGrid } from './grid.ts';
import type { Walk } from './walk.ts';

/** Numbers of a nested list, flat, and its extents. */
function flat(value: unknown): { readonly shape: readonly number[]; readonly numbers: readonly number[] } {
  const shape: number[] = [];
  for (let own = value; Array.isArray(own); own = own[0] as unknown) shape.push(own.length);
  return { shape, numbers: [value].flat(shape.length) as number[] };
}

/** Larger buffers, such as tables of settings, show their beginning. */
const MOST = 512;

export interface Tensors {
  readonly element: HTMLElement;
  update(walk: Walk, wanted: { readonly variable: string; readonly word: number } | undefined): void;
}

/** All memory that invocations share: the buffers of the dispatch, and the workgroup's. */
export function tensorsOf(
  { buffers, toy }: Prepared,
  first: Walk,
  onChoose: (variable: string, element: number) => void,
): Tensors {
  const grids = new Map<string, TensorGrid>();
  const part = (title: string, list: readonly HTMLElement[]) =>
    list.length > 0
      ? [create('section', {}, create('h3', {}, title), create('div', { className: 'tensors' }, ...list))]
      : [];
  const bufferGrids = buffers.map(({ name, of, shape, dtype, writes }) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const told = `${of === name ? '' : `${of} `}[${shape.join(' × ')}]${dtype === 'f32' ? '' : ` ${dtype}`}`;
    const grid = tensorGrid({
      name,
      note: size > MOST ? `${told}, its first ${MOST}` : told,
      shape: size > MOST ? [MOST] : shape,
      isFilter: toy.filters?.includes(name),
      onChoose: writes ? (element) => onChoose(name, element) : undefined,
    });
    grids.set(name, grid);
    return { writes, element: grid.element };
  });
  const shared = first.stepper.simulation.globals.filter(({ memory }) => memory === 'W');
  const sharedGrids = shared.map(({ name }) => {
    const { shape } = flat(first.stepper.globals(0).get(name));
    const grid = tensorGrid({ name, note: shape.length > 0 ? `[${shape.join(' × ')}]` : '', shape });
    grids.set(name, grid);
    return grid.element;
  });
  const elements = (writes: boolean) =>
    bufferGrids.filter((own) => own.writes === writes).map((own) => own.element);
  const element = create(
    'div',
    { className: 'memory' },
    ...part('It reads', elements(false)),
    ...part('The workgroup shares', sharedGrids),
    ...part('It writes', elements(true)),
  );
  return {
    element,
    update(walk, wanted) {
      const marks = new Map<string, Map<number, Mark>>();
      const mark = (variable: string, word: number, kind: Mark) =>
        marks.set(variable, (marks.get(variable) ?? new Map<number, Mark>()).set(word, kind));
      if (wanted) mark(wanted.variable, wanted.word, 'wanted');
      for (const { variable, word, words, writes } of walk.touched)
        for (let i = word; i < word + words; i++) mark(variable, i, writes ? 'written' : 'read');
      const globals = walk.stepper.globals(walk.lane);
      for (const [name, grid] of grids) {
        const numbers = walk.stepper.buffers[name] ?? flat(globals.get(name)).numbers;
        grid.update(numbers, marks.get(name) ?? new Map());
      }
    },
  };
}

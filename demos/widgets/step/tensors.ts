import { create } from '../../shared/dom.ts';
import { isLarge, tensorGrid } from './grid.ts';
import type { Mark, TensorGrid } from './grid.ts';
import type { FirstWrites } from './search.ts';
import { perWord } from './steppable.ts';
import type { StepBuffer, Steppable } from './steppable.ts';
import type { Walk } from './walk.ts';

/** Numbers of a nested list, flat, and its extents. */
function flat(value: unknown): { readonly shape: readonly number[]; readonly numbers: readonly number[] } {
  const shape: number[] = [];
  for (let own = value; Array.isArray(own); own = own[0] as unknown) shape.push(own.length);
  return { shape, numbers: [value].flat(shape.length) as number[] };
}

/** A word of a buffer that the reader waits for. */
export interface Wanted {
  readonly variable: string;
  readonly word: number;
}

export interface Tensors {
  readonly element: HTMLElement;
  /** A buffer that is written is too large to be shown whole. */
  readonly isPart: boolean;
  /** @param coming where the watched invocation will write: shown until it has touched something there */
  update(walk: Walk, wanted: Wanted | undefined, coming: FirstWrites | undefined): void;
}

/** Elements that a move touched may be many; so many of them decide what is shown of a large tensor. */
const SEEN = 64;

/** All memory that invocations share: the buffers of the dispatch, and the workgroup's. */
export function tensorsOf(
  { buffers, filters }: Steppable,
  first: Walk,
  onChoose: (variable: string, word: number) => void,
): Tensors {
  const grids = new Map<string, { readonly grid: TensorGrid; readonly buffer?: StepBuffer }>();
  const part = (title: string, list: readonly HTMLElement[]) =>
    list.length > 0
      ? [create('section', {}, create('h3', {}, title), create('div', { className: 'tensors' }, ...list))]
      : [];
  const bufferGrids = buffers.map((buffer) => {
    const { name, of, shape, dtype, writes } = buffer;
    const grid = tensorGrid({
      name,
      note: `${of === name ? '' : `${of} `}[${shape.join(' × ')}]${dtype === 'f32' ? '' : ` ${dtype}`}`,
      shape,
      isFilter: filters?.includes(name),
      onChoose: writes ? (element) => onChoose(name, Math.floor(element / perWord(buffer))) : undefined,
    });
    grids.set(name, { grid, buffer });
    return { writes, element: grid.element };
  });
  const shared = first.stepper.simulation.globals.filter(({ memory }) => memory === 'W');
  const sharedGrids = shared.map(({ name }) => {
    const { shape } = flat(first.stepper.global(0, name));
    const grid = tensorGrid({ name, note: shape.length > 0 ? `[${shape.join(' × ')}]` : '', shape });
    grids.set(name, { grid });
    return grid.element;
  });
  let last: { readonly walk: Walk; readonly lane: number } | undefined;
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
    isPart: buffers.some(({ writes, shape }) => writes && isLarge(shape)),
    update(walk, wanted, coming) {
      const isNew = walk !== last?.walk || walk.lane !== last.lane || walk.moves === 0;
      last = { walk, lane: walk.lane };
      for (const [name, { grid, buffer }] of grids) {
        const own = buffer ? perWord(buffer) : 1;
        const marks = new Map<number, Mark>();
        const mark = (word: number, words: number, kind: Mark) => {
          for (let i = own * word; i < own * (word + words); i++) marks.set(i, kind);
        };
        if (wanted?.variable === name) mark(wanted.word, 1, 'wanted');
        const touched = walk.touched.filter(({ variable }) => variable === name);
        for (const { word, words, writes } of touched) mark(word, words, writes ? 'written' : 'read');
        const watched = touched.filter(({ lane }) => lane === walk.lane);
        const seen = [...(watched.length > 0 ? watched : touched)].slice(-SEEN).toReversed();
        const shown = seen.map(({ word }) => own * word);
        if (wanted?.variable === name) shown.unshift(own * wanted.word);
        const word = coming?.get(name);
        if (shown.length === 0 && word !== undefined && isNew) shown.push(own * word);
        grid.update(valuesOf(walk, name, own), marks, shown);
      }
    },
  };
}

function valuesOf({ stepper, lane }: Walk, name: string, perWord: number): ArrayLike<number> {
  const data = stepper.buffers[name];
  if (!data) return flat(stepper.global(lane, name)).numbers;
  return perWord === 1 ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

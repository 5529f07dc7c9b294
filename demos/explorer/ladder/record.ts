import { layoutOf, sizeOf } from '../../widgets/step/layout.ts';
import { Walk } from '../../widgets/step/walk.ts';
import type { Touched } from '../../widgets/step/walk.ts';
import { prepare } from '../toys/simulate.ts';
import type { Toy } from '../toys/toy.ts';
import type { Ladder } from './ladders.ts';

/** Memory that a film shows. */
export interface Memory {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: 'read' | 'shared' | 'written';
  readonly isFilter: boolean;
}

/** What a workgroup reads and writes, moment after moment. */
export interface Recording {
  readonly memories: readonly Memory[];
  readonly moments: readonly (readonly Touched[])[];
  readonly invocations: number;
  /** Numbers loaded from memory for each unit of work, and from the workgroup's own memory. */
  readonly loads: number;
  readonly sharedLoads: number;
}

/** More are not worth watching. */
const MOST = 4000;

/** The extents of a nested list. */
function shapeOf(value: unknown): number[] {
  const shape: number[] = [];
  for (let own = value; Array.isArray(own); own = own[0] as unknown) shape.push(own.length);
  return shape;
}

/** Runs the first workgroup of a toy, all invocations in step. */
export function recordOf(toy: Toy, per: Ladder['per']): Recording {
  const prepared = prepare(toy);
  const walk = new Walk(prepared);
  walk.together = true;
  const shared = walk.stepper.simulation.globals
    .filter(({ memory }) => memory === 'W')
    .map(({ name }): Memory => {
      const shape = shapeOf(walk.stepper.global(0, name));
      return { name, shape, kind: 'shared', isFilter: false };
    });
  const buffers = prepared.buffers.map(({ name, shape, writes }): Memory => {
    const isFilter = toy.filters?.includes(name) ?? false;
    return { name, shape, kind: writes ? 'written' : 'read', isFilter };
  });
  const moments: (readonly Touched[])[] = [];
  for (let i = 0; i < MOST && walk.forward(); i++) if (walk.touched.length > 0) moments.push(walk.touched);
  const words = (wanted: (own: Touched) => boolean) =>
    moments.flat().reduce((sum, own) => sum + (wanted(own) ? own.words : 0), 0);
  const isShared = ({ variable }: Touched) => shared.some(({ name }) => name === variable);
  const written = words((own) => own.how !== 'read' && !isShared(own));
  const units = written * unitsOf(per, buffers);
  return {
    memories: [
      ...buffers.filter(({ kind }) => kind === 'read'),
      ...shared,
      ...buffers.filter(({ kind }) => kind === 'written'),
    ],
    moments,
    invocations: walk.lanes.length,
    loads: words((own) => own.how === 'read' && !isShared(own)) / units,
    sharedLoads: words((own) => own.how === 'read' && isShared(own)) / units,
  };
}

/** Units of work for each number of the result: products along a row of a, or all taps and channels of a filter. */
function unitsOf(per: Ladder['per'], buffers: readonly Memory[]): number {
  if (per === 'result') return 1;
  const [first] = buffers;
  const result = buffers.find(({ kind }) => kind === 'written')!;
  if (per === 'number added') return sizeOf(first.shape) / sizeOf(result.shape);
  const filter = buffers.find(({ isFilter }) => isFilter);
  return filter ? sizeOf(filter.shape.slice(0, 3)) : first.shape.at(-1)!;
}

/** Where the elements of a memory lie in its picture. */
export const pictureOf = ({ shape, isFilter }: Memory) => layoutOf(shape, isFilter);

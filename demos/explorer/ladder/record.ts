import { Walk } from '../../widgets/step/walk.ts';
import type { Touched } from '../../widgets/step/walk.ts';
import { prepare } from '../toys/simulate.ts';
import type { Toy } from '../toys/toy.ts';

/** What a workgroup reads and writes, moment after moment. */
export interface Recording {
  readonly buffers: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly writes: boolean;
  }[];
  readonly moments: readonly (readonly Touched[])[];
  readonly invocations: number;
  /** Numbers loaded from memory for each product of two numbers, and from the workgroup's own memory. */
  readonly loads: number;
  readonly sharedLoads: number;
}

/** More are not worth watching. */
const MOST = 4000;

/** Runs the first workgroup of a toy, all invocations in step. */
export function recordOf(toy: Toy): Recording {
  const prepared = prepare(toy);
  const walk = new Walk(prepared);
  walk.together = true;
  const moments: (readonly Touched[])[] = [];
  for (let i = 0; i < MOST && walk.forward(); i++) if (walk.touched.length > 0) moments.push(walk.touched);
  const buffers = prepared.buffers.map(({ name, shape, writes }) => ({ name, shape, writes }));
  const words = (wanted: (own: Touched) => boolean) =>
    moments.flat().reduce((sum, own) => sum + (wanted(own) ? own.words : 0), 0);
  const isBuffer = ({ variable }: Touched) => buffers.some(({ name }) => name === variable);
  const written = words((own) => own.writes && isBuffer(own));
  const products = written * lengthOf(buffers.find(({ writes }) => !writes)!.shape, buffers);
  return {
    buffers,
    moments,
    invocations: walk.lanes.length,
    loads: words((own) => !own.writes && isBuffer(own)) / products,
    sharedLoads: words((own) => !own.writes && !isBuffer(own)) / products,
  };
}

/** Products that add up to a number of the output: along a row of a, or all taps and channels of a filter. */
function lengthOf(first: readonly number[], buffers: Recording['buffers']): number {
  const filter = buffers.find(({ name }) => name === 'weights');
  return filter ? filter.shape.slice(0, 3).reduce((product, extent) => product * extent, 1) : first.at(-1)!;
}

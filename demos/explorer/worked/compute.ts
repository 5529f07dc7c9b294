import { Stepper } from '../../../src/simulator/index.ts';
import type { StepAccess } from '../../../src/simulator/index.ts';
import type { Steppable } from '../../widgets/step/steppable.ts';

/** An element of a buffer. */
export interface Element {
  readonly variable: string;
  readonly word: number;
}

/** What a dispatch has done. */
export interface Computed {
  /** What lies in each buffer after it. */
  readonly values: Readonly<Record<string, ArrayLike<number>>>;
  /** What the invocation that wrote an element had read of the buffers since its last write, in that order. */
  readsOf(element: Element): readonly Element[];
  /** What lies in the workgroup's memory before each barrier, and at the end: of the first workgroup. */
  readonly phases: readonly ReadonlyMap<string, readonly number[]>[];
}

const keyOf = ({ variable, word }: Element) => `${variable} ${word}`;

/** Runs all workgroups of a dispatch, and remembers who read what. */
export function compute({ kernel, workgroups, subgroupSize, buffers }: Steppable): Computed {
  const names = new Set(buffers.map(({ name }) => name));
  const values = Object.fromEntries(buffers.map(({ name, data }) => [name, data.slice()]));
  const reads = new Map<string, readonly Element[]>();
  const phases: ReadonlyMap<string, readonly number[]>[] = [];
  const [across, down, deep] = workgroups;
  for (let group = 0; group < across * down * deep; group++) {
    const workgroup = [
      group % across,
      Math.floor(group / across) % down,
      Math.floor(group / across / down),
    ] as const;
    const stepper = new Stepper(kernel, {
      buffers: Object.fromEntries(buffers.map(({ name, data }) => [name, data])),
      workgroups,
      workgroup,
      subgroupSize,
      outside: 'poison',
      races: false,
    });
    const pending = new Map<number, Element[]>();
    const note = ({ lane, variable, word, words, writes }: StepAccess) => {
      if (!names.has(variable)) return;
      const own = pending.get(lane) ?? [];
      pending.set(lane, own);
      for (let i = word; i < word + words; i++) {
        const element = { variable, word: i };
        if (!writes) own.push(element);
        else {
          values[variable][i] = stepper.buffers[variable][i];
          reads.set(keyOf(element), [...own]);
        }
      }
      if (writes) pending.set(lane, []);
    };
    const step = (lane: number) => {
      stepper.step(lane);
      stepper.accesses.forEach(note);
    };
    const lanes = stepper.lanes.length;
    for (;;) {
      for (let lane = 0; lane < lanes; lane++) while (stepper.status(lane) === 'stopped') step(lane);
      if (group === 0) phases.push(sharedOf(stepper));
      let waiting = 0;
      while (waiting < lanes && stepper.status(waiting) !== 'waiting') waiting++;
      if (waiting === lanes) break;
      step(waiting);
    }
  }
  return { values, readsOf: (element) => reads.get(keyOf(element)) ?? [], phases };
}

/** The workgroup's memory now, flat. */
function sharedOf(stepper: Stepper): ReadonlyMap<string, readonly number[]> {
  const shared = stepper.simulation.globals.filter(({ memory }) => memory === 'W');
  return new Map(shared.map(({ name }) => [name, [stepper.global(0, name)].flat(4) as number[]]));
}

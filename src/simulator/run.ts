import { ArgumentError } from '../errors.ts';
import type { CompiledSimulation } from './compile.ts';
import { Lane, Machine } from './machine.ts';
import { Memory } from './memory.ts';
import type { Access } from './memory.ts';
import { RaceFinder } from './races.ts';
import type { Party } from './races.ts';
import { placeOf } from './place.ts';
import type { CodePlace } from './place.ts';
import { layout, pathTo } from './types.ts';

export type BufferData = Float32Array | Int32Array | Uint32Array | Uint8Array;

export interface RunOptions {
  /** By the name of the shader's variable; changed as on a GPU. What is missing has length 0. */
  readonly buffers: Readonly<Record<string, BufferData>>;
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** The only one of them to run. Default all; a Stepper runs the first one. */
  readonly workgroup?: readonly [x: number, y: number, z: number];
  /** The only ones that `run` runs, in this order. Default all. */
  readonly only?: readonly (readonly [x: number, y: number, z: number])[];
  /** Invocations of a subgroup. Default 8. */
  readonly subgroupSize?: number;
  /**
   * Iterations of loops, and statements that were stopped at, after which the run is given up; so is one with eight times as
   * many calls from function to function. Default 2^30 - 1.
   */
  readonly budget?: number;
  /** Looks for races, where the kernel is compiled with all `checks`. Default true. */
  readonly races?: boolean;
  /**
   * Called with each access to workgroup and storage memory, where the kernel is compiled with `checks`, and its invocation's
   * number in the dispatch.
   */
  readonly onAccess?: (access: Access, invocation: number) => void;
}

/** One side of a race. */
export interface RaceParty {
  /** Its place in the dispatch, as global_invocation_id, and the index in its workgroup. */
  readonly invocation: number;
  readonly place: CodePlace;
  readonly writes: boolean;
}

/** Two invocations touch one element, one of them writes, and nothing orders them. */
export interface Race {
  /** `tile[3].x` */
  readonly element: string;
  readonly first: RaceParty;
  readonly second: RaceParty;
  readonly message: string;
}

const DEFAULT_BUDGET = 2 ** 30 - 1;

/** A kernel with its memory, ready to run workgroup after workgroup. */
export class Dispatch {
  readonly simulation: CompiledSimulation;
  readonly machine: Machine;
  readonly lanes: readonly Lane[];
  readonly memories: Readonly<Record<string, Memory>>;
  readonly main: ReturnType<CompiledSimulation['link']>;
  readonly counts: readonly [number, number, number];

  constructor(simulation: CompiledSimulation, options: RunOptions) {
    const { kernel, sites } = simulation;
    this.simulation = simulation;
    const [x, y = 1, z = 1] = options.workgroups;
    this.counts = [x, y, z];
    const size = kernel.workgroupSize[0] * kernel.workgroupSize[1] * kernel.workgroupSize[2];
    const { subgroupSize = 8, budget = DEFAULT_BUDGET } = options;
    const { results, fail } = simulation;
    const subgroups = Math.ceil(size / subgroupSize);
    this.machine = new Machine(sites, budget, subgroupSize, subgroups, results, fail);
    this.machine.poison = simulation.options.outside === 'poison';
    [this.machine.nx, this.machine.ny, this.machine.nz] = this.counts;
    this.lanes = this.#makeLanes(size, subgroupSize);
    this.memories = this.#memories(options);
    this.main = simulation.link(this.machine, this.memories);
  }

  #makeLanes(size: number, subgroupSize: number): Lane[] {
    const { simulation, machine } = this;
    const own = simulation.meets || simulation.options.stops ? size : 1; // one after the other they share one
    const lanes = Array.from(
      { length: own },
      (_, i) => new Lane(machine, i, subgroupSize, simulation.laneWords),
    );
    for (let first = 0; first < own; first += subgroupSize) {
      const subgroup = lanes.slice(first, first + subgroupSize);
      for (const lane of subgroup) lane.subgroup = subgroup;
    }
    return lanes;
  }

  #memories({ buffers, onAccess, races = true }: RunOptions): Record<string, Memory> {
    const { simulation } = this;
    const { kernel, globals, workgroupWords, constants, options } = simulation;
    const memories: Record<string, Memory> = {
      C: constants,
      W: new Memory('workgroup', new ArrayBuffer(4 * workgroupWords)),
    };
    for (const { name, memory, type } of globals.filter((own) => own.memory[0] === 'B')) {
      const data = buffers[name] ?? new Uint32Array(0);
      if (data.byteOffset % 4 !== 0 || data.byteLength % 4 !== 0)
        throw new ArgumentError(
          `Kernel ${kernel.name}: the buffer "${name}" is not made of whole words of 4 bytes`,
        );
      const own = new Memory(name, data.buffer, data.byteOffset, data.byteLength >> 2);
      const { size } = layout(type);
      if (own.words < size && buffers[name])
        throw new ArgumentError(
          `Kernel ${kernel.name}: "${name}" needs ${size} words, but the buffer has ${own.words}`,
        );
      memories[memory] = own;
    }
    const written = new Set(
      kernel.bindings.flatMap(({ name, access }) => (access === 'read_write' ? name : [])),
    );
    for (const own of Object.values(memories)) {
      if (!options.checks) continue;
      if (onAccess) own.onAccess = (access) => onAccess(access, this.machine.invocation);
      if (races && options.checks === true && (own === memories.W || written.has(own.name)))
        own.races = new RaceFinder(this.machine);
    }
    return memories;
  }

  /** Runs all workgroups, or only those. */
  run(only?: RunOptions['only']): void {
    if (only) return only.forEach((workgroup) => this.runWorkgroup(...workgroup));
    const [nx, ny, nz] = this.counts;
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) this.runWorkgroup(x, y, z);
  }

  runWorkgroup(x: number, y: number, z: number): void {
    this.enter(x, y, z);
    const { lanes, main } = this;
    if (this.simulation.meets)
      return this.together(lanes.map((lane) => main(lane) as Iterator<number, void, boolean>));
    const [lane] = lanes;
    const [sx, sy, sz] = this.simulation.kernel.workgroupSize;
    for (let k = 0; k < sz; k++)
      for (let j = 0; j < sy; j++)
        for (let i = 0; i < sx; i++) {
          this.place(lane, i, j, k);
          main(lane);
        }
  }

  /** Begins a workgroup: its memory is zero. */
  enter(x: number, y: number, z: number): void {
    const { machine, memories, lanes } = this;
    const [sx, sy, sz] = this.simulation.kernel.workgroupSize;
    machine.workgroup = (z * this.counts[1] + y) * this.counts[0] + x;
    memories.W.U.fill(0);
    memories.W.races?.clear();
    for (const lane of lanes) {
      lane.wx = x;
      lane.wy = y;
      lane.wz = z;
      lane.turn = 0;
    }
    if (lanes.length < sx * sy * sz) return;
    for (const lane of lanes)
      this.place(lane, lane.index % sx, Math.floor(lane.index / sx) % sy, Math.floor(lane.index / (sx * sy)));
  }

  /** Gives a lane its numbers in the workgroup; it runs next. */
  private place(lane: Lane, i: number, j: number, k: number): void {
    const [sx, sy, sz] = this.simulation.kernel.workgroupSize;
    lane.lx = i;
    lane.ly = j;
    lane.lz = k;
    lane.gx = lane.wx * sx + i;
    lane.gy = lane.wy * sy + j;
    lane.gz = lane.wz * sz + k;
    const { machine } = this;
    const index = (k * sy + j) * sx + i;
    lane.index = index;
    machine.invocation = lane.invocation = machine.workgroup * sx * sy * sz + index;
  }

  /** Lets all lanes run from one meeting to the next. */
  private together(running: readonly Iterator<number, void, boolean>[]): void {
    const { machine, lanes } = this;
    const at = new Int32Array(lanes.length); // the site of the meeting that each waits at, 0 at the end
    const advance = (i: number) => {
      machine.invocation = lanes[i].invocation;
      const { value, done } = running[i].next(false);
      at[i] = done ? 0 : -(value as number);
    };
    lanes.forEach((_, i) => advance(i));
    while (at.some((site) => site !== 0)) for (const i of this.meeting(at)) advance(i);
  }

  /** The lanes that may continue, because all that have to wait there do: those of a subgroup, or all. */
  meeting(at: Int32Array): readonly number[] {
    const { lanes, simulation, machine } = this;
    const released: number[] = [];
    for (let first = 0; first < lanes.length; first += machine.subgroupSize) {
      const last = Math.min(first + machine.subgroupSize, lanes.length);
      let some = 0;
      for (let i = first; i < last; i++) if (simulation.sites[at[i]].meets === 'subgroup') some = at[i];
      if (some === 0) continue;
      this.#requireSame(at, first, last, some, 'subgroup');
      for (let i = first; i < last; i++) released.push(i);
    }
    if (released.length > 0) return released;
    const some = at.find((site) => site !== 0)!;
    this.#requireSame(at, 0, lanes.length, some, 'workgroup');
    const memories = Object.entries(this.memories);
    const { meets } = simulation.sites[some];
    for (const [name, { races }] of memories) {
      if (meets === 'workgroup' ? name === 'W' : meets === 'storage' && name !== 'W') races?.nextPhase();
    }
    return lanes.map((_, i) => i);
  }

  #requireSame(at: Int32Array, first: number, last: number, site: number, group: string): void {
    const { lanes, simulation, machine } = this;
    const waiting = lanes.findIndex((_, i) => i >= first && i < last && at[i] === site);
    for (let i = first; i < last; i++) {
      if (at[i] === site && lanes[i].turn === lanes[waiting].turn) continue;
      const other = simulation.sites[at[i]];
      const where =
        at[i] === 0
          ? 'has ended'
          : at[i] === site
            ? 'is in another iteration'
            : `waits at line ${placeOf(simulation.kernel, other).line}`;
      machine.invocation = lanes[waiting].invocation;
      machine.fail(
        'uniformity',
        site,
        `not all invocations of the ${group} come here: lane ${waiting} waits, and lane ${i} ${where}`,
      );
    }
  }

  /** The races so far. */
  get races(): Race[] {
    return Object.entries(this.memories).flatMap(([memory, { races }]) =>
      (races?.found ?? []).map(({ word, first, second }) => this.#race(memory, word, first, second)),
    );
  }

  #race(memory: string, word: number, first: Party, second: Party): Race {
    const element = this.elementName(memory, word);
    const { kernel, sites } = this.simulation;
    const party = ({ site, invocation, writes }: Party): RaceParty => ({
      invocation,
      writes,
      place: placeOf(kernel, sites[site]),
    });
    const [a, b] = [party(first), party(second)];
    const told = ({ invocation, place, writes }: RaceParty) =>
      `invocation ${invocation} ${writes ? 'writes' : 'reads'} it at ${place.text}`;
    const message = `Race on ${element}: ${told(a)}, ${told(b)}, and nothing orders them.`;
    return { element, first: a, second: b, message };
  }

  /** What lies at a word of a memory: `tile[3].x`. */
  elementName(memory: string, word: number): string {
    const global = this.simulation.globals
      .filter((own) => own.memory === memory)
      .toSorted((a, b) => a.base - b.base)
      .findLast(({ base }) => base <= word);
    return global ? `${global.name}${pathTo(global.type, word - global.base)}` : `${memory} ${word}`;
  }
}

/** What a run has found. */
export interface RunResult {
  /** None without `checks`. */
  readonly races: readonly Race[];
  /** Iterations of loops that were made: a budget for another version of the kernel is a multiple of them. */
  readonly iterations: number;
}

/** Runs a dispatch to its end. */
export function run(simulation: CompiledSimulation, options: RunOptions): RunResult {
  if (simulation.options.stops) throw new ArgumentError('A simulation with stops is run by a Stepper.');
  const dispatch = new Dispatch(simulation, options);
  const { machine } = dispatch;
  const { budget } = machine;
  if (options.workgroup) dispatch.runWorkgroup(...options.workgroup);
  else dispatch.run(options.only);
  return { races: dispatch.races, iterations: budget - machine.budget };
}

import type { SpecializedKernel } from '../kernels/kernel.ts';
import { compileKernel } from './compile.ts';
import type { CompiledSimulation } from './compile.ts';
import type { Access, Memory } from './memory.ts';
import type { CompileOptions, Global } from './module.ts';
import { placeOf } from './place.ts';
import { Dispatch } from './run.ts';
import type { BufferData, Race, RunOptions } from './run.ts';
import { decode } from './shown.ts';
import type { Shown } from './shown.ts';
import { Told } from './told.ts';
import type { LaneState, StepAccess } from './told.ts';

export interface StepperOptions extends Omit<RunOptions, 'onAccess'>, Pick<CompileOptions, 'outside'> {}

type Running = Iterator<number, void, boolean>;

/**
 * Steps through one workgroup, statement by statement. A lane is chosen for each step; the others move only where it has
 * to wait for them. Stepping back runs everything again up to the step before: the simulation is exact, so that is where
 * it was.
 */
export class Stepper {
  readonly simulation: CompiledSimulation;
  readonly #options: StepperOptions;
  /** The lane of each step, those that were taken back at the end. */
  #history: number[] = [];
  #steps = 0;
  /** Module-scope variables by memory, in their order there. */
  readonly #globals = new Map<Memory, readonly Global[]>();
  #dispatch!: Dispatch;
  #running: Running[] = [];
  /** What each lane yielded last: a stop, less than 0 where it waits, 0 at its end. */
  #at = new Int32Array(0);
  #accesses: StepAccess[] = [];
  /** Those that the kernel writes are copies, the others the caller's. */
  readonly #buffers: Record<string, BufferData>;

  /** @param kernel best in its `rolled` form, whose lines are those of the file */
  constructor(kernel: SpecializedKernel, options: StepperOptions) {
    this.simulation = compileKernel(kernel, { checks: true, stops: true, outside: options.outside });
    this.#options = options;
    const isRead = (name: string) =>
      kernel.bindings.some((own) => own.name === name && own.access !== 'read_write');
    this.#buffers = Object.fromEntries(
      Object.entries(options.buffers).map(([name, data]) => [name, isRead(name) ? data : data.slice()]),
    );
    this.#start();
  }

  #start(): void {
    const { buffers, workgroup = [0, 0, 0] } = this.#options;
    for (const [name, own] of Object.entries(this.#buffers))
      if (own !== buffers[name]) own.set(buffers[name]);
    this.#steps = 0;
    this.#dispatch = new Dispatch(this.simulation, { ...this.#options, buffers: this.#buffers });
    this.#listen(true);
    this.#globals.clear();
    for (const [name, memory] of Object.entries(this.#dispatch.memories)) {
      const own = this.simulation.globals.filter((global) => global.memory === name);
      this.#globals.set(
        memory,
        own.toSorted((a, b) => a.base - b.base),
      );
    }
    this.#dispatch.enter(...workgroup);
    this.#running = this.#dispatch.lanes.map((lane) => this.#dispatch.main(lane) as Running);
    this.#at = new Int32Array(this.#running.length);
    this.#running.forEach((_, lane) => this.#resume(lane));
    this.#accesses = [];
  }

  /** Whether accesses are noted. */
  #listen(wanted: boolean): void {
    const onAccess = (access: Access) => void this.#accesses.push(this.#told(access));
    for (const memory of Object.values(this.#dispatch.memories))
      memory.onAccess = wanted ? onAccess : undefined;
  }

  /** How many steps were made. */
  get steps(): number {
    return this.#steps;
  }

  /** Elements that the last step read or wrote, of all lanes that it moved. */
  get accesses(): readonly StepAccess[] {
    return this.#accesses;
  }

  /** The buffers as they are now, by the shader's names. */
  get buffers(): Readonly<Record<string, BufferData>> {
    return this.#buffers;
  }

  get races(): readonly Race[] {
    return this.#dispatch.races;
  }

  get lanes(): readonly LaneState[] {
    return this.#running.map((_, lane) => this.lane(lane));
  }

  status(lane: number): LaneState['status'] {
    const site = this.#at[lane];
    return site === 0 ? 'ended' : site < 0 ? 'waiting' : 'stopped';
  }

  /** The number of calls that a lane is in. */
  depth(lane: number): number {
    return this.#dispatch.lanes[lane].calls.length;
  }

  lane(lane: number): LaneState {
    const site = this.#at[lane];
    const status = this.status(lane);
    const place = (number: number) => placeOf(this.simulation.kernel, this.simulation.sites[number]);
    const { calls } = this.#dispatch.lanes[lane];
    return {
      status,
      place: site === 0 ? undefined : place(Math.abs(site)),
      calls: calls.map((call) => place(call.site)),
    };
  }

  /**
   * Runs one statement of a lane. One that waits continues after the others have reached the same place.
   *
   * @returns false where the lane has ended
   * @throws SimulationError as a run does
   */
  step(lane: number): boolean {
    if (this.#at[lane] === 0) return false;
    if (this.#history[this.#steps] !== lane) this.#history.length = this.#steps;
    this.#history[this.#steps++] = lane;
    this.#accesses = [];
    this.#move(lane);
    return true;
  }

  #move(lane: number): void {
    if (this.#at[lane] < 0) this.#meet(lane);
    else this.#resume(lane);
  }

  /** Runs the others until all meet, and then all to their next stop. */
  #meet(lane: number): void {
    while (this.#at[lane] < 0) {
      this.#running.forEach((_, other) => {
        while (this.#at[other] > 0) this.#resume(other);
      });
      const meeting = this.#dispatch.meeting(this.#at.map((site) => -site));
      for (const other of meeting) this.#resume(other);
    }
  }

  #resume(lane: number): void {
    const { machine, lanes } = this.#dispatch;
    machine.invocation = lanes[lane].invocation;
    if (--machine.budget < 0) machine.exhausted(Math.abs(this.#at[lane]));
    const { value, done } = this.#running[lane].next(false);
    this.#at[lane] = done ? 0 : (value as number);
  }

  /** A statement, with all of the calls in it. */
  stepOver(lane: number): boolean {
    const depth = this.depth(lane);
    return this.#until(lane, () => this.depth(lane) <= depth);
  }

  /** To the end of the function that the lane is in. */
  stepOut(lane: number): boolean {
    const depth = this.depth(lane);
    return this.#until(lane, () => this.depth(lane) < depth);
  }

  /** Steps a lane until it is stopped where the condition holds, or ends: false. */
  runTo(lane: number, condition: (state: LaneState, accesses: readonly StepAccess[]) => boolean): boolean {
    return this.#until(lane, () => condition(this.lane(lane), this.#accesses));
  }

  #until(lane: number, isThere: () => boolean): boolean {
    while (this.step(lane)) if (isThere()) return true;
    return false;
  }

  /**
   * Runs the whole workgroup, lane after lane from barrier to barrier, until a step makes such an access.
   *
   * @returns the lane that made it, or -1: all have ended
   */
  find(wanted: (access: StepAccess) => boolean): number {
    const found = (lane: number) => {
      this.step(lane);
      return this.#accesses.find(wanted)?.lane;
    };
    for (;;) {
      for (let lane = 0; lane < this.#at.length; lane++) {
        while (this.#at[lane] > 0) {
          const own = found(lane);
          if (own !== undefined) return own;
        }
      }
      const waiting = this.#at.findIndex((site) => site < 0);
      if (waiting < 0) return -1;
      const own = found(waiting);
      if (own !== undefined) return own;
    }
  }

  /** Takes the last steps back. */
  back(count = 1): void {
    this.goTo(Math.max(0, this.#steps - count));
  }

  /** To where it was after so many steps; forward too, as far as it has been. */
  goTo(steps: number): void {
    if (steps < this.#steps) this.#start();
    const last = Math.min(steps, this.#history.length) - 1;
    this.#listen(false);
    while (this.#steps < last) this.step(this.#history[this.#steps]);
    this.#listen(true);
    if (this.#steps === last) this.step(this.#history[last]);
  }

  /**
   * The variables that a lane sees, in its function or in one of those that called it. Empty where it has ended; in its
   * own function also where it waits.
   *
   * @param call number of the call in `lane(…).calls`, whose variables are wanted. Default: those of its own function
   */
  variables(lane: number, call?: number): ReadonlyMap<string, Shown> {
    const { machine, lanes } = this.#dispatch;
    const { shownTypes } = this.simulation;
    machine.shown = [];
    if (call !== undefined) machine.shown = lanes[lane].calls.at(call)?.shown() ?? [];
    else if (this.#at[lane] > 0) {
      machine.invocation = lanes[lane].invocation;
      this.#running[lane].next(true);
    }
    const entries = machine.shown as [string, number, readonly number[] | Memory, number?][];
    return new Map(
      entries.map(([name, type, from, word]) => [name, decode(shownTypes[type], from, word ?? 0)] as const),
    );
  }

  /** The variables at module scope, as they are for a lane: of private ones each has its own. */
  globals(lane: number): ReadonlyMap<string, Shown> {
    return new Map(this.simulation.globals.map((own) => [own.name, this.#shown(lane, own)]));
  }

  /** One of them; undefined where it is not in use. */
  global(lane: number, name: string): Shown | undefined {
    const own = this.simulation.globals.find((each) => each.name === name);
    return own && this.#shown(lane, own);
  }

  #shown(lane: number, { memory, type, base }: Global): Shown {
    const { lanes, memories } = this.#dispatch;
    return decode(type, memory === 'L' ? lanes[lane] : memories[memory], base);
  }

  #told({ memory, how, word, words, site }: Access): StepAccess {
    const { machine, lanes } = this.#dispatch;
    const { kernel, sites } = this.simulation;
    const { name, base, type } = this.#globals.get(memory)!.findLast((own) => own.base <= word)!;
    const lane = machine.invocation - machine.workgroup * lanes.length;
    return new Told(lane, name, type, word - base, words, how, kernel, sites[site]);
  }
}

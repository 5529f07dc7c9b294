import { SimulationError, Stepper } from '../../../src/simulator/index.ts';
import type { CodePlace, LaneState, StepAccess } from '../../../src/simulator/index.ts';
import type { Steppable } from './steppable.ts';

/** An element that the last move read or wrote. */
export type Touched = StepAccess;

/** How far a move goes. */
export type Move = 'into' | 'over' | 'out' | 'barrier' | 'end';

/** Iterations and statements after which a loop is taken for endless: some seconds. */
export const BUDGET = 20_000_000;
/** A move may touch very many elements; the last of them are told. */
const TOUCHED = 10_000;
type Place = readonly [x: number, y: number, z: number];

/**
 * A way through one workgroup of a dispatch, for a reader: of one invocation, or of all of them line by line. Each move
 * can be taken back.
 */
export class Walk {
  readonly prepared: Steppable;
  readonly workgroup: Place;
  readonly stepper: Stepper;
  /** The invocation that is watched. */
  lane = 0;
  /** All invocations move, each by one statement. */
  together = false;
  /** What the last move touched. */
  touched: readonly Touched[] = [];
  /** Why it ended before its end. */
  problem: SimulationError | undefined;
  /** Where each move began, in steps of the stepper, who was watched, and in how many calls it was. */
  readonly #moves: { readonly from: number; readonly lane: number; readonly depth: number }[] = [];

  constructor(prepared: Steppable, workgroup: Place = [0, 0, 0]) {
    const { kernel, workgroups, subgroupSize, buffers } = prepared;
    this.prepared = prepared;
    this.workgroup = workgroup;
    this.stepper = new Stepper(kernel, {
      buffers: Object.fromEntries(buffers.map(({ name, data }) => [name, data])),
      workgroups,
      workgroup,
      subgroupSize,
      outside: 'poison',
      races: false, // of a whole workgroup, not of one way through it
      budget: BUDGET,
    });
  }

  get moves(): number {
    return this.#moves.length;
  }

  get state(): LaneState {
    return this.stepper.lane(this.lane);
  }

  get lanes(): readonly LaneState[] {
    return this.stepper.lanes;
  }

  /** Moves on; false at the end. */
  forward(move: Move = 'into'): boolean {
    const { steps } = this.stepper;
    const depth = this.stepper.depth(this.lane);
    const touched: Touched[] = [];
    try {
      if (this.together) this.#allForward(move, touched);
      else this.#laneForward(move, touched);
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      this.problem = error;
    }
    if (this.stepper.steps === steps) return false;
    this.#moves.push({ from: steps, lane: this.lane, depth });
    this.touched = touched;
    return true;
  }

  #step(lane: number, touched: Touched[]): boolean {
    if (!this.stepper.step(lane)) return false;
    note(touched, this.stepper.accesses);
    return true;
  }

  #laneForward(move: Move, touched: Touched[]): void {
    const { stepper } = this;
    const depth = stepper.depth(this.lane);
    const isWaiting = () => stepper.status(this.lane) === 'waiting';
    const wasWaiting = isWaiting();
    const isThere: Record<Move, () => boolean> = {
      into: () => true,
      over: () => stepper.depth(this.lane) <= depth,
      out: () => stepper.depth(this.lane) < depth,
      barrier: () => isWaiting() || wasWaiting,
      end: () => false,
    };
    while (this.#step(this.lane, touched)) if (isThere[move]()) return;
  }

  #allForward(move: Move, touched: Touched[]): void {
    const { stepper } = this;
    const depth = stepper.depth(this.lane);
    const lanes = [...this.lanes.keys()];
    for (let rounds = 0; ; rounds++) {
      if (move === 'into' && rounds > 0) return;
      if (move === 'over' && rounds > 0 && stepper.depth(this.lane) <= depth) return;
      if (move === 'out' && rounds > 0 && stepper.depth(this.lane) < depth) return;
      const stopped = lanes.filter((lane) => stepper.status(lane) === 'stopped');
      const waiting = lanes.findIndex((lane) => stepper.status(lane) === 'waiting');
      if (stopped.length > 0) for (const lane of stopped) this.#step(lane, touched);
      else if (waiting >= 0) this.#step(waiting, touched);
      else return;
      const isMet = stopped.length > 0 && lanes.every((lane) => stepper.status(lane) !== 'stopped');
      if (move === 'barrier' && isMet) return;
    }
  }

  /** Takes the last move back. */
  back(): boolean {
    const last = this.#moves.pop();
    if (!last) return false;
    this.problem = undefined;
    this.lane = last.lane;
    const from = this.#moves.at(-1)?.from ?? last.from;
    this.stepper.goTo(from);
    const touched: Touched[] = [];
    for (let at = from + 1; at <= last.from; at++) {
      this.stepper.goTo(at);
      note(touched, this.stepper.accesses);
    }
    this.touched = touched;
    return true;
  }

  start(): void {
    this.#moves.length = 0;
    this.problem = undefined;
    this.stepper.goTo(0);
    this.touched = [];
  }

  /**
   * From the start to just before the statement with which an invocation writes a word, and before the calls in that;
   * it is watched then.
   *
   * @returns false where it does not write it
   */
  toWrite(lane: number, variable: string, word: number): boolean {
    this.start();
    this.lane = lane;
    this.together = false;
    const { stepper } = this;
    const isIt = (access: StepAccess) =>
      access.lane === lane &&
      access.writes &&
      access.variable === variable &&
      access.word <= word &&
      word < access.word + access.words;
    /** The function that it is in, and those that called it. */
    const fns: (string | undefined)[] = [];
    try {
      while (stepper.status(lane) !== 'ended') {
        const depth = stepper.depth(lane);
        if (depth !== fns.length - 1) fns.splice(depth, fns.length, stepper.lane(lane).place?.fn);
        this.#moves.push({ from: stepper.steps, lane, depth });
        stepper.step(lane);
        const write = stepper.accesses.find(isIt);
        if (!write) continue;
        const own = fns.indexOf(write.place.fn); // it is there once: WGSL has no recursion
        while (this.#moves.at(-1)!.depth > own) this.#moves.pop();
        return this.back();
      }
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
    }
    this.start();
    return false;
  }

  /** The lines that the lanes stand at, with the lanes of each. */
  get standing(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, number[]>();
    this.lanes.forEach(({ place }, lane) => {
      if (!place) return;
      const key = keyOf(place);
      found.set(key, [...(found.get(key) ?? []), lane]);
    });
    return found;
  }
}

/** A line of a file, as a key. */
export const keyOf = ({ file = '', line }: Pick<CodePlace, 'file' | 'line'>): string => `${file}:${line}`;

function note(touched: Touched[], more: readonly Touched[]): void {
  touched.push(...more);
  if (touched.length > 2 * TOUCHED) touched.splice(0, touched.length - TOUCHED);
}

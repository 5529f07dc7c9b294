import { SimulationError, Stepper } from '../../../src/simulator/index.ts';
import type { CodePlace, LaneState, Race, StepAccess } from '../../../src/simulator/index.ts';
import type { Prepared } from '../toys/simulate.ts';

/** An element that the last move read or wrote. */
export interface Touched {
  readonly lane: number;
  readonly variable: string;
  readonly element: string;
  readonly word: number;
  readonly words: number;
  readonly writes: boolean;
}

/** How far a move goes. */
export type Move = 'into' | 'over' | 'out' | 'barrier' | 'end';

/** Iterations and statements after which a loop is taken for endless. */
const BUDGET = 200_000;
type Place = readonly [x: number, y: number, z: number];

/**
 * A way through one workgroup of a dispatch, for a reader: of one invocation, or of all of them line by line. Each move
 * can be taken back.
 */
export class Walk {
  readonly prepared: Prepared;
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
  /** Where each move began, in steps of the stepper, and who was watched. */
  readonly #moves: { readonly from: number; readonly lane: number }[] = [];

  constructor(prepared: Prepared, workgroup: Place = [0, 0, 0]) {
    const { kernel, workgroups, subgroupSize, buffers } = prepared;
    this.prepared = prepared;
    this.workgroup = workgroup;
    this.stepper = new Stepper(kernel, {
      buffers: Object.fromEntries(buffers.map(({ name, data }) => [name, data])),
      workgroups,
      workgroup,
      subgroupSize,
      outside: 'poison',
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

  get races(): readonly Race[] {
    return this.stepper.races;
  }

  /** Moves on; false at the end. */
  forward(move: Move = 'into'): boolean {
    const { steps } = this.stepper;
    const touched: Touched[] = [];
    try {
      if (this.together) this.#allForward(move, touched);
      else this.#laneForward(move, touched);
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      this.problem = error;
    }
    if (this.stepper.steps === steps) return false;
    this.#moves.push({ from: steps, lane: this.lane });
    this.touched = touched;
    return true;
  }

  #step(lane: number, touched: Touched[]): boolean {
    if (!this.stepper.step(lane)) return false;
    touched.push(...this.stepper.accesses.map(copyOf));
    return true;
  }

  #laneForward(move: Move, touched: Touched[]): void {
    const depth = this.state.calls.length;
    const wasWaiting = this.state.status === 'waiting';
    const isThere: Record<Move, () => boolean> = {
      into: () => true,
      over: () => this.state.calls.length <= depth,
      out: () => this.state.calls.length < depth,
      barrier: () => this.state.status === 'waiting' || wasWaiting,
      end: () => false,
    };
    while (this.#step(this.lane, touched)) if (isThere[move]()) return;
  }

  #allForward(move: Move, touched: Touched[]): void {
    const { stepper } = this;
    const depth = this.state.calls.length;
    for (let rounds = 0; ; rounds++) {
      if (move === 'into' && rounds > 0) return;
      if (move === 'over' && rounds > 0 && this.state.calls.length <= depth) return;
      if (move === 'out' && rounds > 0 && this.state.calls.length < depth) return;
      const { lanes } = stepper;
      const stopped = lanes.flatMap(({ status }, lane) => (status === 'stopped' ? [lane] : []));
      const waiting = lanes.findIndex(({ status }) => status === 'waiting');
      if (stopped.length > 0) for (const lane of stopped) this.#step(lane, touched);
      else if (waiting >= 0) this.#step(waiting, touched);
      else return;
      const isMet = stopped.length > 0 && stepper.lanes.every(({ status }) => status !== 'stopped');
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
      touched.push(...this.stepper.accesses.map(copyOf));
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
   * From the start to just before the statement that writes an element; the invocation that writes it is watched then.
   *
   * @returns false where this workgroup does not write it
   */
  toWrite(variable: string, word: number): boolean {
    this.start();
    const isIt = (access: StepAccess) =>
      access.how !== 'read' &&
      access.variable === variable &&
      access.word <= word &&
      word < access.word + access.words;
    const steps: { readonly from: number; readonly lane: number }[] = [];
    try {
      const writer = this.#find(isIt, steps);
      if (writer === undefined) return this.#giveUp();
      this.lane = writer;
      this.#moves.push(...steps.filter(({ lane }) => lane === writer));
      return this.back();
    } catch (error) {
      if (error instanceof SimulationError) return this.#giveUp();
      throw error;
    }
  }

  /** Lane after lane from barrier to barrier, until a step makes such an access: who made it. */
  #find(isIt: (access: StepAccess) => boolean, steps: { from: number; lane: number }[]): number | undefined {
    const { stepper } = this;
    const makes = (lane: number) => {
      steps.push({ from: stepper.steps, lane });
      stepper.step(lane);
      return stepper.accesses.some(isIt);
    };
    for (;;) {
      for (const lane of stepper.lanes.keys())
        while (stepper.lane(lane).status === 'stopped') if (makes(lane)) return lane;
      const waiting = stepper.lanes.findIndex(({ status }) => status === 'waiting');
      if (waiting < 0) return undefined;
      if (makes(waiting)) return stepper.accesses.find(isIt)!.lane;
    }
  }

  #giveUp(): false {
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

const copyOf = ({ lane, variable, element, word, words, how }: StepAccess): Touched => ({
  lane,
  variable,
  element,
  word,
  words,
  writes: how !== 'read',
});

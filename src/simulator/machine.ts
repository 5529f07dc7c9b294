import { ARITHMETIC } from './arithmetic.ts';
import type { Memory } from './memory.ts';
import type { Site } from './module.ts';
import type { Reason } from './problem.ts';

/** The state of one invocation: `L` in the generated code. */
export class Lane {
  /** Its number in its workgroup. */
  index: number;
  /** Its number in its subgroup, and all lanes of that. */
  readonly lane: number;
  readonly subgroupId: number;
  subgroup: readonly Lane[] = [];
  readonly F: Float32Array;
  readonly I: Int32Array;
  readonly U: Uint32Array;
  lx = 0;
  ly = 0;
  lz = 0;
  wx = 0;
  wy = 0;
  wz = 0;
  gx = 0;
  gy = 0;
  gz = 0;
  /** Number in the whole dispatch. */
  invocation = 0;
  /** Which iteration of the loops around it: lanes that meet must agree. */
  turn = 0;
  /** The calls that it is in, where stops are wanted: the places, and what is visible there. */
  readonly calls: { readonly site: number; readonly shown: () => readonly unknown[] }[] = [];
  /** What it lays down for its subgroup: two, so that one may be read while the next is written. */
  readonly #offers: readonly Float64Array[] = [new Float64Array(4), new Float64Array(4)];
  #slot = 0;
  readonly #machine: Machine;

  constructor(machine: Machine, index: number, subgroupSize: number, words: number) {
    this.#machine = machine;
    this.index = index;
    this.lane = index % subgroupSize;
    this.subgroupId = Math.floor(index / subgroupSize);
    const data = new ArrayBuffer(4 * words);
    this.F = new Float32Array(data);
    this.I = new Int32Array(data);
    this.U = new Uint32Array(data);
  }

  /** Lays down the components of a value for the other lanes of the subgroup; gives the slot. */
  offer(a = 0, b = 0, c = 0, d = 0): number {
    this.#slot ^= 1;
    const own = this.#offers[this.#slot];
    own[0] = a;
    own[1] = b;
    own[2] = c;
    own[3] = d;
    return this.#slot;
  }

  /** What was laid down in a slot. */
  offered(slot: number, component: number): number {
    return this.#offers[slot][component];
  }

  shuffled(slot: number, component: number, id: number, site: number): number {
    const other = this.subgroup[id];
    if (other === undefined) return this.#machine.noLane(site, id, this.subgroup.length);
    return other.#offers[slot][component];
  }
}

/** What the generated code calls: `S`. */
export class Machine {
  /** Iterations and statements that may still be made. */
  budget: number;
  /** Calls of functions that call others, which may still be made: so many that a loop around them ends before. */
  calls: number;
  nx = 1;
  ny = 1;
  nz = 1;
  readonly subgroupSize: number;
  readonly subgroups: number;
  /** Results of functions that return more than one number. */
  readonly results: Float64Array;
  /** Names and values that the last stop was asked for. */
  shown: readonly unknown[] = [];
  /** The running invocation. */
  invocation = 0;
  workgroup = 0;
  /** What has no value is NaN, instead of an error. */
  poison = false;
  readonly #sites: readonly Site[];
  readonly #fail: (reason: Reason, site: Site, problem: string) => never;
  readonly #budget: number;

  constructor(
    sites: readonly Site[],
    budget: number,
    subgroupSize: number,
    subgroups: number,
    results: number,
    fail: (reason: Reason, site: Site, problem: string) => never,
  ) {
    this.#sites = sites;
    this.budget = this.#budget = budget;
    this.calls = 8 * budget;
    this.subgroupSize = subgroupSize;
    this.subgroups = subgroups;
    this.results = new Float64Array(results);
    this.#fail = fail;
  }

  fail(reason: Reason, site: number, problem: string): never {
    return this.#fail(
      reason,
      this.#sites[site],
      `${problem} (invocation ${this.invocation} of the dispatch)`,
    );
  }

  outside(site: number, index: number, count: number): never {
    return this.fail('outside', site, `index ${index} is outside: there are ${count} elements`);
  }

  exhausted(site: number): never {
    const what = `more than ${this.#budget} steps were made; does this loop end?`;
    return this.fail('budget', site, what);
  }

  /** What a shuffle from a lane that is not there gives: WGSL does not say. */
  noLane(site: number, id: number, size: number): number {
    if (this.poison) return NaN;
    return this.fail('outside', site, `there is no lane ${id}: the subgroup has ${size}`);
  }

  copy(to: Memory, toWord: number, from: Memory, fromWord: number, words: number): void {
    to.U.set(from.U.subarray(fromWord, fromWord + words), toWord);
  }

  ballot({ subgroup }: Lane, slot: number, word: number): number {
    let bits = 0;
    for (let i = 0; i < 32 && 32 * word + i < subgroup.length; i++)
      if (subgroup[32 * word + i].offered(slot, 0) !== 0) bits |= 1 << i;
    return bits >>> 0;
  }

  /** An operation of all lanes of a subgroup on what they laid down. */
  subgroup(
    name: string,
    type: string,
    own: Lane,
    slot: number,
    component: number,
    operand: number,
    site: number,
  ) {
    const { subgroup, lane } = own;
    const from = (id: number) => own.shuffled(slot, component, id, site);
    const move = MOVES[name.replace(/^(subgroup|quad)/, '')];
    if (move) return from(move(lane, operand));
    const [, scan, operation] = /^subgroup(Inclusive|Exclusive|)(\w+)$/.exec(name) ?? [];
    const combine = COMBINE[operation];
    if (!combine) return this.fail('code', site, `${name} is not simulated`);
    const end = scan === 'Exclusive' ? lane : scan === 'Inclusive' ? lane + 1 : subgroup.length;
    let total = NEUTRAL[operation] ?? from(0);
    for (let id = 0; id < end; id++) total = rounded(type, combine(total, from(id)));
    return total;
  }
}

const MOVES: Readonly<Record<string, (lane: number, operand: number) => number>> = {
  BroadcastFirst: () => 0,
  ShuffleXor: (lane, mask) => lane ^ mask,
  ShuffleUp: (lane, delta) => lane - delta,
  ShuffleDown: (lane, delta) => lane + delta,
  Broadcast: (lane, id) => (lane & ~3) + id, // of a quad
  SwapX: (lane) => lane ^ 1,
  SwapY: (lane) => lane ^ 2,
  SwapDiagonal: (lane) => lane ^ 3,
};

const COMBINE: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Mul: (a, b) =>
    Number.isInteger(a) && Number.isInteger(b) && Math.abs(a * b) > 2 ** 53 ? Math.imul(a, b) : a * b,
  Min: Math.min,
  Max: Math.max,
  And: (a, b) => a & b,
  Or: (a, b) => a | b,
  Xor: (a, b) => a ^ b,
  All: (a, b) => +(a !== 0 && b !== 0),
  Any: (a, b) => +(a !== 0 || b !== 0),
};

const NEUTRAL: Readonly<Record<string, number>> = { Add: 0, Mul: 1, And: -1, Or: 0, Xor: 0, All: 1, Any: 0 };

const rounded = (type: string, value: number) =>
  type === 'f32'
    ? Math.fround(value)
    : type === 'f16'
      ? ARITHMETIC.half(value)
      : type === 'u32'
        ? value >>> 0
        : type === 'i32'
          ? value | 0
          : value;

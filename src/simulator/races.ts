/** Two accesses to one word by different invocations with nothing between them that orders them, one of them a write. */
export interface RawRace {
  readonly word: number;
  readonly first: Party;
  readonly second: Party;
}

export interface Party {
  /** Number of the invocation in the whole dispatch. */
  readonly invocation: number;
  readonly site: number;
  readonly writes: boolean;
}

/** Where the simulation stands. */
export interface Clock {
  /** The running invocation's number in the dispatch, and that of its workgroup. */
  readonly invocation: number;
  readonly workgroup: number;
}

/** An access in one number: 0 where there was none. */
const SITES = 2 ** 20;
const pack = (invocation: number, site: number) => (invocation + 1) * SITES + site;
const invocationOf = (access: number) => Math.floor(access / SITES) - 1;

/**
 * Finds every race that the simulated accesses have, in the order that they happen. A phase is what lies between two
 * barriers of a workgroup. Within a phase, and between workgroups at any time, nothing is ordered. To know of any later
 * conflict it is enough to remember for each word
 *
 *   writer             the last write of this phase
 *   reader, other      two reads of this phase by different invocations: a write conflicts with one of them, unless the
 *                      writer is the only reader
 *   ownWriter, …       a write and a read of this workgroup in any phase
 *   strangeWriter, …   a write and a read of any workgroup before, which no barrier orders
 */
export class RaceFinder {
  /** The races, one of each pair of places in the code. */
  readonly found: RawRace[] = [];
  readonly #clock: Clock;
  readonly #writer: Float64Array;
  readonly #reader: Float64Array;
  readonly #other: Float64Array;
  readonly #ownWriter: Float64Array;
  readonly #ownReader: Float64Array;
  readonly #strangeWriter: Float64Array;
  readonly #strangeReader: Float64Array;
  /** The phase, and the workgroup, that the entries of a word are of. */
  readonly #phaseOf: Float64Array;
  readonly #workgroupOf: Float64Array;
  readonly #known = new Set<string>();
  #phase = 1;

  constructor(words: number, clock: Clock) {
    this.#clock = clock;
    const table = () => new Float64Array(words);
    [this.#writer, this.#reader, this.#other] = [table(), table(), table()];
    [this.#ownWriter, this.#ownReader] = [table(), table()];
    [this.#strangeWriter, this.#strangeReader] = [table(), table()];
    [this.#phaseOf, this.#workgroupOf] = [table(), table()];
  }

  /** A barrier: what comes after it comes after all that was before it in this workgroup. */
  nextPhase(): void {
    this.#phase++;
  }

  /** Forgets everything: the memory is a new one. */
  clear(): void {
    this.#workgroupOf.fill(0);
    for (const table of [this.#ownWriter, this.#ownReader, this.#strangeWriter, this.#strangeReader])
      table.fill(0);
  }

  read(word: number, words: number, site: number): void {
    const { invocation } = this.#clock;
    for (let i = word; i < word + words; i++) {
      this.#bringUp(i);
      const writer = this.#writer[i];
      if (writer !== 0 && invocationOf(writer) !== invocation) this.#report(i, writer, true, site, false);
      if (this.#strangeWriter[i] !== 0) this.#report(i, this.#strangeWriter[i], true, site, false);
      const own = (this.#ownReader[i] = pack(invocation, site));
      const reader = this.#reader[i];
      if (reader === 0) this.#reader[i] = own;
      else if (this.#other[i] === 0 && invocationOf(reader) !== invocation) this.#other[i] = own;
    }
  }

  write(word: number, words: number, site: number): void {
    const { invocation } = this.#clock;
    for (let i = word; i < word + words; i++) {
      this.#bringUp(i);
      const [writer, reader] = [this.#writer[i], this.#reader[i]];
      if (writer !== 0 && invocationOf(writer) !== invocation) this.#report(i, writer, true, site, true);
      const conflicting = reader !== 0 && invocationOf(reader) !== invocation ? reader : this.#other[i];
      if (conflicting !== 0) this.#report(i, conflicting, false, site, true);
      if (this.#strangeWriter[i] !== 0) this.#report(i, this.#strangeWriter[i], true, site, true);
      if (this.#strangeReader[i] !== 0) this.#report(i, this.#strangeReader[i], false, site, true);
      this.#writer[i] = this.#ownWriter[i] = pack(invocation, site);
    }
  }

  /** Makes the entries of a word those of this phase. */
  #bringUp(i: number): void {
    const workgroup = this.#clock.workgroup + 1;
    if (this.#workgroupOf[i] !== workgroup) {
      if (this.#workgroupOf[i] !== 0) {
        this.#strangeWriter[i] ||= this.#ownWriter[i];
        this.#strangeReader[i] ||= this.#ownReader[i];
      }
      this.#ownWriter[i] = this.#ownReader[i] = 0;
      this.#workgroupOf[i] = workgroup;
    } else if (this.#phaseOf[i] === this.#phase) return;
    this.#writer[i] = this.#reader[i] = this.#other[i] = 0;
    this.#phaseOf[i] = this.#phase;
  }

  #report(word: number, before: number, wrote: boolean, site: number, writes: boolean): void {
    const first = { invocation: invocationOf(before), site: before % SITES, writes: wrote };
    const key = [`${first.site} ${wrote}`, `${site} ${writes}`].toSorted().join();
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.found.push({ word, first, second: { invocation: this.#clock.invocation, site, writes } });
  }
}

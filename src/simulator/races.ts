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
  /** By number of a page: of most buffers a workgroup touches a few places. */
  readonly #pages: (Page | undefined)[] = [];
  readonly #known = new Set<string>();
  #phase = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A barrier: what comes after it comes after all that was before it in this workgroup. */
  nextPhase(): void {
    this.#phase++;
  }

  /** Forgets everything: the memory is a new one. */
  clear(): void {
    for (const page of this.#pages) page?.clear();
  }

  read(word: number, words: number, site: number): void {
    const { invocation } = this.#clock;
    for (let i = word; i < word + words; i++) {
      const page = this.#at(i);
      const at = i % PAGE;
      const writer = page.writer[at];
      if (writer !== 0 && invocationOf(writer) !== invocation) this.#report(i, writer, true, site, false);
      if (page.strangeWriter[at] !== 0) this.#report(i, page.strangeWriter[at], true, site, false);
      const own = (page.ownReader[at] = pack(invocation, site));
      const reader = page.reader[at];
      if (reader === 0) page.reader[at] = own;
      else if (page.other[at] === 0 && invocationOf(reader) !== invocation) page.other[at] = own;
    }
  }

  write(word: number, words: number, site: number): void {
    const { invocation } = this.#clock;
    for (let i = word; i < word + words; i++) {
      const page = this.#at(i);
      const at = i % PAGE;
      const [writer, reader] = [page.writer[at], page.reader[at]];
      if (writer !== 0 && invocationOf(writer) !== invocation) this.#report(i, writer, true, site, true);
      const conflicting = reader !== 0 && invocationOf(reader) !== invocation ? reader : page.other[at];
      if (conflicting !== 0) this.#report(i, conflicting, false, site, true);
      if (page.strangeWriter[at] !== 0) this.#report(i, page.strangeWriter[at], true, site, true);
      if (page.strangeReader[at] !== 0) this.#report(i, page.strangeReader[at], false, site, true);
      page.writer[at] = page.ownWriter[at] = pack(invocation, site);
    }
  }

  /** The page of a word, whose entries are those of this phase. */
  #at(word: number): Page {
    const page = (this.#pages[Math.floor(word / PAGE)] ??= new Page());
    page.bringUp(word % PAGE, this.#clock.workgroup + 1, this.#phase);
    return page;
  }

  #report(word: number, before: number, wrote: boolean, site: number, writes: boolean): void {
    const first = { invocation: invocationOf(before), site: before % SITES, writes: wrote };
    const key = [`${first.site} ${wrote}`, `${site} ${writes}`].toSorted().join();
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.found.push({ word, first, second: { invocation: this.#clock.invocation, site, writes } });
  }
}

/** Words that share their tables. */
const PAGE = 1024;

/** What is known of some words. */
class Page {
  readonly writer = new Float64Array(PAGE);
  readonly reader = new Float64Array(PAGE);
  readonly other = new Float64Array(PAGE);
  readonly ownWriter = new Float64Array(PAGE);
  readonly ownReader = new Float64Array(PAGE);
  readonly strangeWriter = new Float64Array(PAGE);
  readonly strangeReader = new Float64Array(PAGE);
  /** The phase, and the workgroup, that the entries of a word are of. */
  readonly #phaseOf = new Float64Array(PAGE);
  readonly #workgroupOf = new Float64Array(PAGE);

  clear(): void {
    this.#workgroupOf.fill(0);
    for (const table of [this.ownWriter, this.ownReader, this.strangeWriter, this.strangeReader])
      table.fill(0);
  }

  /** Makes the entries of a word those of this phase. */
  bringUp(at: number, workgroup: number, phase: number): void {
    if (this.#workgroupOf[at] !== workgroup) {
      if (this.#workgroupOf[at] !== 0) {
        this.strangeWriter[at] ||= this.ownWriter[at];
        this.strangeReader[at] ||= this.ownReader[at];
      }
      this.ownWriter[at] = this.ownReader[at] = 0;
      this.#workgroupOf[at] = workgroup;
    } else if (this.#phaseOf[at] === phase) return;
    this.writer[at] = this.reader[at] = this.other[at] = 0;
    this.#phaseOf[at] = phase;
  }
}

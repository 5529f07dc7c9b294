import { announce } from '../../shared/announce.ts';
import { create } from '../../shared/dom.ts';
import type { CodeView } from '../shader/code.ts';
import { groupPicker } from './groups.ts';
import { laneMap } from './lanes.ts';
import { ranges } from './ranges.ts';
import { firstWrites, searchWriter } from './search.ts';
import type { FirstWrites } from './search.ts';
import type { Steppable } from './steppable.ts';
import { tensorsOf } from './tensors.ts';
import type { Wanted } from './tensors.ts';
import { touchedText } from './touched.ts';
import { variableTable } from './variables.ts';
import { Walk } from './walk.ts';
import type { Move } from './walk.ts';

/** Shows the text of a file: the kernel's, or that of a shared one that a function is in. */
export type ShowFile = (name: string) => CodeView;

/** What a reader sees while stepping: the line, the invocations, the memory, the variables. */
export class Stage {
  readonly prepared: Steppable;
  readonly below: HTMLElement;
  walk: Walk;
  /** Told after each move. */
  onPaint: (() => void) | undefined;
  readonly #showFile: ShowFile;
  readonly #status = create('p', { className: 'where', role: 'status' });
  readonly #touched = create('p', { className: 'touched' });
  readonly #variables = variableTable();
  readonly #lanes;
  readonly #tensors;
  /** Chooses the workgroup, where there are several. */
  readonly groups;
  #wanted: Wanted | undefined;
  /** Of each invocation of the workgroup; none where all of the tensors is shown. */
  #firstWrites: readonly FirstWrites[] = [];
  /** Ends the search for the writer of an element. */
  #searching = new AbortController();
  /** Lines of a race. */
  #raced: readonly number[] = [];

  constructor(prepared: Steppable, showFile: ShowFile) {
    this.prepared = prepared;
    this.walk = new Walk(prepared);
    this.#showFile = showFile;
    const { kernel, workgroups } = prepared;
    showFile(kernel.name).fillIn(prepared.filledIn);
    this.#lanes = laneMap(kernel.workgroupSize, (lane) => this.watch(lane));
    this.#tensors = tensorsOf(prepared, this.walk, (variable, word) => void this.toWrite(variable, word));
    this.groups = groupPicker(workgroups, (group) => this.enter(group));
    this.#begin(this.walk);
    this.below = create(
      'section',
      { className: 'panel values', 'aria-label': 'Variables' },
      create('h3', {}, 'Variables of the watched invocation'),
      this.#variables.element,
      this.#touched,
    );
  }

  /** Beside the text. */
  get side(): HTMLElement[] {
    const { workgroupSize } = this.prepared.kernel;
    const size = workgroupSize.filter((extent, i) => i === 0 || extent > 1).join(' × ');
    const who = create(
      'section',
      { className: 'who' },
      create('h3', {}, `Invocations: a workgroup of ${size}`),
      this.#lanes.element,
    );
    this.#tensors.element.prepend(who);
    return [this.#status, this.#tensors.element];
  }

  /** Begins another workgroup. */
  enter(workgroup: Walk['workgroup']): void {
    const { lane, together } = this.walk;
    this.#begin(new Walk(this.prepared, workgroup));
    this.walk.lane = lane;
    this.walk.together = together;
    this.paint();
  }

  #begin(walk: Walk): void {
    this.#searching.abort();
    this.walk = walk;
    this.#wanted = undefined;
    this.groups?.show(walk.workgroup);
    if (this.#tensors.isPart) this.#firstWrites = firstWrites(this.prepared, walk.workgroup);
  }

  close(): void {
    this.#searching.abort();
  }

  watch(lane: number): void {
    this.walk.lane = lane;
    this.paint();
  }

  move(move: Move): boolean {
    const moved = this.walk.forward(move);
    this.paint();
    return moved;
  }

  back(): void {
    this.walk.back();
    this.paint();
  }

  start(): void {
    this.#searching.abort();
    this.walk.start();
    this.#wanted = undefined;
    this.paint();
  }

  /** To the line that writes a word of a buffer, in whichever workgroup that is. */
  async toWrite(variable: string, word: number): Promise<void> {
    this.#searching.abort();
    const { signal } = (this.#searching = new AbortController());
    const writer = await searchWriter(this.prepared, variable, word, signal, (share) => {
      this.#status.textContent = `Looking for the invocation that writes ${variable}[…]: ${Math.round(100 * share)} % …`;
    });
    if (signal.aborted) return;
    const walk = writer && new Walk(this.prepared, writer.workgroup);
    if (!walk?.toWrite(writer!.lane, variable, word)) {
      this.paint();
      this.#status.textContent = `No invocation writes this element of ${variable}.`;
      return;
    }
    this.#begin(walk);
    this.#wanted = { variable, word };
    this.paint();
    const { place } = walk.state;
    announce(
      `Invocation ${walk.lane} writes this element of ${variable} at line ${place?.line}. It stands before that line.`,
    );
  }

  /** Runs the watched invocation to a line of the file. */
  toLine(line: number): void {
    const { walk } = this;
    const { name } = this.prepared.kernel;
    const isThere = () => walk.state.place?.line === line && walk.state.place.file === name;
    while (walk.forward('into')) if (isThere()) break;
    this.paint();
  }

  light(lines: readonly number[]): void {
    this.#raced = lines;
    this.paint();
  }

  paint(): void {
    const { walk } = this;
    const { status, place } = walk.state;
    const file = place?.file ?? this.prepared.kernel.name;
    const code = this.#showFile(file);
    const lit = new Map(this.#raced.map((line) => [line, 'race']));
    if (place?.file) lit.set(place.line, status === 'waiting' ? 'waiting' : 'here');
    code.light(lit);
    this.#showStanding(code, file);
    if (place?.file) code.show(place.line);
    this.#status.replaceChildren(...this.#where());
    this.#lanes.update(walk.lanes, walk.lane);
    this.#tensors.update(walk, this.#wanted, this.#firstWrites[walk.lane]);
    this.#variables.update(walk.stepper.variables(walk.lane));
    this.#touched.textContent = touchedText(walk);
    this.onPaint?.();
  }

  /** Which invocations stand at each line, where more than one is to be seen. */
  #showStanding(code: CodeView, file: string): void {
    for (const line of code.element.querySelectorAll('[data-standing]'))
      line.removeAttribute('data-standing');
    if (this.walk.lanes.length === 1) return;
    for (const [key, lanes] of this.walk.standing) {
      const at = key.lastIndexOf(':');
      const line = key.slice(0, at) === file ? code.line(Number(key.slice(at + 1))) : undefined;
      if (line) line.dataset.standing = lanes.length === this.walk.lanes.length ? 'all' : ranges(lanes);
    }
  }

  #where(): (Node | string)[] {
    const { walk } = this;
    const { status, place, calls } = walk.state;
    const bold = (text: string) => create('b', {}, text);
    if (walk.problem) return [bold('Stopped. '), walk.problem.messages[0]?.text ?? walk.problem.message];
    const who = bold(`Invocation ${walk.lane}`);
    if (!place) return [who, ' has ended.'];
    const inside = calls.length > 0 ? ` in ${place.fn}()` : '';
    const generated = place.file ? '' : `: ${this.prepared.kernel.code.split('\n')[place.line - 1]?.trim()}`;
    const line = place.file ? `line ${place.line}` : 'generated code';
    if (status === 'waiting') return [who, ` waits at ${line}${inside} until all have come.`];
    return [who, ` is about to run ${line}${inside}${generated}`];
  }
}

import { announce } from '../../shared/announce.ts';
import { byId, create } from '../../shared/dom.ts';
import { library } from '../../../src/kernels/library.ts';
import { codeView } from '../code.ts';
import type { CodeView } from '../code.ts';
import type { Prepared } from '../toys/simulate.ts';
import { laneMap } from './lanes.ts';
import { ranges } from './ranges.ts';
import { tensorsOf } from './tensors.ts';
import { touchedText } from './touched.ts';
import { variableTable } from './variables.ts';
import { Walk } from './walk.ts';
import type { Move } from './walk.ts';

/** What a reader sees while stepping: the line, the invocations, the memory, the variables. */
export class Stage {
  readonly prepared: Prepared;
  readonly below: HTMLElement;
  walk: Walk;
  /** Told after each move. */
  onPaint: (() => void) | undefined;
  readonly #codes = new Map<string, CodeView>();
  readonly #status = create('p', { className: 'where', role: 'status' });
  readonly #touched = create('p', { className: 'touched' });
  readonly #variables = variableTable();
  readonly #lanes;
  readonly #tensors;
  /** Chooses the workgroup, where there are several. */
  readonly groups: HTMLSelectElement | undefined;
  #wanted: { readonly variable: string; readonly word: number } | undefined;
  /** Lines of a race. */
  #raced: readonly number[] = [];

  constructor(prepared: Prepared, code: CodeView) {
    this.prepared = prepared;
    this.walk = new Walk(prepared);
    const { kernel } = prepared;
    this.#codes.set(kernel.name, code);
    code.fillIn(prepared.filledIn);
    this.#lanes = laneMap(kernel.workgroupSize, (lane) => this.watch(lane));
    this.#tensors = tensorsOf(prepared, this.walk, (variable, element) => this.toWrite(variable, element));
    this.groups = this.#groupPicker();
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

  #groupPicker(): HTMLSelectElement | undefined {
    const [nx, ny, nz] = this.prepared.workgroups;
    if (nx * ny * nz === 1) return undefined;
    const options = Array.from({ length: nx * ny * nz }, (_, i) =>
      create('option', { value: String(i) }, this.#groupName(i)),
    );
    const select = create('select', {}, ...options);
    select.addEventListener('change', () => this.enter(Number(select.value)));
    return select;
  }

  #groupName(i: number): string {
    const [x, y, z] = this.#groupAt(i);
    const [, ny, nz] = this.prepared.workgroups;
    return nz > 1 ? `(${x}, ${y}, ${z})` : ny > 1 ? `(${x}, ${y})` : String(x);
  }

  #groupAt(i: number): [number, number, number] {
    const [nx, ny] = this.prepared.workgroups;
    return [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
  }

  /** Begins another workgroup. */
  enter(group: number): void {
    const { lane, together } = this.walk;
    this.walk = new Walk(this.prepared, this.#groupAt(group));
    this.walk.lane = lane;
    this.walk.together = together;
    this.#wanted = undefined;
    if (this.groups) this.groups.value = String(group);
    this.paint();
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
    this.walk.start();
    this.#wanted = undefined;
    this.paint();
  }

  /** To the line that writes an element, in whichever workgroup that is. */
  toWrite(variable: string, word: number): void {
    const [nx, ny, nz] = this.prepared.workgroups;
    for (let group = 0; group < nx * ny * nz; group++) {
      const walk = new Walk(this.prepared, this.#groupAt(group));
      if (!walk.toWrite(variable, word)) continue;
      walk.together = false;
      this.walk = walk;
      if (this.groups) this.groups.value = String(group);
      this.#wanted = { variable, word };
      this.paint();
      const { place } = walk.state;
      announce(
        `Invocation ${walk.lane} writes ${variable}[${word}] at line ${place?.line}. It stands before that line.`,
      );
      return;
    }
    announce(`No invocation writes ${variable}[${word}].`);
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
    const code = this.#codeOf(file);
    const lit = new Map(this.#raced.map((line) => [line, 'race']));
    if (place?.file) lit.set(place.line, status === 'waiting' ? 'waiting' : 'here');
    code.light(lit);
    this.#showStanding(code, file);
    if (place?.file) code.show(place.line);
    this.#status.replaceChildren(...this.#where());
    this.#lanes.update(walk.lanes, walk.lane);
    this.#tensors.update(walk, this.#wanted);
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

  /** The text of a file: the kernel's, or a function's of shaders/shared that it is in. */
  #codeOf(name: string): CodeView {
    let code = this.#codes.get(name);
    if (!code) {
      const source = library.find((own) => own.name === name)?.source ?? '';
      this.#codes.set(name, (code = codeView(source, () => undefined)));
    }
    if (!code.element.isConnected) {
      byId('code').replaceChildren(code.element);
      byId('file').textContent = `shaders/${name}.wgsl`;
    }
    return code;
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

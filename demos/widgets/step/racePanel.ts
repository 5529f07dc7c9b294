import { create } from '../../shared/dom.ts';
import type { Race } from '../../../src/simulator/index.ts';
import type { CodeView } from '../shader/code.ts';

/** Barriers that can be taken out, and the races that are found then. */
export class RacePanel {
  readonly element: HTMLElement;
  readonly #code: CodeView;
  readonly #removed = new Set<number>();
  readonly #found = create('div', { role: 'status' });
  readonly #buttons = new Map<number, HTMLButtonElement>();

  /** @param onChange called with the lines whose barriers are out */
  constructor(code: CodeView, onChange: (removed: ReadonlySet<number>) => void) {
    this.#code = code;
    for (const line of code.barriers) {
      const button = create('button', { type: 'button', ariaPressed: 'false' }, `Remove line ${line}`);
      button.addEventListener('click', () => {
        if (!this.#removed.delete(line)) this.#removed.add(line);
        this.#paint();
        onChange(this.#removed);
        button.focus({ preventScroll: true }); // what is around it was made anew
      });
      this.#buttons.set(line, button);
    }
    const intro = `This kernel has ${code.barriers.length === 1 ? 'one barrier' : `${code.barriers.length} barriers`}. What if one were missing?`;
    this.element = create(
      'section',
      { className: 'races', 'aria-label': 'Barriers and races', hidden: code.barriers.length === 0 },
      create('h3', {}, 'Races'),
      create('p', {}, intro),
      create('div', { className: 'actions' }, ...this.#buttons.values()),
      this.#found,
    );
  }

  #paint(): void {
    for (const [line, button] of this.#buttons) {
      const isOut = this.#removed.has(line);
      button.ariaPressed = String(isOut);
      button.textContent = isOut ? `Put line ${line} back` : `Remove line ${line}`;
      this.#code.line(line)?.classList.toggle('removed', isOut);
    }
  }

  /** Tells the races that were found. */
  show(races: readonly Race[]): void {
    if (this.#removed.size === 0) return this.#found.replaceChildren();
    if (races.length === 0) {
      this.#found.replaceChildren(
        create('p', {}, 'No race with these numbers. Other sizes need the barrier.'),
      );
      return;
    }
    this.#found.replaceChildren(
      create(
        'p',
        {},
        create('b', {}, races.length === 1 ? 'A race.' : `${races.length} races.`),
        ' Nothing orders these accesses:',
      ),
      create('ul', {}, ...races.map((race) => this.#item(race))),
    );
  }

  #item({ element, first, second }: Race): HTMLElement {
    const told = ({ invocation, writes, place: { line } }: Race['first']) => {
      const link = create('button', { type: 'button', className: 'link' }, `line ${line}`);
      link.addEventListener('click', () => this.#code.show(line));
      return [`invocation ${invocation} ${writes ? 'writes' : 'reads'} it at `, link];
    };
    return create('li', {}, create('code', {}, element), ': ', ...told(first), ', ', ...told(second), '.');
  }

  close(): void {
    for (const line of this.#removed) this.#code.line(line)?.classList.remove('removed');
  }
}

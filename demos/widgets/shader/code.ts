import { create } from '../../shared/dom.ts';
import { listing } from '../listing.ts';
import { factsOf } from './facts.ts';
import { headerOf } from './header.ts';
import './code.css';

/** The text of a shader on the page, line by line. */
export interface CodeView {
  readonly element: HTMLElement;
  /** Numbers of the lines whose barrier can be taken out. */
  readonly barriers: readonly number[];
  line(number: number): HTMLElement | undefined;
  /** Lights lines: each with the class of its kind. */
  light(lines: ReadonlyMap<number, string>): void;
  show(number: number): void;
  /** Tells behind constants and aliases what they are in an example. */
  fillIn(values: Readonly<Record<string, unknown>>): void;
}

interface CodeOptions {
  /** Called with a line that was clicked. */
  readonly onChoose?: (line: number) => void;
  /** Marks words of a comment, or of the name of a function that is called. */
  readonly mark?: (part: HTMLElement) => void;
  /** The text at its head stands beside it, too. */
  readonly isBeside?: boolean;
}

/** Shows a shader without the text at its head, which a button shows. */
export function codeView(source: string, { onChoose, mark, isBeside }: CodeOptions = {}): CodeView {
  const pre = listing(source);
  const lines = [...pre.querySelectorAll<HTMLElement>('.line')];
  const head = headerOf(source).lines;
  lines.forEach((line, i) => {
    line.dataset.line = String(i + 1);
    line.lastChild!.textContent = line.lastChild!.textContent!.replace(/\n$/, ''); // each is a block here
    if (i < head) line.classList.add('head');
    if (mark) for (const part of line.querySelectorAll<HTMLElement>('.comment, .call')) mark(part);
  });
  const toggle = create('button', { type: 'button', className: 'head-toggle' });
  const paint = (open: boolean) => {
    pre.classList.toggle('with-head', open);
    toggle.ariaExpanded = String(open);
    toggle.textContent = open
      ? `Hide lines 1–${head}`
      : isBeside
        ? `Lines 1–${head}: the text beside`
        : `Show lines 1–${head}: what it computes`;
  };
  toggle.addEventListener('click', () => paint(!pre.classList.contains('with-head')));
  paint(false);
  if (onChoose) pre.classList.add('to-choose');
  pre.addEventListener('click', ({ target }) => {
    const line = (target as Element).closest<HTMLElement>('.line');
    if (line && getSelection()?.isCollapsed !== false) onChoose?.(Number(line.dataset.line));
  });
  const element = create(
    'div',
    { className: 'code-view' },
    ...(head > 0 && head < lines.length ? [toggle] : []),
    pre,
  );
  if (head >= lines.length) paint(true);
  let lit: HTMLElement[] = [];
  return {
    element,
    barriers: factsOf(source).barriers,
    line: (number) => lines[number - 1],
    light(kinds) {
      for (const line of lit) line.removeAttribute('data-lit');
      lit = [...kinds].flatMap(([number, kind]) => {
        const line = lines[number - 1];
        if (line) line.dataset.lit = kind;
        return line ? [line] : [];
      });
    },
    fillIn(values) {
      const { constants, aliases } = factsOf(source);
      for (const { name, line, value: own } of [
        ...constants,
        ...aliases.map((alias) => ({ ...alias, value: alias.type })),
      ]) {
        const value = values[name];
        const written = own.replace(/u$/, '');
        const text = Array.isArray(value) ? value.join(', ') : String(value);
        if (value !== undefined && text !== written) lines[line - 1].dataset.here = text;
      }
    },
    show(number) {
      const line = lines[number - 1];
      const scroller = element.closest<HTMLElement>('.code');
      if (!line || !scroller) return;
      if (number <= head) paint(true);
      const [own, view] = [line.getBoundingClientRect(), scroller.getBoundingClientRect()];
      const margin = Math.min(80, view.height / 4);
      if (own.top < view.top + margin || own.bottom > view.bottom - margin)
        scroller.scrollTop += own.top - view.top - view.height / 3;
    },
  };
}

import type { KernelMessage } from '../../../src/index.ts';
import { create } from '../../shared/dom.ts';

/** Something to say about a place of the text. */
export interface Remark {
  /** 1-based; a column of 0 is the whole line. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly text: string;
}

export const firstLine = (text: string): string => text.split('\n')[0];

/** Messages as remarks about the file: where columns are those of generated code, by the word that they are about. */
export function remarksOf(messages: readonly KernelMessage[], text: string, kernel: string): Remark[] {
  const lines = text.split('\n');
  return messages
    .filter(({ file }) => file === kernel)
    .map(({ line, column, length, word, text: message }) => {
      const own = lines[line - 1] ?? '';
      if (own.slice(column - 1, column - 1 + word.length) === word)
        return { line, column, length, text: message };
      const at = word ? own.indexOf(word) : -1;
      return { line, column: at + 1, length: word.length, text: message };
    });
}

/** Remarks as a list; each leads to its line. */
export function problemList(remarks: readonly Remark[], show: (line: number) => void): HTMLElement[] {
  return remarks.map(({ line, text }) => {
    const link = create('button', { type: 'button', className: 'link' }, `line ${line}`);
    link.addEventListener('click', () => show(line));
    return create('li', {}, link, `: ${text}`);
  });
}

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  MatchDecorator,
  ViewPlugin,
} from '@codemirror/view';
import type { DecorationSet, ViewUpdate } from '@codemirror/view';
import { create } from '../../shared/dom.ts';
import { classOf, TOKEN } from '../listing.ts';
import './editor.css';
import type { Remark } from './remarks.ts';

export interface Editor {
  readonly element: HTMLElement;
  readonly text: string;
  set(text: string): void;
  remark(remarks: readonly Remark[]): void;
  show(line: number): void;
  destroy(): void;
}

const tokens = new MatchDecorator({
  regexp: TOKEN,
  decoration: (match) => Decoration.mark({ class: classOf(match) }),
});

/** The colours of the listings. */
const colours = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = tokens.createDeco(view);
    }
    update(update: ViewUpdate): void {
      this.decorations = tokens.updateDeco(update, this.decorations);
    }
  },
  { decorations: (own) => own.decorations },
);

/** Where a line begins. */
const offsetOf = (text: string, line: number) =>
  text
    .split('\n')
    .slice(0, line - 1)
    .reduce((sum, { length }) => sum + length + 1, 0);

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'transparent', fontSize: '0.76rem' },
  '.cm-scroller': { fontFamily: 'var(--numbers)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused': { outline: '2px solid var(--ink)' },
  '.cm-gutters': { border: '0', color: 'var(--muted)', backgroundColor: 'transparent' },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--ink) 6%, transparent)',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--ink) 22%, transparent)',
  },
  '.cm-tooltip': { color: 'var(--paper)', backgroundColor: 'var(--ink)', border: '0', maxWidth: '30rem' },
  '.comment': { color: 'var(--muted)' },
  '.keyword, .attribute': { color: 'var(--third)' },
  '.type': { color: 'var(--fourth)' },
  '.number, .constant': { color: 'var(--first)' },
  '.call': { color: 'var(--ink)', fontWeight: '700' },
});

/**
 * A text to edit. It lives in a shadow tree: there its styles are objects, which a strict content security policy allows,
 * and no <style> elements.
 */
export function createEditor(text: string, firstLine: number, onChange: (text: string) => void): Editor {
  const element = create('div', { className: 'editor' });
  const root = element.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      selection: { anchor: offsetOf(text, firstLine) },
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        colours,
        theme,
        EditorView.contentAttributes.of({ 'aria-label': 'Text of the shader', spellcheck: 'false' }),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
      ],
    }),
  });
  view.scrollDOM.tabIndex = 0; // what scrolls can be reached by keys
  view.dispatch({ effects: EditorView.scrollIntoView(offsetOf(text, firstLine), { y: 'start' }) });
  return {
    element,
    get text() {
      return view.state.doc.toString();
    },
    set: (own) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: own } }),
    remark(remarks) {
      const { doc } = view.state;
      const diagnostics = remarks.map(({ line, column, length, text: message }) => {
        const own = doc.line(Math.max(1, Math.min(line, doc.lines)));
        const from = column > 0 ? Math.min(own.from + column - 1, own.to) : own.from;
        const to = column > 0 ? Math.min(from + Math.max(1, length), own.to) : own.to;
        return { from, to, severity: 'error' as const, message };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    show(line) {
      const { from } = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      view.dispatch({
        selection: { anchor: from },
        effects: EditorView.scrollIntoView(from, { y: 'center' }),
      });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

import { create, notice } from '../../shared/dom.ts';
import { GeneratedCodeError } from '../../../src/simulator/index.ts';
import type { Race } from '../../../src/simulator/index.ts';
import type { CodeView } from '../shader/code.ts';
import { withoutBarriers } from './barriers.ts';
import { createConsole } from './console.ts';
import { RacePanel } from './racePanel.ts';
import { Stage } from './stage.ts';
import type { ShowFile } from './stage.ts';
import type { Steppable } from './steppable.ts';
import './step.css';

export interface SessionOptions {
  /** The kernel's text, and how it stands on the page. */
  readonly source: string;
  readonly code: CodeView;
  readonly showFile: ShowFile;
  /** What listens to the keys: `document` where stepping is all that the page is about. */
  readonly keys: EventTarget;
  /** What the numbers are. */
  readonly about: HTMLElement;
  /** The dispatch with a text instead of the kernel's file: one without some barriers. */
  prepare(text: string): Steppable;
  /** Races of a dispatch whose barriers are missing. */
  racesOf(dispatch: Steppable, stage: Stage): readonly Race[];
  /** Told of a stage before it is shown. */
  onBegin?(stage: Stage): void;
}

/** Steps through a kernel until it is closed: what stands beside the text, and below it. */
export class Session {
  readonly side = create('div', { className: 'stepping stage' });
  readonly below = create('div', { className: 'stepping below' });
  readonly #options: SessionOptions;
  readonly #races: RacePanel;
  #stage: Stage | undefined;
  #closing = new AbortController();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#races = new RacePanel(options.code, (removed) => this.#begin(removed));
    this.#begin(new Set());
  }

  #begin(removed: ReadonlySet<number>): void {
    const { source, code, about, keys, showFile, prepare, racesOf, onBegin } = this.#options;
    this.#closing.abort();
    this.#closing = new AbortController();
    const { signal } = this.#closing;
    try {
      const dispatch = prepare(withoutBarriers(source, removed));
      const stage = new Stage(dispatch, showFile);
      signal.addEventListener('abort', () => stage.close());
      this.#stage = stage;
      if (removed.size === 0) onBegin?.(stage);
      const console = createConsole(stage, keys, signal);
      this.side.replaceChildren(about, console, ...stage.side, this.#races.element);
      this.below.replaceChildren(stage.below);
      const found = removed.size > 0 ? racesOf(dispatch, stage) : [];
      this.#races.show(found);
      stage.light(found.flatMap(({ first, second }) => [first.place.line, second.place.line]));
      if (found.length > 0) code.show(found[0].second.place.line);
    } catch (error) {
      this.side.replaceChildren(problem(error as Error));
      this.below.replaceChildren();
    }
  }

  /** Runs the watched invocation to a line. */
  toLine(line: number): void {
    this.#stage?.toLine(line);
  }

  close(): void {
    this.#closing.abort();
    this.#races.close();
    this.#options.code.light(new Map());
  }
}

/** What is in the way, in words that say what to do. */
function problem(error: Error): HTMLElement {
  if (!(error instanceof GeneratedCodeError)) return notice(error.message, 'warning');
  const text =
    'The content security policy of this site forbids code that a page generates (unsafe-eval). The simulator needs it: ' +
    'it turns the shader into JavaScript. Reading works here; to step, open the page from a site that allows it, or from ' +
    'npm start.';
  return notice(text, 'warning');
}

import { stripVTControlCharacters } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import type { Footer, Terminal } from './terminal.ts';

/** Without a terminal, the interval of the lines that show that work continues. */
const QUIET_SECONDS = 15;
const MOST_CHARACTERS = 30;
const FEWEST_CHARACTERS = 5;

/**
 * A bar with a text before and after it. It is removed when it stops, and a line reports the result. Where the
 * output is not a terminal, a line every 15 seconds takes its place.
 */
export class Progress implements Footer {
  readonly #terminal: Terminal;
  readonly #before: string;
  readonly #total: number;
  readonly #bar: SingleBar | undefined;
  #value: number;
  #after = '';
  #lastLine = performance.now();

  constructor(terminal: Terminal, before: string, total: number, start = 0) {
    this.#terminal = terminal;
    this.#before = before;
    this.#total = total;
    this.#value = start;
    if (!terminal.interactive) return;
    const format = (_: unknown, { progress }: { progress: number }) => this.#format(progress);
    this.#bar = new SingleBar(
      { format, stream: terminal.output, clearOnComplete: true, fps: 10 },
      Presets.legacy,
    );
    terminal.progress?.stop();
    terminal.progress = this;
    process.once('exit', this.stop); // however the process ends, the terminal wraps its lines again
    this.show();
  }

  /** @param after the text behind the bar */
  update(value: number, after = ''): void {
    this.#value = value;
    this.#after = after;
    this.#bar?.update(value);
    const now = performance.now();
    if (this.#bar || now - this.#lastLine < QUIET_SECONDS * 1000) return;
    this.#lastLine = now;
    this.#terminal.line([this.#before, percent(value / this.#total), after].filter(Boolean).join('  '));
  }

  show(): void {
    this.#bar?.start(this.#total, this.#value);
  }

  hide(): void {
    this.#bar?.stop();
  }

  /** Takes the bar away; a second call does nothing. */
  readonly stop = (): void => {
    this.hide();
    process.off('exit', this.stop);
    if (this.#terminal.progress === this) this.#terminal.progress = undefined;
  };

  #format(progress: number): string {
    const { columns } = this.#terminal; // the last one stays free: clearing the rest of the line takes it
    const texts = [this.#before, percent(progress), this.#after].filter(Boolean);
    const used = texts.reduce((sum, text) => sum + stripVTControlCharacters(text).length + 2, 0);
    const length = Math.max(FEWEST_CHARACTERS, Math.min(MOST_CHARACTERS, columns - used - 1));
    const filled = Math.round(progress * length);
    const bar =
      this.#terminal.style('cyan', '━'.repeat(filled)) +
      this.#terminal.style('dim', '─'.repeat(length - filled));
    return [this.#before, bar, percent(progress), this.#after].filter(Boolean).join('  ');
  }
}

function percent(part: number): string {
  return `${Math.floor(Math.min(1, part) * 100)}%`.padStart(4);
}

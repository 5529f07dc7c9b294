import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** What a terminal needs of a stream such as process.stdout. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What stays below the lines while it is there, such as a progress bar. */
export interface Footer {
  show(): void;
  /** Removes it from the screen for a moment. */
  hide(): void;
  /** Removes it for good. */
  stop(): void;
}

/** Output lines: coloured and redrawn on a terminal, plain in a file or for another program. */
export class Terminal {
  readonly output: Output;
  /** True where a line can be redrawn. */
  readonly interactive: boolean;
  /** What is at the bottom, if anything: lines are written above it. */
  progress: Footer | undefined;
  readonly #colours: boolean;

  #failure: NodeJS.ErrnoException | undefined;

  constructor(output: Output, environment: NodeJS.ProcessEnv = process.env) {
    this.output = output;
    output.on('error', this.#failed);
    this.interactive = Boolean(output.isTTY) && environment.TERM !== 'dumb';
    this.#colours = wantsColours(this.interactive, environment);
  }

  /** Characters in a line; 80 where the number is unknown. */
  get columns(): number {
    return this.output.columns || 80;
  }

  style(format: Style, text: string): string {
    // Without this option newer versions of Node look at process.stdout, which may not be where this goes.
    return this.#colours ? styleText(format, text, { validateStream: false }) : text;
  }

  line(text = ''): void {
    if (this.#failure) return;
    this.progress?.hide();
    try {
      this.output.write(`${text}\n`);
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException); // a file, which Node writes at once
    }
    this.progress?.show();
  }

  /**
   * What keeps lines from being written. A closed output (`| head -1`, a terminal that was closed) is not a reason to end
   * the work.
   */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure;
  }

  readonly #failed = (error: NodeJS.ErrnoException): void => {
    this.#failure ??= error;
    this.progress?.stop();
  };

  warn(text: string): void {
    this.line(this.style('yellow', text));
  }
}

/** The conventions of https://no-color.org and https://force-color.org. */
function wantsColours(interactive: boolean, { NO_COLOR, FORCE_COLOR }: NodeJS.ProcessEnv): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return interactive;
}

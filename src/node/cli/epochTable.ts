import { formatCount, formatLoss, formatPercent, formatSeconds } from './format.ts';
import type { Terminal } from './terminal.ts';
import type { Values } from './trainee.ts';

/** Prints a row per epoch, under a heading before the first. */
export class EpochTable {
  readonly #terminal: Terminal;
  /** '3' epochs in all, or '?' where steps are counted. */
  readonly #epochs: string;
  readonly #samples: string;
  #headings: string[] | undefined;

  constructor(terminal: Terminal, epochs: number | undefined, samples: string) {
    this.#terminal = terminal;
    this.#samples = samples;
    this.#epochs = epochs === undefined ? '' : `/${epochs}`;
  }

  row(values: Values, { seconds, samplesPerSecond }: { seconds: number; samplesPerSecond: number }): void {
    const names = Object.keys(values).filter((name) => name !== 'epoch' && name !== 'step');
    const cells = [
      `${values.epoch + 1}${this.#epochs}`,
      formatCount(values.step),
      ...names.map((name) => formatMetric(name, values[name])),
      formatCount(samplesPerSecond),
      formatSeconds(seconds),
    ];
    if (!this.#headings) {
      const spelled = names.map((name) =>
        name.replace(/^validation(.)/, (_, first: string) => `val. ${first.toLowerCase()}`),
      );
      this.#headings = ['epoch', 'step', ...spelled, `${this.#samples}/s`, 'time'];
      this.#terminal.line(this.#terminal.style('dim', this.#align(this.#headings)));
    }
    this.#terminal.line(this.#align(cells));
  }

  #align(cells: readonly string[]): string {
    return cells.map((cell, i) => cell.padStart(Math.max(this.#headings![i].length, 6))).join('  ');
  }
}

/** 97.53% for accuracies, 0.0812 for losses */
export function formatMetric(name: string, value: number): string {
  return /accuracy$/i.test(name) ? formatPercent(value) : formatLoss(value);
}

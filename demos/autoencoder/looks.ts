import type { Live } from './live.ts';
import { MOST_AXES, SHOWN, YOURS } from './protocol.ts';

/** What is looked at: told to the worker at every change, and to whoever shows it. */
export function createLooks(page: Live) {
  let labels: Uint8Array = new Uint8Array();
  let shown = new Uint32Array(SHOWN);
  let scores = new Float32Array(MOST_AXES);
  const listeners: (() => void)[] = [];

  function tell(): void {
    const { a, b, version } = page.values;
    void page.call('look', { shown, pair: [a, b], version, scores });
    for (const listener of listeners) listener();
  }

  /** One test image of each class: the first of each, the second of each, … */
  function choose(): void {
    const { set } = page.values;
    shown = Uint32Array.from({ length: SHOWN }, (_, digit) => {
      const own = Array.from(labels.keys()).filter((image) => labels[image] === digit);
      return own.length > 0 ? own[set % own.length] : (set * SHOWN + digit) % labels.length;
    });
    tell();
  }

  return {
    /** Standard deviations of the decoded code, along each axis. */
    get scores(): Float32Array {
      return scores;
    },
    set scores(values: Float32Array<ArrayBuffer>) {
      scores = values;
      tell();
    },
    /** What is in a place: 'a 7', or 'your digit'. */
    nameOf: (place: number): string =>
      place === YOURS ? 'your digit' : withArticle(labels[shown[place]] ?? place),
    onChange: (listener: () => void) => void listeners.push(listener),
    labels(own: Uint8Array): void {
      labels = own;
      choose();
    },
    changed(names: readonly string[]): void {
      if (names.includes('set')) choose();
      else if (names.some((name) => ['a', 'b', 'version'].includes(name))) tell();
    },
  };
}

/** 'a 7', 'an 8' */
export const withArticle = (digit: number): string => `${digit === 8 ? 'an' : 'a'} ${digit}`;

export type Looks = ReturnType<typeof createLooks>;

import type { Port } from '../shared/port.ts';
import { MOST_AXES, SHOWN } from './protocol.ts';
import type { FromWorker, Looks, ToWorker } from './protocol.ts';
import { state } from './settings.ts';

/** What is looked at: kept here, told to the worker at every change, and to whoever shows it. */
export function createLooks(port: Port<FromWorker, ToWorker>) {
  let labels: Uint8Array = new Uint8Array();
  let byDigit: number[][] = [];
  const listeners: (() => void)[] = [];
  let looks: Looks = {
    shown: new Uint32Array(SHOWN),
    pair: [state.values.a, state.values.b],
    version: state.values.version,
    scores: new Float32Array(MOST_AXES),
  };

  function change(changes: Partial<Looks>): void {
    looks = { ...looks, ...changes };
    if (labels.length > 0) port.post({ type: 'looks', looks });
    for (const listener of listeners) listener();
  }

  /** One test image of each class: the first of each, the second of each, … */
  function showSet(set: number): void {
    const shown = Uint32Array.from({ length: SHOWN }, (_, digit) => {
      const own = byDigit[digit];
      return own.length > 0 ? own[set % own.length] : (set * SHOWN + digit) % labels.length;
    });
    state.set({ set });
    change({ shown });
  }

  return {
    get now(): Looks {
      return looks;
    },
    /** The digit in a place. */
    digit: (place: number): number => labels[looks.shown[place]] ?? place,
    onChange: (listener: () => void) => void listeners.push(listener),
    data(own: Uint8Array): void {
      labels = own;
      byDigit = Array.from({ length: SHOWN }, (_, digit) => {
        return Array.from(labels.keys()).filter((image) => labels[image] === digit);
      });
      showSet(state.values.set);
    },
    nextSet: () => showSet((state.values.set + 1) % 1000),
    change(changes: Partial<Looks>): void {
      const { pair, version } = changes;
      if (pair) state.set({ a: pair[0], b: pair[1] });
      if (version) state.set({ version });
      change(changes);
    },
  };
}

export type LooksState = ReturnType<typeof createLooks>;

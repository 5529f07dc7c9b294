import { map } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import type { Id } from './entry.ts';
import type { Rng } from './rng.ts';
import { table } from './table.ts';
import type { OpName } from './table.ts';

interface Entry {
  readonly value: Array64;
  readonly inputs: readonly Id[];
  readonly vjp?: (dy: Array64, result?: Array64) => readonly (Array64 | undefined)[];
}

/** Of each operand and each result: about four roundings of f32, in a random direction. */
const NOISE = 2 ** -21;

/**
 * A graph computed in float64 by the references, forward and backward. With noise, the operands and the result of every op
 * are moved a little, relative to their size. What a kernel of f32 computes is the exact result for such operands (the
 * usual model of rounding, Higham 2002, § 2.2, and of the backward error of sums, § 4.2): runs with noise show how far its
 * numbers may lie from the exact ones.
 */
export class Tape {
  readonly #entries: Entry[] = [];
  readonly #rng: Rng | undefined;

  constructor(noise?: Rng) {
    this.#rng = noise;
  }

  leaf(value: Array64): Id {
    return this.#entries.push({ value, inputs: [] }) - 1;
  }

  /** `exact` results are what every device computes to the last bit: they get no noise. */
  op(name: OpName, inputs: readonly Id[], args: readonly unknown[] = [], exact = false): Id {
    const roundless = exact || table[name].exact === 'always';
    const { integer = [] } = table[name];
    const values = inputs.map((id, i) =>
      roundless || integer.includes(i) ? this.value(id) : this.#noisy(this.value(id)),
    );
    const { y, vjp } = table[name].twin(values, args);
    return this.#entries.push({ value: roundless ? y : this.#noisy(y), inputs, vjp }) - 1;
  }

  value(id: Id): Array64 {
    return this.#entries[id].value;
  }

  /** By `seeds`, dL/d(value) of some values: dL/d(value) of all; undefined where nothing depends on it. */
  backward(seeds: ReadonlyMap<Id, Array64>): (Array64 | undefined)[] {
    const all: (Array64 | undefined)[] = this.#entries.map((_, id) => seeds.get(id));
    for (let id = this.#entries.length - 1; id >= 0; id--) {
      const { inputs, value, vjp } = this.#entries[id];
      const dy = all[id];
      if (!dy || !vjp) continue;
      vjp(this.#noisy(dy), value).forEach((dx, i) => {
        if (!dx) return;
        const from = inputs[i];
        const before = all[from];
        const own = this.#noisy(dx);
        all[from] = before ? map(before, (value, k) => value + own.data[k]) : own;
      });
    }
    return all;
  }

  #noisy(x: Array64): Array64 {
    const rng = this.#rng;
    return rng ? map(x, (value) => value * (1 + NOISE * (2 * rng.next() - 1))) : x;
  }
}

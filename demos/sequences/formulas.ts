import { GATES, KEPT } from './protocol.ts';
import type { Opened } from './protocol.ts';

/** The numbers of one unit in one step, by what they are called. */
export interface CellNumbers {
  /** The month that the step reads, scaled. */
  readonly x: number;
  /** Of the step before: 0 in the first one. */
  readonly stateBefore: number;
  readonly cellBefore: number;
  readonly state: number;
  /** What the kernel keeps: gates, candidate, cell. */
  readonly kept: Readonly<Record<string, number>>;
  /** Of each sum in the order of the gates: from the input with its bias, and from the state. */
  readonly sums: readonly (readonly [fromInput: number, fromState: number])[];
}

type Cell = keyof typeof KEPT;

/** Takes the numbers of a unit (from 0 on) in a step (from 0 on) out of those of its window. */
export function numbersOf(
  { inputs, kept, fromInput, fromState, hidden }: Opened,
  cell: Cell,
  units: number,
  unit: number,
  step: number,
): CellNumbers {
  const names: readonly string[] = KEPT[cell];
  const keptAt = (at: number, own: number) => (at < 0 ? 0 : kept[(at * names.length + own) * units + unit]);
  const gates = GATES[cell];
  return {
    x: inputs[step],
    state: hidden[step * units + unit],
    stateBefore: step > 0 ? hidden[(step - 1) * units + unit] : 0,
    cellBefore: cell === 'lstm' ? keptAt(step - 1, names.indexOf('cell')) : 0,
    kept: Object.fromEntries(names.map((name, own) => [name, keptAt(step, own)])),
    sums: Array.from({ length: gates }, (_, gate) => {
      const at = (step * gates + gate) * units + unit;
      return [fromInput[at], fromState[at]] as const;
    }),
  };
}

export interface Formula {
  readonly title: string;
  /** With letters, and with numbers in their places. */
  readonly letters: string;
  readonly numbers: string;
}

/** −0.12, with two places. */
export const short = (value: number): string => value.toFixed(2).replace('-', '−').replace('−0.00', '0.00');
const bracket = (value: number): string => (value < 0 ? `(${short(value)})` : short(value));
const plus = (value: number): string => (value < 0 ? `− ${short(-value)}` : `+ ${short(value)}`);

/** How each number of the step is computed, in the order of computation. */
export function formulasOf(cell: Cell, numbers: CellNumbers): Formula[] {
  return cell === 'lstm' ? lstmFormulas(numbers) : gruFormulas(numbers);
}

/** A sum of two parts and its activation. */
const activated = (
  title: string,
  letter: string,
  activation: string,
  [input, state]: readonly [number, number],
  value: number,
): Formula => ({
  title,
  letters: `${letter} = ${activation}(x·w + h·u + b)`,
  numbers: `${activation}(${short(input)} ${plus(state)}) = ${short(value)}`,
});

function lstmFormulas({ sums, kept, cellBefore, state }: CellNumbers): Formula[] {
  const { input, forget, candidate, output, cell } = kept;
  return [
    activated('forget gate', 'f', 'σ', sums[1], forget),
    activated('input gate', 'i', 'σ', sums[0], input),
    activated('candidate', 'g', 'tanh', sums[2], candidate),
    {
      title: 'cell',
      letters: 'c = f·c′ + i·g',
      numbers: `${short(forget)}·${bracket(cellBefore)} + ${short(input)}·${bracket(candidate)} = ${short(cell)}`,
    },
    activated('output gate', 'o', 'σ', sums[3], output),
    {
      title: 'state',
      letters: 'h = o·tanh(c)',
      numbers: `${short(output)}·tanh(${short(cell)}) = ${short(state)}`,
    },
  ];
}

function gruFormulas({ sums, kept, stateBefore, state }: CellNumbers): Formula[] {
  const { update, reset, candidate } = kept;
  const [input, product] = sums[2];
  return [
    activated('update gate', 'z', 'σ', sums[0], update),
    activated('reset gate', 'r', 'σ', sums[1], reset),
    {
      title: 'candidate',
      letters: 'g = tanh(x·w + b + r·(h·u + b′))',
      numbers: `tanh(${short(input)} + ${short(reset)}·${bracket(product)}) = ${short(candidate)}`,
    },
    {
      title: 'state',
      letters: 'h = z·h′ + (1 − z)·g',
      numbers: `${short(update)}·${bracket(stateBefore)} + ${short(1 - update)}·${bracket(candidate)} = ${short(state)}`,
    },
  ];
}

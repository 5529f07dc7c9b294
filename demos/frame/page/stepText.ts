import { figures } from '../../shared/dom.ts';
import type { ProgramFacts } from '../protocol.ts';

interface Unit {
  readonly name: string;
  readonly size: number;
}

const FLOPS: readonly Unit[] = [
  { name: 'GFLOP', size: 1e9 },
  { name: 'MFLOP', size: 1e6 },
  { name: 'kFLOP', size: 1e3 },
];
const BYTES: readonly Unit[] = [
  { name: 'GiB', size: 2 ** 30 },
  { name: 'MiB', size: 2 ** 20 },
  { name: 'KiB', size: 2 ** 10 },
];

/** The largest unit that the value has at least one of; else the smallest. */
const unitFor = (value: number, units: readonly Unit[]): Unit =>
  units.find(({ size }) => value >= size) ?? units.at(-1)!;
const inUnit = (value: number, units: readonly Unit[]): string => {
  const { name, size } = unitFor(value, units);
  return `${figures(value / size)} ${name}`;
};

/** The unit for floating-point operations of which `most` are the largest number. */
export const flopUnit = (most: number): Unit => unitFor(most, FLOPS);

/** The sentence above the table of a training step's kernels. */
export function stepText({ dispatches, planBytes }: ProgramFacts, words?: string): string {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  return (
    `${dispatches.length} dispatches in one submit${words ? `: ${words}` : ''}. ` +
    `In total ${inUnit(total, FLOPS)} (floating-point operations), with ${inUnit(planBytes, BYTES)} of GPU memory for ` +
    `intermediate values. No data goes back to the CPU. Click a name to read its kernel.`
  );
}
